"""Whether a document keeps to its committed schema."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from lab.cli import formats
from tests.support import ROOT

SCHEMAS = ROOT / "docs" / "schemas"


@cache
def validator(name: str) -> Draft202012Validator:
    schema = json.loads((SCHEMAS / f"{name}.json").read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def checked(name: str, text: str) -> Any:
    """The document, which keeps to that schema and has its number."""
    document = json.loads(text)
    validator(name).validate(document)
    if version := formats.FORMATS[name].version:
        assert document["format"] == version
    return document


def saved(run: Path) -> Iterator[tuple[str, Path]]:
    """The documents of a run, each after its kind."""
    yield "experiment", run / "experiment.json"
    yield from (("outcome", file) for file in (run / "outcomes").glob("*.json"))
    yield from (("auxiliary", file) for file in (run / "auxiliary").glob("*.json"))
