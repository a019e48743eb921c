"""Imports point one way, and each library comes in by one door."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = [path for folder in ("lab", "data_gen", "scenarios") for path in sorted((ROOT / folder).rglob("*.py"))]

ALLOWED = {
    "scenarios": {"lab.scenario"},
    "data_gen": {"data_gen", "lab.values", "lab.errors"},
    "lab/values": {"lab.values"},
    "lab/errors.py": set(),
    "lab/scenario.py": {"lab.errors"},
    "lab/database.py": {"lab.errors"},
    "lab/timescaledb.py": {"lab.database"},
    "lab/document.py": {"lab.errors"},
    "lab/store.py": {"lab.document", "lab.values", "lab.errors"},
    "lab/servers": {"lab.servers", "lab.database", "lab.values", "lab.errors"},
    "lab/analysis": {"lab.analysis", "lab.usage.values", "lab.values", "lab.units"},
    "lab/report": {"lab.report", "lab.analysis", "lab.usage.values", "lab.values", "lab.units", "lab.errors"},
    "lab/usage": {"lab.usage", "lab.values", "lab.errors", "lab.units"},
    "lab/relations.py": {"lab.timescaledb", "lab.database", "lab.values"},
    "lab/profiling": {
        "lab.profiling",
        "lab.document",
        "lab.relations",
        "lab.timescaledb",
        "lab.database",
        "lab.servers",
        "lab.values",
        "lab.errors",
        "lab.units",
    },
    "lab/steps": {
        "lab.steps",
        "lab.relations",
        "lab.timescaledb",
        "lab.servers",
        "lab.database",
        "lab.scenario",
        "lab.values",
        "lab.errors",
        "data_gen",
    },
}
DOORS = {
    "psycopg": ("lab/database.py",),
    "typer": ("lab/cli",),
    "rich": ("lab/cli",),
    "faker": ("data_gen",),
    "numpy": ("data_gen",),
    "pandas": ("lab/analysis", "lab/report"),
    "jinja2": ("lab/report",),
    "pydantic": ("lab/document.py", "data_gen/case.py"),
    "platformdirs": ("lab/servers",),
    "testcontainers": ("lab/servers/engine.py", "lab/servers/container.py"),
    "docker": ("lab/servers/engine.py", "lab/servers/container.py"),
    "requests": ("lab/servers/engine.py",),
    "sqlglot": ("lab/usage",),
}


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def lies_in(path: Path, place: str) -> bool:
    return path.relative_to(ROOT).as_posix().startswith(place)


@pytest.mark.parametrize("place", ALLOWED)
def test_imports_point_one_way(place: str) -> None:
    ours = ("lab", "data_gen", "scenarios")
    for path in (path for path in SOURCES if lies_in(path, place)):
        for name in imports(path):
            if name.split(".")[0] in ours and name not in ours:
                assert any(name == good or name.startswith(f"{good}.") for good in ALLOWED[place]), f"{path}: {name}"


@pytest.mark.parametrize("library", DOORS)
def test_each_library_has_one_door(library: str) -> None:
    for path in SOURCES:
        if any(name.split(".")[0] == library for name in imports(path)):
            assert any(lies_in(path, door) for door in DOORS[library]), f"{path} imports {library}"


def test_files_stay_short() -> None:
    long = {str(path): count for path in SOURCES if (count := len(path.read_text(encoding="utf-8").splitlines())) > 300}
    assert not long


def test_only_the_command_line_prints_or_exits() -> None:
    for path in (path for path in SOURCES if not lies_in(path, "lab/cli")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            called = node.func.id if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else ""
            assert called not in ("print", "exit", "input"), f"{path} calls {called}"


def test_every_scenario_is_documented() -> None:
    text = (ROOT / "docs" / "scenarios.md").read_text(encoding="utf-8")
    for path in (ROOT / "scenarios").glob("*.py"):
        if path.stem != "__init__":
            assert f"`{path.stem}`" in text
