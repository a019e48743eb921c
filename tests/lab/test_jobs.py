"""How many trials are made at once changes how long a run takes, and nothing that it finds."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab import runs
from lab.analysis.comparison import compare
from lab.analysis.results import analyse
from lab.runner import pipeline
from lab.runner.pipeline import RunRequest
from lab.servers import Options
from lab.values import Completed, DatasetSpec, Experiment, Footprint
from tests.thin import BYTES, some_rates, thin_odds

NAMES = (
    *("outcome_normalization_snapshot", "drop_raw_response+retention_7d", "drop_raw_response"),
    "hypertable_compression",
)
"""The last of them needs the second server."""

pytestmark = [pytest.mark.slow, pytest.mark.trial("all")]


@pytest.fixture(scope="module")
def one_by_one(tmp_path_factory: pytest.TempPathFactory, pglite: object) -> Experiment:
    """Some of the scenarios of the run of all, one trial after the other, at one more rate of changes."""
    del pglite  # asked for so that the tests are skipped by name where it cannot be had
    request = RunRequest(
        scenarios=NAMES,
        workload=thin_odds(),
        size_bytes=BYTES,
        seed=1,
        server="auto",
        results=tmp_path_factory.mktemp("one_by_one"),
        options=Options(),
        jobs=1,
        read_seconds=0,
        write_seconds=0,
    )
    folders: list[Path] = []
    with some_rates():
        pipeline.run(request, lambda _: None, folders.append)
    return runs.load(folders[0])


def sizes(experiment: Experiment) -> dict[tuple[str, int], list[Footprint]]:
    """Of every trial, after each of its steps and at its end."""
    trials = [outcome for outcome in experiment.outcomes if isinstance(outcome, Completed)]
    return {
        (f"{trial.scenario} on {trial.server}", trial.repeat): [
            *(step.footprint for step in trial.steps),
            trial.footprint,
        ]
        for trial in trials
    }


def auxiliary_sizes(experiment: Experiment) -> dict[tuple[str, DatasetSpec, str], Footprint]:
    """Of every trial on another dataset, at its end."""
    return {
        (trial.purpose, trial.dataset, trial.outcome.scenario): trial.outcome.footprint
        for trial in experiment.auxiliary_trials
        if isinstance(trial.outcome, Completed)
    }


def test_sizes_are_the_same_to_the_byte_however_many_trials_are_made_at_once(
    one_by_one: Experiment, run_of_all: Experiment
) -> None:
    assert one_by_one.plan.jobs == 1 < run_of_all.plan.jobs
    few, all_of_them = sizes(one_by_one), sizes(run_of_all)
    assert len(few) == len(NAMES) + 4
    assert few == {name: all_of_them.get(name) for name in few}
    assert compare([analyse(one_by_one), analyse(run_of_all)]).disagreements == ()
    steps = [step for trial in run_of_all.outcomes if isinstance(trial, Completed) for step in trial.steps]
    assert all(step.seconds and step.wal_bytes is not None for step in steps)  # a step that only checks writes no WAL


def test_sizes_are_the_same_where_two_servers_are_used_at_once(one_by_one: Experiment, run_of_all: Experiment) -> None:
    weights = [
        {template.server: template.footprint for template in experiment.templates}
        for experiment in (one_by_one, run_of_all)
    ]
    assert len(weights[0]) > 1
    assert weights[0] == weights[1]
    few, all_of_them = auxiliary_sizes(one_by_one), auxiliary_sizes(run_of_all)
    assert few
    assert few == {name: all_of_them.get(name) for name in few}
