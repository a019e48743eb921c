"""Several experiments side by side, and where they may not be compared."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from lab.analysis import comparison
from lab.values import Experiment, LoadedTemplate


def side_by_side(experiments: Sequence[Experiment]) -> pd.DataFrame:
    """Saving in percent: one row per scenario and server, one column per run; NA where a run has no number."""
    experiments = list({experiment.run: experiment for experiment in experiments}.values())
    frames = [
        comparison.savings(experiment)
        .drop_duplicates(["scenario", "server"])
        .set_index(["scenario", "server"])["saving_percent"]
        .rename(experiment.run)
        for experiment in experiments
    ]
    return pd.concat(frames, axis=1).reset_index()


def disagreements(experiments: Sequence[Experiment]) -> list[str]:
    """In words, every circumstance in which the runs differ: differences of savings may come from there."""
    found = []
    for name, values in _circumstances(experiments).items():
        if len(set(values)) > 1:
            listed = ", ".join(f"{one.run}: {value}" for one, value in zip(experiments, values, strict=True))
            found.append(f"{name} differs ({listed})")
    return found


def _circumstances(experiments: Sequence[Experiment]) -> dict[str, list[str]]:
    return {
        "case": [one.plan.dataset.case for one in experiments],
        "number of events": [str(one.plan.dataset.events) for one in experiments],
        "seed": [str(one.plan.dataset.seed) for one in experiments],
        "change rate": [str(one.plan.dataset.change_rate) for one in experiments],
        "servers": [" / ".join(_server(template) for template in one.templates) for one in experiments],
        "rows": [" / ".join(template.digest[:12] for template in one.templates) for one in experiments],
        "machine": [f"{one.environment.machine}, {one.environment.cores} cores" for one in experiments],
        "lab": [one.environment.lab for one in experiments],
    }


def _server(template: LoadedTemplate) -> str:
    offered = template.capabilities
    settings = ", ".join(f"{name}={value}" for name, value in template.settings.items())
    return f"{template.server} {offered.postgres}, TimescaleDB {offered.timescaledb}, {settings}"
