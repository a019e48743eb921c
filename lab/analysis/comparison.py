"""What each scenario saved and cost, against the baseline of its own server, as pandas tables.

A cell of something that was not measured is missing (NA), never 0.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd

from lab.analysis.interval import error, gap
from lab.analysis.outlook import Measured, Outlook, outlook
from lab.values import (
    KINDS,
    Completed,
    Experiment,
    Failed,
    LoadedTemplate,
    Outcome,
    Purpose,
    SideTrial,
    Skipped,
    StepRecord,
    Verdict,
)

BASELINE = "baseline"

SAVINGS = (
    "scenario",
    "outcome",
    "server",
    "baseline_bytes",
    "bytes",
    "saving_percent",
    "projected_bytes",
    "verdict",
    "apply_seconds",
    "wal_bytes",
    "peak_bytes",
    "cpu_seconds",
    "bytes_per_market_row",
    "repeat",
    "reason",
    "projected_low",
    "projected_high",
    "bytes_per_day",
    "steady_bytes",
    "days_to_target",
    "until",
    "target",
)
_STEP_TYPES = {"seconds": "Float64", "cpu_seconds": "Float64", "wal_bytes": "Int64", "peak_bytes": "Int64"}
_WHOLE = (
    *("baseline_bytes", "bytes", "wal_bytes", "peak_bytes", "repeat"),
    *("projected_bytes", "projected_low", "projected_high", "bytes_per_day", "steady_bytes"),
)


def savings(experiment: Experiment) -> pd.DataFrame:
    """One row per trial, in the order of the run; columns `SAVINGS`."""
    rows = [_row(experiment, outcome) for outcome in experiment.outcomes]
    frame = pd.DataFrame(rows, columns=list(SAVINGS))
    return frame.astype(dict.fromkeys(_WHOLE, "Int64"))


def baseline(experiment: Experiment, server: str) -> Completed | None:
    """The first baseline of a server, None where it failed: then nothing on that server has a saving."""
    return next(
        (trial for trial in completed(experiment) if trial.scenario == BASELINE and trial.server == server), None
    )


def completed(experiment: Experiment) -> Iterator[Completed]:
    """The trials that were measured to the end."""
    return (outcome for outcome in experiment.outcomes if isinstance(outcome, Completed))


def noise(experiment: Experiment) -> dict[str, float]:
    """For each server the gap between its two baselines, in percent of the first; absent where one is missing."""
    floors = {}
    for template in experiment.templates:
        trials = [one for one in completed(experiment) if one.scenario == BASELINE and one.server == template.server]
        if len(trials) > 1:
            first, second = (trial.footprint.total for trial in trials[:2])
            floors[template.server] = 100 * abs(second - first) / first
    return floors


def outlook_of(experiment: Experiment, trial: Completed) -> Outlook | None:
    """The trial at the case's full size; None where the profile does not tell what its retention keeps."""
    control = baseline(experiment, trial.server)
    return outlook(experiment.case, _sized(experiment, trial), _sized(experiment, control) if control else None)


def smaller_of(experiment: Experiment, trial: Completed) -> Completed | None:
    """The same scenario at the second size, where it was measured to the end."""
    found = (one.outcome for one in aside(experiment, "size") if one.outcome.scenario == trial.scenario)
    return next((one for one in found if isinstance(one, Completed) and one.server == trial.server), None)


def template_of(experiment: Experiment, trial: Completed) -> LoadedTemplate:
    """What the trial is a clone of."""
    return next(one for one in experiment.templates if one.server == trial.server)


def _sized(experiment: Experiment, trial: Completed) -> Measured:
    return Measured(
        facts=experiment.scenarios[trial.scenario],
        template=template_of(experiment, trial),
        trial=trial,
        smaller=smaller_of(experiment, trial),
        error=error_of(experiment, trial),
    )


def error_of(experiment: Experiment, trial: Completed) -> float | None:
    """Half of the interval, as a share of what grows; gaps of all servers are pooled, because all hold the same events."""
    own, pooled = _gap(experiment, trial), [_gap(experiment, one) for one in completed(experiment)]
    if own is None:
        return None
    fewer = next(one.dataset.events for one in aside(experiment, "size"))
    gaps = [share for share in pooled if share is not None]
    drawn = error(own, gaps, events=experiment.plan.dataset.events, fewer=fewer)
    return drawn + noise(experiment).get(trial.server, 0.0) / 100


def _gap(experiment: Experiment, trial: Completed) -> float | None:
    smaller = smaller_of(experiment, trial)
    return gap(trial, smaller, experiment.scenarios[trial.scenario].origins) if smaller else None


def aside(experiment: Experiment, purpose: Purpose) -> Iterator[SideTrial]:
    """The trials on other datasets that were made for that purpose."""
    return (one for one in experiment.side_trials if one.purpose == purpose)


def by_table(experiment: Experiment) -> pd.DataFrame:
    """One row per trial and table: bytes by kind, total, the baseline's total, and bytes at full size."""
    rows = [row for trial in completed(experiment) if trial.repeat == 1 for row in _table_rows(experiment, trial)]
    columns = ["scenario", "server", "table", *KINDS, "total", "baseline_total", "projected_bytes"]
    return pd.DataFrame(rows, columns=columns).astype({"baseline_total": "Int64", "projected_bytes": "Int64"})


