"""A database that is not about odds: each command says first what it can and cannot do there, and none leads in a circle."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.servers import Server
from tests.lab.commands import lab_here

LIMITS = "shop is no odds database: there is no table odds_snapshots"


@pytest.fixture
def shop(native: Server) -> Iterator[str]:
    """The address of a database with orders."""
    native.create("shop")
    with native.connect("shop") as database:
        database.execute("CREATE TABLE orders (id int PRIMARY KEY, at timestamptz NOT NULL)")
        database.execute("INSERT INTO orders SELECT n, now() - n * interval '1 hour' FROM generate_series(1, 500) AS n")
        yield database.conninfo
    native.drop("shop")


def test_each_command_says_first_what_it_can_and_cannot_do(shop: str, tmp_path: Path) -> None:
    file = tmp_path / "shop.json"
    weighed = lab_here("profile", shop, "-o", file)
    assert weighed.returncode == 0, weighed.stderr
    assert weighed.stdout.startswith(LIMITS)
    assert "no strategy of the lab touches it" in weighed.stdout

    discovered = lab_here("discover", "--profile", file, "-o", tmp_path / "D.md")
    assert discovered.returncode == 0, discovered.stderr
    assert discovered.stdout.startswith(LIMITS)
    document = (tmp_path / "D.md").read_text(encoding="utf-8")
    assert f"> **Warning:** {LIMITS}" in document
    assert not re.findall(r"lab run [-\w ]*|raw_response|outcomes|normalised", document.replace("`lab run`", ""))
    assert "## Storage Drivers" in document

    for command in ("run", "fidelity"):
        refused = lab_here(command, "--profile", file)
        assert refused.returncode == 2
        assert "shop cannot be imitated, and no strategy can be measured on it. There is no table odds_snapshots" in (
            " ".join(refused.stderr.split())
        )
        assert "--workload MODULE" in refused.stderr


def test_a_check_names_the_tables_that_the_database_does_not_have(shop: str) -> None:
    done = lab_here("check", shop, "--strategy", "drop_raw_response")
    assert done.returncode == 1
    first = done.stdout.splitlines()[0]
    assert first.startswith("drop_raw_response cannot run in shop, which has no table odds_snapshots, competitor_odds")
    assert "--scenarios" in first
