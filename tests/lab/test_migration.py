"""An experiment of format 1 opens, with values in place of its sentences."""

from __future__ import annotations

from dataclasses import replace

import pytest

from data_gen.facts import FACTS
from lab.migration import from_format_1
from lab.values import CHANGE_RATE, SIZE, Experiment, Guarantee, GuaranteeKind

LINES = {
    "a: PRIMARY KEY (id)": Guarantee(table="a", kind=GuaranteeKind.PRIMARY_KEY, definition="PRIMARY KEY (id)"),
    "a: CHECK ((b > 0))": Guarantee(table="a", kind=GuaranteeKind.CHECK, definition="CHECK ((b > 0))"),
    "a: index brin (b) WITH (x='1')": Guarantee(
        table="a", kind=GuaranteeKind.INDEX, definition="brin (b) WITH (x='1')"
    ),
    "a.b: text DEFAULT 'x: y'::text": Guarantee(
        table="a", kind=GuaranteeKind.COLUMN, column="b", definition="text DEFAULT 'x: y'::text"
    ),
    "a: survives a crash": Guarantee(table="a", kind=GuaranteeKind.DURABLE),
}


@pytest.mark.parametrize("line", LINES)
def test_a_lost_guarantee_of_format_1_becomes_the_value_with_the_same_words(line: str) -> None:
    old = {"format": 1, "outcomes": [{"lost": [line]}], "auxiliary_trials": [{"outcome": {"lost": [line]}}]}
    new = from_format_1(old)
    values = (new["outcomes"][0]["lost"], new["auxiliary_trials"][0]["outcome"]["lost"])
    assert [Guarantee(**value) for (value,) in values] == [LINES[line]] * 2
    assert LINES[line].words == line
    assert old["outcomes"] == [{"lost": [line]}]


def test_notes_and_losses_of_format_1_become_values() -> None:
    lines = ["From the profile: Share of prices that change in a calm cycle: 0.02.", "Assumed: Days: 4."]
    new = from_format_1({"calibration": lines, "scenarios": {"x": {"given_up": ["column a.b", "rows older than a"]}}})
    assert [(note["parameter"], note["value"], note["source"]) for note in new["calibration"]] == [
        (CHANGE_RATE, "0.02", "profile"),
        ("Days", "4", "assumed"),
    ]
    losses = new["scenarios"]["x"]["losses"]
    assert [(loss["table"], loss["column"]) for loss in losses] == [("a", "b"), (None, None)]


def test_what_is_missing_in_a_damaged_file_is_not_made_up() -> None:
    new = from_format_1({"outcomes": None, "scenarios": "x"})
    assert new.pop("workload")
    assert new == {"format": 2, "outcomes": None, "scenarios": "x"}


def test_a_run_of_format_1_is_one_of_the_odds_workload(format_1: Experiment) -> None:
    parameters = format_1.workload.parameters
    # It has no words for its reads.
    assert format_1.workload == replace(FACTS, reads="Q1-Q5", parameters=parameters, titles={})
    assert [parameter.name for parameter in format_1.workload.parameters] == [CHANGE_RATE]
    assert format_1.plan.dataset.scale == 24
    assert {side.purpose for side in format_1.auxiliary_trials} == {SIZE, CHANGE_RATE}
    assert {side.dataset.parameters[CHANGE_RATE] for side in format_1.auxiliary_trials} == {0.25, 1.0, 4.0}


def test_it_opens_with_every_guarantee_known(format_1: Experiment) -> None:
    lost = [guarantee for outcome in format_1.outcomes for guarantee in getattr(outcome, "lost", ())]
    assert lost
    assert GuaranteeKind.OTHER not in {guarantee.kind for guarantee in lost}