def by_step(experiment: Experiment) -> pd.DataFrame:
    """One row per step: the bytes after it, and what it took to get there."""
    rows = [_step_row(trial, step) for trial in completed(experiment) for step in trial.steps]
    columns = ["scenario", "server", "step", "bytes", "seconds", "cpu_seconds", "wal_bytes", "peak_bytes"]
    return pd.DataFrame(rows, columns=columns).astype(_STEP_TYPES)


def broken(experiment: Experiment) -> list[str]:
    """In words, every trial that failed or whose answers differ, those on other datasets included."""
    outcomes = (*experiment.outcomes, *(one.outcome for one in experiment.side_trials))
    failed = [f"{one.scenario} {reason(one)}" for one in outcomes if isinstance(one, Failed)]
    differing = [
        f"{one.scenario}: {differences(one)}" for one in outcomes if isinstance(one, Completed) and differences(one)
    ]
    return [*failed, *differing]


def label(outcome: Outcome) -> str:
    """The scenario's name, marked where it is the second trial of the baseline."""
    again = isinstance(outcome, Completed) and outcome.repeat > 1
    return f"{outcome.scenario} (again)" if again else outcome.scenario


def _row(experiment: Experiment, outcome: Outcome) -> dict[str, Any]:
    known = {"scenario": outcome.scenario, "outcome": outcome.kind, "server": outcome.server}
    if isinstance(outcome, Completed):
        return known | _measured(experiment, outcome)
    return known | {"reason": reason(outcome)}


def reason(outcome: Skipped | Failed) -> str:
    """Why an outcome has no numbers."""
    return outcome.reason if isinstance(outcome, Skipped) else f"at '{outcome.step}': {outcome.error}"


def _measured(experiment: Experiment, trial: Completed) -> dict[str, Any]:
    control = baseline(experiment, trial.server)
    total = trial.footprint.total
    return {
        "baseline_bytes": control.footprint.total if control else None,
        "bytes": total,
        "saving_percent": saving(total, control.footprint.total) if control else None,
        "verdict": trial.verification.verdict.value,
        **_cost([step for step in trial.steps if not step.apart]),
        "repeat": trial.repeat,
        "reason": differences(trial) or None,
        **_at_full_size(outlook_of(experiment, trial)),
    }


def _at_full_size(found: Outlook | None) -> dict[str, Any]:
    """Nothing where it is not known."""
    if found is None:
        return {}
    return {
        "projected_bytes": found.size.bytes,
        "projected_low": found.size.low,
        "projected_high": found.size.high,
        "bytes_per_market_row": found.bytes_per_market_row,
        "bytes_per_day": found.bytes_per_day,
        "steady_bytes": found.steady_bytes,
        "days_to_target": found.days_to_target,
        "until": found.until,
        "target": found.standing.value,
    }


def _cost(steps: Sequence[StepRecord]) -> dict[str, Any]:
    """Seconds, CPU and WAL of all steps and their largest peak; nothing where there is no step."""
    if not steps:
        return {}
    peaks = [step.peak_bytes for step in steps if step.peak_bytes is not None]
    return {
        "apply_seconds": _sum([step.seconds for step in steps]),
        "cpu_seconds": _sum([step.cpu_seconds for step in steps]),
        "wal_bytes": _sum([step.wal_bytes for step in steps]),
        "peak_bytes": max(peaks) if peaks else None,
    }


def _sum(costs: Sequence[float | None]) -> float | None:
    """None where one of them was not measured."""
    known = [cost for cost in costs if cost is not None]
    return sum(known) if len(known) == len(costs) else None


def saving(candidate: int, control: int) -> float:
    """1 - ratio of bytes, in percent; negative where the candidate is larger."""
    return 100 * (1 - candidate / control)


def differences(trial: Completed) -> str:
    """In words, which answers differ; empty where none does."""
    if trial.verification.verdict is not Verdict.DIFFERS:
        return ""
    return "; ".join(f"{one.name}: expected {one.expected}, found {one.found}" for one in trial.verification.mismatches)


def _table_rows(experiment: Experiment, trial: Completed) -> Iterator[dict[str, Any]]:
    control = baseline(experiment, trial.server)
    found = outlook_of(experiment, trial)
    sizes = found.scale.projected_tables(trial.footprint) if found else {}
    for table in trial.footprint.tables:
        before = control.footprint.of(table.table) if control else None
        kinds = {kind: getattr(table, kind) for kind in KINDS}
        yield {
            "scenario": trial.scenario,
            "server": trial.server,
            "table": table.table,
            **kinds,
            "total": table.total,
            "baseline_total": before.total if before else None,
            "projected_bytes": sizes.get(table.table),
        }


def _step_row(trial: Completed, step: StepRecord) -> dict[str, Any]:
    return {
        "scenario": label(trial),
        "server": trial.server,
        "step": step.name,
        "bytes": step.footprint.total,
        "seconds": step.seconds,
        "cpu_seconds": step.cpu_seconds,
        "wal_bytes": step.wal_bytes,
        "peak_bytes": step.peak_bytes,
    }
