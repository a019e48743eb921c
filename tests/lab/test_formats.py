"""Every JSON document has a version, one shape and a schema, and keeps to it; the schemas are those of the types."""

from __future__ import annotations

import json
import shutil
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
from jsonschema import ValidationError
from typer.main import get_command

from lab import files, profiling, runs
from lab.analysis.results import analyse
from lab.cli import app, formats
from lab.cli.event_line import EventLine, RunEnded
from lab.report import summary
from lab.report.summary import RunSummary
from tests.lab.commands import lab_here
from tests.lab.schemas import SCHEMAS, checked, saved, validator
from tests.support import CASES, FORMAT_1, ROOT, SAMPLE
from tests.thin import thin_case


def test_the_committed_schemas_and_their_list_are_those_of_the_types() -> None:
    """`lab schema --out docs/schemas --attach docs/json.md` makes them."""
    assert {path.stem for path in SCHEMAS.iterdir()} == set(formats.FORMATS)
    for name in formats.FORMATS:
        assert (SCHEMAS / f"{name}.json").read_text(encoding="utf-8") == formats.schema(name), name
    page = (ROOT / "docs" / "json.md").read_text(encoding="utf-8")
    assert formats.with_list(page) == page


def test_every_command_with_json_has_a_schema() -> None:
    commands = get_command(app).commands  # type: ignore[attr-defined]
    printing = {name for name, command in commands.items() if any("--json" in option.opts for option in command.params)}
    makers = " ".join(document_format.made_by for document_format in formats.FORMATS.values())
    assert not [name for name in printing if f"`lab {name} --json" not in makers]


PRINTED = {
    "list": ("list",),
    "compare": ("compare", SAMPLE, FORMAT_1),
    "history": ("history", "--out", ROOT / "results"),
    "usage": ("usage", "tests/usage/trees/app"),
    "profile": ("profile", "--case", "2026-02-17"),
    "run": ("report", FORMAT_1),
    "doctor": ("doctor",),
    "fidelity": ("fidelity", "--case", "2026-02-06", "--size", "24MB"),
}
SLOW = ("doctor", "fidelity")
"""They start servers."""


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] if name in SLOW else []) for name in PRINTED]
)
def test_what_a_command_prints_keeps_to_its_schema(name: str, tmp_path: Path) -> None:
    arguments = PRINTED[name]
    if name == "run":  # it writes the reports of its run
        arguments = ("report", shutil.copytree(FORMAT_1, tmp_path / "run"))
    checked(name, lab_here(*arguments, "--json").stdout)


def test_two_profiles_compared_keep_to_their_schema(tmp_path: Path) -> None:
    for name in ("a", "b"):
        lab_here("profile", "--case", "2026-02-17", "-o", tmp_path / f"{name}.json")
    changes = lab_here("profile", tmp_path / "a.json", tmp_path / "b.json", "--json").stdout
    assert checked("changes", changes)["changes"]
    checked("profile", (tmp_path / "a.json").read_text(encoding="utf-8"))


@pytest.mark.usefixtures("exclusive")
def test_what_was_removed_keeps_to_its_schema(temporary: Path) -> None:
    assert checked("clean", lab_here("clean", "--json", temporary=temporary).stdout) == {"format": 1, "removed": []}


@pytest.mark.slow
def test_the_documents_of_the_committed_run_and_every_case_keep_to_their_schemas() -> None:
    for kind, file in saved(SAMPLE):
        checked(kind, file.read_text(encoding="utf-8"))
    cases = [file for file in CASES.glob("*.json") if profiling.has_workload(file)]
    assert cases
    for file in cases:
        checked("case", file.read_text(encoding="utf-8"))
    checked("case", thin_case().text)


@pytest.mark.parametrize("name", ["list", "history"])
@pytest.mark.parametrize("damage", ["a field is missing", "a number is a text"])
def test_a_document_of_another_shape_does_not_keep_to_its_schema(name: str, damage: str) -> None:
    document = checked(name, lab_here(*PRINTED[name], "--json").stdout)
    if damage == "a field is missing":
        del document["format"]
    else:
        document["format"] = "1"
    with pytest.raises(ValidationError):
        validator(name).validate(document)


@pytest.fixture(scope="module")
def few_rows() -> RunSummary:
    """The committed run, with the first row of each of its lists: the others keep to the same types."""
    results = summary.of(analyse(runs.load(SAMPLE)))
    lists: dict[str, Any] = {field.name: getattr(results, field.name) for field in fields(results)}
    first: dict[str, Any] = {name: rows[:1] for name, rows in lists.items() if isinstance(rows, tuple)}
    return replace(results, **first)


@pytest.mark.parametrize("name", ["run", "event"])
@pytest.mark.parametrize(
    ("rows", "field", "wrong"),
    [
        ("savings", "bytes", "138469376"),
        ("savings", "verdict", "perhaps"),
        ("reads", "without", "a.b c.d"),
        ("writes", "ratio", "0.5"),
        ("locks", "held_seconds", ""),
    ],
)
def test_a_row_of_a_run_keeps_to_the_types_of_its_fields(
    few_rows: RunSummary, name: str, rows: str, field: str, wrong: str
) -> None:
    line = EventLine(seconds=1.0, event=RunEnded(folder="run", results=few_rows))
    document = json.loads(files.to_json(*((RunSummary, few_rows) if name == "run" else (EventLine, line))))
    validator(name).validate(document)
    (document if name == "run" else document["event"]["results"])[rows][0][field] = wrong
    with pytest.raises(ValidationError):
        validator(name).validate(document)


def test_an_event_has_the_run_of_the_schema_of_runs() -> None:
    event, run = (json.loads(formats.schema(name)) for name in ("event", "run"))
    assert event["$defs"]["RunEnded"]["properties"]["results"]["$ref"] == "#/$defs/RunSummary"
    assert event["$defs"]["RunSummary"] == run["$defs"]["RunSummary"]


def test_a_schema_is_printed_and_an_unknown_one_is_refused_with_those_there_are() -> None:
    assert lab_here("schema", "run").stdout == formats.schema("run")
    assert "profile" in lab_here("schema").stdout
    done = lab_here("schema", "runs")
    assert done.returncode == 2
    assert "There is no schema 'runs'. There are profile, case" in " ".join(done.stderr.split())
