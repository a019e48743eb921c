"""Whatever a saved experiment says, it is read and reported, or refused with the place of what is wrong."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lab import runs
from lab.errors import InputError
from lab.values import Experiment, validation
from tests.support import SAMPLE

Json = Any
Edit = Callable[[Json], object]

TRIALS = {("baseline", "native"), ("retention_7d", "native"), ("retention_14d", "native"), ("baseline", "pglite")}
HYPERTABLE = ("hypertable_compression", "pglite")


@pytest.fixture(scope="session")
def small() -> Json:
    """The sample with a few of its trials, one of each kind, and one that failed."""
    raw = json.loads((SAMPLE / runs.FILE).read_text(encoding="utf-8"))
    kept = TRIALS | {HYPERTABLE}
    raw["plan"]["trials"] = [one for one in raw["plan"]["trials"] if (one["scenario"], one["server"]) in kept]
    raw["outcomes"] = [one for one in raw["outcomes"] if (one["scenario"], one["server"]) in kept]
    raw["auxiliary_trials"] = [
        one for one in raw["auxiliary_trials"] if (one["outcome"]["scenario"], one["outcome"]["server"]) in kept
    ]
    raw["scenarios"] = {
        name: facts for name, facts in raw["scenarios"].items() if name in {one[0] for one in kept} | {"rewrite_only"}
    }
    for outcome in raw["outcomes"]:
        outcome["steps"] = outcome.get("steps", [])[:2] if outcome["kind"] != "skipped" else []
    raw["outcomes"] = [
        {name: value for name, value in one.items() if one["kind"] != "skipped" or name != "steps"}
        for one in raw["outcomes"]
    ]
    raw["outcomes"].append(
        {
            "kind": "failed",
            "scenario": "rewrite_only",
            "server": "native",
            "step": "rewrite",
            "error": "The server died.",
            "steps": raw["outcomes"][1]["steps"],
        }
    )
    return raw


def without(*names: str) -> Edit:
    def edit(raw: Json) -> None:
        for name in names[:-1]:
            raw = raw[int(name)] if isinstance(raw, list) else raw[name]
        del raw[int(names[-1]) if isinstance(raw, list) else names[-1]]

    return edit


def put(place: str, value: Json) -> Edit:
    """`place` as the error names it."""
    *way, last = place.split(".")

    def edit(raw: Json) -> None:
        for name in way:
            raw = raw[int(name)] if isinstance(raw, list) else raw[name]
        raw[int(last) if isinstance(raw, list) else last] = value

    return edit


@pytest.mark.parametrize(
    ("edit", "place"),
    [
        (put("templates", []), "outcomes.0.server: 'native' has no template"),
        (put("scenarios", {}), "plan.trials.0.scenario: 'baseline' is not described"),
        (put("outcomes.1.scenario", "unheard_of"), "outcomes.1.scenario: 'unheard_of' is not described"),
        (put("outcomes.0.server", "mars"), "outcomes.0.server: 'mars' has no template"),
        (put("outcomes.0.footprint.tables", []), "outcomes.0.footprint: it is empty"),
        (put("templates.0.footprint.tables", []), "templates.0.footprint: it is empty"),
        (put("outcomes.0.footprint.tables.0.heap", -1), "outcomes.0.footprint.tables.0.heap: -1 is less than 0"),
        (put("outcomes.0.footprint.tables.0.fixed", {}), "outcomes.0.footprint.tables.0.fixed: heap is missing"),
        (put("outcomes.1.steps.0.peak_bytes", -5), "outcomes.1.steps.0.peak_bytes: -5 is less than 0"),
        (put("outcomes.1.steps.0.seconds", -0.5), "outcomes.1.steps.0.seconds: -0.5 is less than 0"),
        (put("outcomes.0.database_bytes", 1 << 80), "outcomes.0.database_bytes: the number does not fit into 64 bits"),
        (put("plan.dataset.seed", -(1 << 64)), "plan.dataset.seed: the number does not fit into 64 bits"),
        (put("plan.dataset.events", 0), "plan.dataset.scale: 0 is less than 1"),
        (put("case.database_bytes", 0), "case.database_bytes: 0 is less than 1"),
        (put("auxiliary_trials.0.template", None), "auxiliary_trials.0.template: what was measured is a clone"),
    ],
)
def test_an_experiment_that_contradicts_itself_is_refused_with_the_place(
    small: Json, tmp_path: Path, edit: Edit, place: str
) -> None:
    raw = copy.deepcopy(small)
    edit(raw)
    (tmp_path / runs.FILE).write_text(json.dumps(raw), encoding="utf-8")
    with pytest.raises(InputError) as caught:
        runs.load(tmp_path)
    assert f"is damaged at {place}" in caught.value.message
    assert "measure again with `lab run`" in caught.value.hint


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"format": 1, "x": ' + "[" * 20_000 + "]" * 20_000 + "}", "recursion limit exceeded"),
        ('{"format": 1, "x": NaN}', "is damaged or not JSON"),
        ('{"format": 1, "x": 1e999}', "damaged at x: the number does not fit into 64 bits"),
        ('{"format": 1, "x": [' + "9" * 5000 + "]}", "is damaged or not JSON"),
        ('{"format": 1, "x": "\\ud800"}', "is damaged or not JSON"),
    ],
)
def test_json_that_no_report_can_hold_is_refused(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / runs.FILE).write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=says):
        runs.load(tmp_path)


def test_the_committed_run_holds_everything_that_is_asked_of_one(sample: Experiment) -> None:
    assert list(validation.problems(sample)) == []
