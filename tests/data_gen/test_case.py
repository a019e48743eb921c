"""Cases: what was published, with the parameters that reproduce it."""

from __future__ import annotations

import json
import os
import re
from functools import reduce
from pathlib import Path

import pytest
from pydantic import ValidationError

from data_gen import Case, case_names, load_case
from data_gen.case import read_case
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


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("workload.home_share", 1.01),
        ("workload.home_rows", 0),
        ("workload.home_inserts", -0.1),
        ("workload.events_per_batch", 0),
        ("workload.window_hours", 1e6),
        ("workload.home_name_length", 1e5),
        ("workload.competitor_document_markets", 0),
        ("workload.change_rate", 1001),
        ("workload.change_rate", float("nan")),
        ("workload.price_changes", []),
        ("workload.event_dropouts", 2),
        ("workload.list_churn", -1),
        ("workload.price_changes.0.share", 1.01),
        ("workload.sessions", []),
        ("workload.sessions.0.cycles", 0),
        ("workload.sessions.0.cycles", 1 << 40),
        ("workload.sessions.0.competitor_inserts", -1),
        ("workload.backfill_at", "2026-02-05T12:00:00"),
        ("first_captured", "9999-12-31T00:00:00Z"),
        ("figures.0.tolerance", -1),
    ],
)
def test_a_number_that_no_database_can_have_is_refused_with_its_place(place: str, value: object) -> None:
    whole = json.loads(load_case("2026-02-17").text)
    *way, last = place.split(".")
    part = reduce(lambda raw, name: raw[int(name)] if isinstance(raw, list) else raw[name], way, whole)
    part[last] = value
    with pytest.raises(InputError, match=rf"mine is not a valid case at {re.escape(place)}: "):
        read_case(json.dumps(whole), "mine")


@pytest.mark.parametrize("hours", [1.0, 12.0])
def test_a_curve_that_does_not_rise_from_kick_off_is_refused(hours: float) -> None:
    raw = json.loads(load_case("2026-02-17").text)
    raw["workload"]["price_changes"][0]["from_hours"] = hours
    with pytest.raises(InputError, match=r"at workload.price_changes: .*begin with 0 and rise"):
        read_case(json.dumps(raw), "mine")


def test_too_many_cycles_and_an_end_before_the_start_are_refused() -> None:
    raw = json.loads(load_case("2026-02-17").text)
    sessions = [session | {"cycles": 900_000} for session in raw["workload"]["sessions"]]
    with pytest.raises(InputError, match=r"at workload: .*more than 1,000,000"):
        read_case(json.dumps(raw | {"workload": raw["workload"] | {"sessions": sessions}}), "mine")
    with pytest.raises(InputError, match="first_captured is after last_captured"):
        read_case(json.dumps(raw | {"first_captured": "2027-01-01T00:00:00Z"}), "mine")


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
    published = json.loads(load_case(name).text)["published"]
    del published["totals"]["target_gb"]  # a wish of the owner, not a figure of the database
    assert {key: facts[key] for key in published} == published
