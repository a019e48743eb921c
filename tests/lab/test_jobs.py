"""How many trials are made at once changes how long a run takes, and nothing that it finds."""

from __future__ import annotations

from pathlib import Path

import pytest

from data_gen import workload
from lab import runs
from lab.analysis.comparison import compare
from lab.analysis.results import analyse
from lab.runner import pipeline
from lab.runner.pipeline import RunRequest
from lab.servers import Options
from lab.values import Completed, Experiment, Footprint
from tests.thin import BYTES, thin_odds

NATIVE = ("outcome_normalization_snapshot", "drop_raw_response+retention_7d")


def experiment_of(scenarios: tuple[str, ...], server: str, jobs: int, results: Path) -> Experiment:
    request = RunRequest(
        scenarios=scenarios,
        workload=thin_odds(),
        size_bytes=BYTES,
        seed=1,
        server=server,
        results=results,
        options=Options(),
        jobs=jobs,
        read_seconds=0,
        write_seconds=0,
    )
    folders: list[Path] = []
    pipeline.run(request, lambda _: None, folders.append)
    return runs.load(folders[0])


def sizes(experiment: Experiment) -> dict[tuple[str, int], list[Footprint]]:
    """Of every trial, after each of its steps and at its end."""
    trials = [outcome for outcome in experiment.outcomes if isinstance(outcome, Completed)]
    return {
        (trial.scenario, trial.repeat): [*(step.footprint for step in trial.steps), trial.footprint] for trial in trials
    }


def assert_equal_sizes(one: Experiment, other: Experiment) -> None:
    assert sizes(one) == sizes(other)
    assert [template.footprint for template in one.templates] == [template.footprint for template in other.templates]
    assert compare([analyse(one), analyse(other)]).disagreements == ()


@pytest.mark.slow
def test_sizes_are_the_same_to_the_byte_however_many_trials_are_made_at_once(tmp_path: Path) -> None:
    one, three = (experiment_of(NATIVE, "native", jobs, tmp_path) for jobs in (1, 3))
    assert (one.plan.jobs, three.plan.jobs) == (1, 3)
    assert len(sizes(one)) == len(NATIVE) + 2
    assert_equal_sizes(one, three)
    steps = [step for trial in three.outcomes if isinstance(trial, Completed) for step in trial.steps]
    assert all(step.seconds and step.wal_bytes is not None for step in steps)  # a step that only checks writes no WAL


@pytest.mark.slow
def test_sizes_are_the_same_where_two_servers_are_used_at_once(
    tmp_path: Path, pglite: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    del pglite  # asked for so that the test is skipped by name where it cannot be had
    monkeypatch.setattr(workload, "RATES", (4.0,))
    monkeypatch.setattr(workload, "CHURNS", (1.0,))
    one, three = (
        experiment_of(("drop_raw_response", "hypertable_compression"), "auto", jobs, tmp_path) for jobs in (1, 3)
    )
    assert len({template.server for template in three.templates}) > 1
    assert_equal_sizes(one, three)
    assert three.auxiliary_trials
    for before, after in zip(one.auxiliary_trials, three.auxiliary_trials, strict=True):
        assert isinstance(before.outcome, Completed)
        assert isinstance(after.outcome, Completed)
        assert before.outcome.footprint == after.outcome.footprint
