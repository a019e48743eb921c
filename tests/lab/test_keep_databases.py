"""`lab run --keep-databases` leaves the databases of the named scenarios open until the user ends it, and no longer."""

from __future__ import annotations

import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote

import psycopg
import pytest
from typer.testing import CliRunner

from lab.cli import app, measuring
from lab.errors import InputError
from lab.runner.trials import KeptDatabase
from tests.conftest import PASSWORD

_KEPT = re.compile(r"^  (?P<scenario>\S+) on (?P<server>\S+): (?:PGPASSWORD=any )?psql (?P<conninfo>.+)$")


@contextmanager
def kept(folder: Path, *arguments: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, str]]]:
    """A run that waits, and by scenario how to connect to its database."""
    command = ["run", "--keep-databases", "--size", "12MB", "--read-seconds", "0", "--write-seconds", "0", "--quiet"]
    with subprocess.Popen(
        [sys.executable, "-m", "lab.cli", *command, "--out", str(folder), *arguments],
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    ) as process:
        try:
            assert process.stderr
            yield process, dict(_announced(process.stderr, len(arguments) // 2 - 1))
        finally:
            process.kill()


def _announced(lines: Iterator[str], count: int) -> Iterator[tuple[str, str]]:
    for line in lines:
        if match := _KEPT.match(line.rstrip("\n")):
            yield match["scenario"], shlex.split(match["conninfo"])[0]
            count -= 1
        if not count:
            return


def test_ctrl_c_while_the_databases_are_named_ends_the_run_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []

    def interrupted(line: str, **_: object) -> None:
        said.append(line)
        if "psql" in line:
            raise KeyboardInterrupt

    monkeypatch.setattr(measuring, "print_line", interrupted)
    measuring._wait((KeptDatabase(scenario="baseline", server="native", conninfo="dbname=kept"),), written=True)
    assert said[-1] == "The databases are removed."


@pytest.mark.slow
@pytest.mark.parametrize(
    ("server", "ending", "code"),
    [
        ("native", signal.SIGINT, 0),
        ("pglite", signal.SIGINT, 0),
        ("external", signal.SIGTERM, 128 + signal.SIGTERM),
    ],
)
def test_the_databases_of_the_named_scenarios_stay_until_the_user_ends_it(
    request: pytest.FixtureRequest, tmp_path: Path, server: str, ending: signal.Signals, code: int
) -> None:
    external = server == "external"
    running = request.getfixturevalue("role" if external else server)
    password = unquote(PASSWORD) if external else "any"
    named = ["-s", "drop_raw_response", "-s", "baseline", "--server", running if external else server]
    with kept(tmp_path, *named) as (process, databases):
        assert databases.keys() == {"drop_raw_response", "baseline"}
        there = {}
        for scenario, conninfo in databases.items():
            with psycopg.connect(conninfo, password=password, autocommit=True) as connection:
                there[scenario] = connection.execute(
                    "SELECT count(*) FROM pg_attribute WHERE attrelid = 'odds_snapshots'::regclass"
                    " AND attname = 'raw_response'"
                ).fetchone()
        assert there == {"drop_raw_response": (0,), "baseline": (1,)}
        process.send_signal(ending)
        assert process.wait() == code
        for conninfo in databases.values():
            with pytest.raises(psycopg.OperationalError):
                psycopg.connect(conninfo, password=password)


@pytest.mark.parametrize("scenario", ["all", "best"])
def test_databases_of_scenarios_that_nobody_named_are_not_kept(tmp_path: Path, scenario: str) -> None:
    result = CliRunner().invoke(app, ["run", "--keep-databases", "-s", scenario, "--out", str(tmp_path)])
    assert isinstance(result.exception, InputError)
    assert "Name scenarios" in str(result.exception)
