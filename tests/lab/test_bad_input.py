"""Whatever a saved experiment says, it is read and reported, or refused with the place of what is wrong."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import reduce
from pathlib import Path
from typing import Any

import pytest

from data_gen import published
from lab import files, runs
from lab.analysis.comparison import compare
from lab.analysis.history import headline
from lab.analysis.results import analyse
from lab.discovery import DiscoveryInputs
from lab.errors import InputError, LabError
from lab.report import comparison, discovery, history, markdown, summary, tables
from lab.report.renderers import PAGE, RENDERERS
from lab.values import Completed, Experiment, Failed, Outcome, Profile, validation
from tests.support import CASES

Json = Any
Edit = Callable[[Json], object]

TRIALS = {
    *(("baseline", "native"), ("retention_7d", "native"), ("retention_14d", "native")),
    *(("baseline", "pglite"), ("hypertable_compression", "pglite")),
}


@pytest.fixture(scope="session")
def small(sample: Experiment) -> Json:
    """The sample with a few of its trials, one of each kind, and one that failed: all in experiment.json."""
    outcomes = [outcome for outcome in sample.outcomes if (outcome.scenario, outcome.server) in TRIALS]
    auxiliary = [trial for trial in sample.auxiliary_trials if (trial.outcome.scenario, trial.outcome.server) in TRIALS]
    outcomes = [_shortened(outcome) for outcome in outcomes]
    steps = next(outcome.steps for outcome in outcomes if isinstance(outcome, Completed) and outcome.steps)
    broken = Failed(scenario="rewrite_only", server="native", step="rewrite", error="It died.", steps=steps)
    kept = replace(
        sample,
        plan=replace(
            sample.plan, trials=tuple(trial for trial in sample.plan.trials if (trial.scenario, trial.server) in TRIALS)
        ),
        outcomes=(*outcomes, broken),
        auxiliary_trials=tuple({trial.purpose: trial for trial in auxiliary}.values()),
        scenarios={
            name: facts
            for name, facts in sample.scenarios.items()
            if name in {"rewrite_only", *(scenario for scenario, _ in TRIALS)}
        },
    )
    return json.loads(files.to_json(Experiment, kept))


def _shortened(outcome: Outcome) -> Outcome:
    """The same with a few of its steps and reads: what each holds is there, at a tenth of the size."""
    if not isinstance(outcome, Completed):
        return outcome
    steps = tuple(replace(step, statements=step.statements[:2]) for step in outcome.steps[:2])
    reads = outcome.reads and tuple(replace(cost, plans=cost.plans[:1]) for cost in outcome.reads[:1])
    return replace(outcome, steps=steps, reads=reads)


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
        (put("outcomes.1.steps.0.cpu_seconds", -0.5), "outcomes.1.steps.0.cpu_seconds: -0.5 is less than 0"),
        (put("outcomes.0.database_bytes", 1 << 80), "outcomes.0.database_bytes: the number does not fit into 64 bits"),
        (put("plan.dataset.seed", -(1 << 64)), "plan.dataset.seed: the number does not fit into 64 bits"),
        (put("plan.dataset.scale", 0), "plan.dataset.scale: 0 is less than 1"),
        (put("case.database_bytes", 0), "case.database_bytes: 0 is less than 1"),
        (put("plan.dataset.parameters", {}), "plan.dataset.parameters: 'change rate' of the workload is missing"),
        (
            put("auxiliary_trials.0.purpose", "moon"),
            "auxiliary_trials.0.purpose: 'moon' is no parameter of the workload",
        ),
        (put("workload.reference", "moons"), "templates.0.rows: 'moons', which other tables grow like, has none"),
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


NUMBERS: tuple[Json, ...] = (-0.5, 1 << 62, 1 << 80, 1e300)
TEXTS: tuple[Json, ...] = ("\ud800", "[/]\x1b[31m|`<!-- lab:begin -->\n# x", "x" * 3000)
ANY_KIND: tuple[Json, ...] = (None, -1, 0, True, "", [], {}, ...)
"""What is put in place of everything that an experiment says, whatever its kind; `...` leaves it out."""


def wrong(value: Json) -> tuple[Json, ...]:
    """What is put in place of that value.

    Where a number or a list is due, one text is like another, and where a text is due, one number.
    """
    if isinstance(value, str):
        return *ANY_KIND, *TEXTS
    if isinstance(value, int | float):
        return *ANY_KIND, *NUMBERS
    return ANY_KIND if isinstance(value, list | dict) else (*ANY_KIND, *NUMBERS, *TEXTS)


Way = tuple[str | int, ...]


def ways(value: Json, way: Way = (), seen: set[Way] | None = None) -> Iterator[Way]:
    """To everything that an experiment says; of each list, to the first entry that has it."""
    seen = set() if seen is None else seen
    pattern = tuple("*" if isinstance(step, int) else step for step in way)
    if way and pattern not in seen:
        seen.add(pattern)
        yield way
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, below in pairs:
        yield from ways(below, (*way, name), seen)


def at(raw: Json, way: Way) -> Json:
    return reduce(lambda outer, step: outer[step], way, raw)


@contextmanager
def changed(raw: Json, way: Way, value: Json) -> Iterator[None]:
    """The experiment with that value there, or without it where it is `...`; afterwards as it was."""
    owner = at(raw, way[:-1])
    before = copy.copy(owner)
    if value is ...:
        del owner[way[-1]]
    else:
        owner[way[-1]] = value
    yield
    owner.clear()
    if isinstance(owner, list):
        owner.extend(before)
    else:
        owner.update(before)


def render(experiment: Experiment, profile: Profile, *, page: bool) -> None:
    """Everything that report, compare, attach and discover make of it."""
    results = analyse(experiment)
    for name, renderer in RENDERERS.items():
        if page or name != PAGE:
            renderer(results)
    summary.of(results)
    markdown.attach("", results)
    both = compare([results, replace(results, experiment=replace(experiment, run=f"{experiment.run} again"))])
    for table in (tables.savings(results), tables.full_size(results), comparison.table(both)):
        table.markdown()
    comparison.summary(both)
    history.table([headline(results)])
    inputs = DiscoveryInputs(profile=profile, results=results)
    discovery.document("", inputs, [])
    discovery.summary("", inputs, [])


@pytest.mark.parametrize("every", [401, pytest.param(13, marks=pytest.mark.slow)])
def test_whatever_an_experiment_says_it_is_reported_or_refused(small: Json, tmp_path: Path, every: int) -> None:
    """Each change ends with reports or a `LabError`, never with another exception. Of every 13th, nearly each place has
    one; `every` 401st is a sample for a quick run.

    The page, whose pictures take longer than all else, is made of every 25th.
    """
    raw, profile, reported = copy.deepcopy(small), published.load(CASES / "2026-02-17.json"), 0
    broken: list[str] = []
    changes = [(way, value) for way in ways(raw) for value in wrong(at(raw, way))]
    for way, value in changes[::every]:
        with changed(raw, way, value):
            (tmp_path / runs.FILE).write_text(json.dumps(raw), encoding="utf-8")
        try:
            with suppress(LabError):
                render(runs.load(tmp_path), profile, page=reported % 25 == 0)
                reported += 1
        except Exception as error:  # noqa: BLE001 - whatever it is, it is what this test looks for
            broken.append(f"{way}: {value!r}: {error!r}"[:300])
    assert not broken
    assert reported


def test_the_committed_run_holds_everything_that_is_asked_of_one(sample: Experiment) -> None:
    assert list(validation.problems(sample)) == []
