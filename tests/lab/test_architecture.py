"""Imports point one way, every file lies under one rule, and each library comes in by one door."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from lab.runner.environment import environment
from tests.support import ROOT

SOURCES = [path for folder in ("lab", "data_gen", "scenarios") for path in sorted((ROOT / folder).rglob("*.py"))]
AROUND = [path for folder in ("tests", "benchmarks") for path in sorted((ROOT / folder).rglob("*.py"))]
"""What uses the project and is no part of it."""

TEMPLATES = sorted((ROOT / "lab" / "report" / "templates").iterdir())

BASE = frozenset({"lab.errors", "lab.units", "lab.values"})
"""What every room may use."""

ALLOWED: dict[str, frozenset[str]] = {
    "lab/errors.py": frozenset({"lab.values.refusal"}),
    "lab/units.py": frozenset({"lab.errors"}),
    "lab/values": frozenset({"lab.values"}),
    "lab/scenario.py": frozenset({"lab.errors", "lab.values.client", "lab.values.declared", "lab.values.parameters"}),
    "lab/names.py": BASE,
    "lab/workload.py": BASE,
    "lab/paths.py": frozenset(),
    "lab/free_memory.py": frozenset(),
    "lab/files.py": BASE | {"lab.paths"},
    "lab/migration.py": BASE,
    "lab/runs.py": BASE | {"lab.files", "lab.migration", "lab.paths"},
    "lab/needs.py": BASE | {"lab.postgres", "lab.scenario"},
    "lab/scenario_files.py": BASE | {"lab.names", "lab.scenario", "scenarios"},
    "lab/registry.py": BASE | {"lab.names", "lab.scenario", "lab.scenario_files"},
    "lab/sql": frozenset({"lab.sql"}),
    "lab/postgres": BASE | {"lab.postgres"},
    "lab/servers": BASE | {"lab.servers", "lab.free_memory", "lab.postgres"},
    "lab/client.py": BASE | {"lab.postgres", "lab.scenario"},
    "lab/owned.py": BASE | {"lab.client", "lab.postgres", "lab.scenario"},
    "lab/trial": BASE
    | {"lab.trial", "lab.client", "lab.free_memory", "lab.servers", "lab.postgres", "lab.scenario", "lab.workload"},
    "lab/runner": BASE
    | {
        "lab.runner",
        "lab.trial",
        "lab.servers",
        "lab.free_memory",
        "lab.needs",
        "lab.postgres",
        "lab.registry",
        "lab.scenario",
        "lab.workload",
        "lab.files",
        "lab.runs",
    },
    "lab/doctor.py": BASE | {"lab.runner", "lab.registry", "lab.servers"},
    "lab/fidelity.py": BASE
    | {"lab.runner", "lab.trial", "lab.servers", "lab.analysis", "lab.workload", "lab.postgres"},
    "lab/check.py": BASE | {"lab.files", "lab.needs", "lab.profiling", "lab.scenario", "lab.servers"},
    "lab/profiling": BASE | {"lab.profiling", "lab.files", "lab.postgres", "lab.servers", "lab.sql"},
    "lab/usage": BASE | {"lab.usage", "lab.paths", "lab.sql"},
    "lab/analysis": BASE | {"lab.analysis"},
    "lab/discovery": BASE | {"lab.discovery", "lab.analysis", "lab.sql", "lab.usage.values"},
    "lab/report": BASE | {"lab.report", "lab.analysis", "lab.discovery", "lab.search", "lab.usage.values"},
    "lab/search": BASE
    | {
        "lab.search",
        "lab.names",
        "lab.registry",
        "lab.scenario",
        "lab.workload",
        "lab.files",
        "lab.runs",
        "lab.analysis",
        "lab.trial",
        "lab.servers",
        "lab.runner",
    },
    "lab/cli": frozenset({"lab", "data_gen"}),
    "lab/__init__.py": frozenset(),
    "data_gen": BASE | {"data_gen", "lab.workload", "lab.files", "lab.profiling", "lab.postgres", "lab.sql"},
    "scenarios": frozenset(
        {
            "lab.scenario",
            "scenarios._change_writes",
            "scenarios._hypertables",
            "scenarios._market_changes",
            "scenarios._market_lookup",
            "scenarios._market_blocks",
            "scenarios._market_rows",
            "scenarios._new_tables",
            "scenarios._packed_payloads",
            "scenarios._packing",
            "scenarios._payload_ages",
            "scenarios._payload_files",
        }
    ),
    "benchmarks": frozenset({"lab", "data_gen", "scenarios", "benchmarks"}),
    "tests": frozenset({"lab", "data_gen", "scenarios", "benchmarks", "tests"}),
}
"""Each room with what it may import of the project; itself where its files import each other."""

DOORS = {
    "psycopg": ("lab/postgres/database.py", "lab/postgres/conninfo.py", "lab/postgres/translation.py"),
    "typer": ("lab/cli",),
    "rich": ("lab/cli",),
    "faker": ("data_gen",),
    "moocore": ("lab/search/front.py",),
    "numpy": ("data_gen", "lab/analysis/significance.py", "lab/search/front.py"),
    "pandas": ("lab/analysis/frame.py", "lab/analysis/results.py"),
    "scipy": ("lab/analysis/significance.py",),
    "jinja2": ("lab/report",),
    "markdown_it": ("lab/report/page/document.py",),
    "markupsafe": ("lab/report/page",),
    "vl_convert": ("lab/report/page/drawing.py",),
    "pydantic": ("lab/files.py", "data_gen/case.py"),
    "pydantic_core": ("lab/files.py",),
    "platformdirs": ("lab/servers",),
    "testcontainers": ("lab/servers/engine.py", "lab/servers/container.py"),
    "docker": ("lab/servers/engine.py", "lab/servers/container.py"),
    "requests": ("lab/servers/engine.py",),
    "sqlglot": ("lab/sql", "lab/usage"),
    "zstandard": ("scenarios/_packing.py",),
    "duckdb": ("scenarios/_payload_files.py",),
    "pyarrow": ("scenarios/_payload_files.py",),
}

NUMBERS = ("data_gen", "scenarios", "lab/trial", "lab/servers", "lab/postgres", "lab/client.py")
"""What generates data, carries out strategies and measures."""

AROUND_NUMBERS = {"docker", "platformdirs", "pydantic", "requests", "testcontainers"}
"""Libraries that it uses and that change no number: they start servers, and check documents."""

ODDS = re.compile(
    r"odds_snapshots|market_odds|competitor_|raw_?response|event_id|bookmaker|betpawa|sportybet|bet9ja|snapshot_id",
    re.IGNORECASE,
)
"""Tables, columns and platforms of the odds workload."""

ODDS_TEXTS = {
    "lab/migration.py": "format 1 knew no other workload, and did not name it",
    "lab/cli": "examples in the help of commands",
    "lab/discovery": "the five questions of DISCOVERY.md are about the odds database",
}
"""Where odds are named all the same, and why."""


@cache
def imports(path: Path) -> tuple[str, ...]:
    return tuple(read_imports(path))


def read_imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def lies_in(path: Path, place: str) -> bool:
    file = path.relative_to(ROOT).as_posix()
    return file == place or file.startswith(f"{place}/")


def rules_of(path: Path) -> list[str]:
    return [place for place in ALLOWED if lies_in(path, place)]


def test_every_file_lies_under_exactly_one_rule() -> None:
    assert not [f"{path}: {rules_of(path)}" for path in [*SOURCES, *AROUND] if len(rules_of(path)) != 1]


@pytest.mark.parametrize("place", ALLOWED)
def test_imports_point_one_way(place: str) -> None:
    ours = ("lab", "data_gen", "scenarios", "benchmarks", "tests")
    for path in (path for path in [*SOURCES, *AROUND] if lies_in(path, place)):
        for name in imports(path):
            if name.split(".")[0] in ours and name not in ours:
                assert any(name == good or name.startswith(f"{good}.") for good in ALLOWED[place]), f"{path}: {name}"


@pytest.mark.parametrize("library", DOORS)
def test_each_library_has_one_door(library: str) -> None:
    for path in SOURCES:
        if any(name.split(".")[0] == library for name in imports(path)):
            assert any(lies_in(path, door) for door in DOORS[library]), f"{path} imports {library}"


def test_a_run_records_every_library_that_its_numbers_depend_on() -> None:
    used = {
        name.split(".")[0]
        for path in SOURCES
        if any(lies_in(path, place) for place in NUMBERS)
        for name in imports(path)
    }
    distributions = packages_distributions()
    libraries = {distributions[name][0].lower() for name in used & distributions.keys()}
    assert "psycopg" in libraries
    assert libraries - AROUND_NUMBERS - {"odds-storage-lab"} <= environment().libraries.keys()


def test_the_lab_names_no_table_or_column_of_odds() -> None:
    named = {
        path.relative_to(ROOT).as_posix(): sorted(set(words))
        for path in [path for path in SOURCES if lies_in(path, "lab")] + TEMPLATES
        if not any(lies_in(path, place) for place in ODDS_TEXTS)
        and (words := ODDS.findall(path.read_text(encoding="utf-8")))
    }
    assert not named


def test_files_stay_short() -> None:
    long = {str(path): count for path in SOURCES if (count := len(path.read_text(encoding="utf-8").splitlines())) > 300}
    assert not long


def test_only_the_command_line_prints_or_exits() -> None:
    for path in (path for path in SOURCES if not lies_in(path, "lab/cli")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            called = node.func.id if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else ""
            assert called not in ("print", "exit", "input"), f"{path} calls {called}"


def test_every_scenario_is_documented() -> None:
    """Its section, by `lab list --attach docs/scenarios.md`; below it a person says when not to take it."""
    sections = (ROOT / "docs" / "scenarios.md").read_text(encoding="utf-8").split("\n## ")
    for path in (ROOT / "scenarios").glob("[!_]*.py"):
        matches = [text for text in sections if text.startswith(f"`{path.stem}`")]
        assert [text.count("- **When not**: ") for text in matches] == [1], path.stem
