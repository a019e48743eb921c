"""The headline figures of a run, for a list of runs."""

from __future__ import annotations

from dataclasses import dataclass

from lab.analysis.results import Results
from lab.values import Completed, Failed, Skipped


@dataclass(frozen=True, kw_only=True)
class RunHeadline:
    """One run in a line."""

    run: str
    started: str
    """UTC, ISO 8601."""
    finished: bool
    case: str
    rows_digest: str | None
    """Of the loaded rows: runs with the same digest can be compared. None where nothing was loaded."""
    measured: int
    skipped: int
    failed: int
    planned: int
    best: str | None
    """The strategy that its recommendation names; None where it names none."""
    saving_percent: float | None
    full_size_bytes: int | None
    broken: int
    """Trials that failed or whose answers differ, on any dataset."""


def headline(results: Results) -> RunHeadline:
    """The headline of a run, also of one that was interrupted."""
    experiment = results.experiment
    best = next(iter(results.decision.ranking), None)
    kinds = [type(outcome) for outcome in experiment.outcomes]
    return RunHeadline(
        run=experiment.run,
        started=experiment.started,
        finished=experiment.finished is not None,
        case=experiment.plan.dataset.case,
        rows_digest=experiment.templates[0].digest if experiment.templates else None,
        measured=kinds.count(Completed),
        skipped=kinds.count(Skipped),
        failed=kinds.count(Failed),
        planned=len(experiment.plan.trials),
        best=best.trial.scenario if best else None,
        saving_percent=best.saving_percent if best else None,
        full_size_bytes=best.bytes_now if best else None,
        broken=len(results.broken),
    )
