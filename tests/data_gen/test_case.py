"""Cases: what was published, with the parameters that reproduce it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from pydantic import ValidationError

from data_gen import Case, case_names, load_case
from lab.errors import InputError
from tests.support import ROOT

_FACTS = Path(os.environ.get("ODDS_WORKLOAD", "absent")) / "cases"
_CASES = ("2026-02-06", "2026-02-17")


def test_both_published_databases_are_cases() -> None:
    assert case_names() == _CASES


def test_an_unknown_case_is_refused_with_the_nearest_names() -> None:
    with pytest.raises(InputError, match="2026-02-17"):
        load_case("2026-02-71")


def test_a_case_cannot_be_changed() -> None:
    with pytest.raises(ValidationError):
        load_case("2026-02-17").case = "mine"


@pytest.mark.parametrize("name", _CASES)
def test_the_last_session_ends_with_the_last_capture(name: str) -> None:
    case: Case = load_case(name)
    last = case.workload.sessions[-1]
    assert (case.last_captured - last.start).total_seconds() == (last.cycles - 1) * 600 + 540


@pytest.mark.parametrize("name", _CASES)
def test_every_parameter_is_documented(name: str) -> None:
    fields = type(load_case(name).workload).model_fields
    undocumented = {"sportybet_share", "bet9ja_share", "sessions"}  # their names say it all
    source = (ROOT / "data_gen" / "case.py").read_text("utf-8")
    for field in set(fields) - undocumented:
        after = source.split(f"    {field}: ", 1)[1].split("\n", 2)[1]
        assert after.strip().startswith('"""'), field


@pytest.mark.parametrize("name", _CASES)
@pytest.mark.skipif(not _FACTS.exists(), reason="ODDS_WORKLOAD does not name the folder with the published profiles")
def test_published_numbers_are_those_of_the_profile(name: str) -> None:
    facts = json.loads((_FACTS / f"{name}.json").read_text("utf-8"))
    published = load_case(name).published
    assert {key: facts[key] for key in published} == published
