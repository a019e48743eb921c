"""Several experiments side by side, and the circumstances in which they differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lab.analysis.results import Results
from lab.units import counted
from lab.values import Environment, Experiment, LoadedTemplate


@dataclass(frozen=True, kw_only=True)
class ComparedRow:
    """A scenario on one kind of server, in several runs."""

    scenario: str
    server: str | None
    savings: tuple[float | None, ...]
    """In percent, one per run; None where a run has no number."""


@dataclass(frozen=True, kw_only=True)
class SideBySide:
    """The savings of several runs."""

    runs: tuple[str, ...]
    rows: tuple[ComparedRow, ...]
    """In the order of the runs; of two trials of one scenario, the first."""
    disagreements: tuple[str, ...]
    """In words, every circumstance in which the runs differ; it may explain a difference of savings."""


def side_by_side(several: Sequence[Results]) -> SideBySide:
    """Compare runs; a run that is named twice is taken once."""
    by_run = {results.experiment.run: results for results in several}
    columns = [_savings(results) for results in by_run.values()]
    places = dict.fromkeys(place for column in columns for place in column)
    return SideBySide(
        runs=tuple(by_run),
        rows=tuple(
            ComparedRow(
                scenario=scenario, server=server, savings=tuple(column.get((scenario, server)) for column in columns)
            )
            for scenario, server in places
        ),
        disagreements=tuple(_disagreements([results.experiment for results in several])),
    )


def _savings(results: Results) -> dict[tuple[str, str | None], float | None]:
    savings: dict[tuple[str, str | None], float | None] = {}
    for row in results.trials:
        savings.setdefault((row.outcome.scenario, row.outcome.server), row.saving_percent)
    return savings


def _disagreements(experiments: Sequence[Experiment]) -> list[str]:
    lines = []
    for name, values in _circumstances(experiments).items():
        if len(set(values)) > 1:
            listed = ", ".join(f"{run.run}: {value}" for run, value in zip(experiments, values, strict=True))
            lines.append(f"{name} differs ({listed})")
    return lines


def _circumstances(experiments: Sequence[Experiment]) -> dict[str, list[str]]:
    return {
        "workload": [run.plan.dataset.workload for run in experiments],
        "case": [run.plan.dataset.case for run in experiments],
        "scale": [counted(run.plan.dataset.scale, run.workload.scale) for run in experiments],
        "seed": [str(run.plan.dataset.seed) for run in experiments],
        **_parameters(experiments),
        "servers": [" / ".join(_server(template) for template in run.templates) for run in experiments],
        "rows": [" / ".join(template.digest[:12] for template in run.templates) for run in experiments],
        "machine": [f"{run.environment.machine}, {run.environment.cores} cores" for run in experiments],
        "CPU": [run.environment.cpu or "not known" for run in experiments],
        "lab": [_lab(run.environment) for run in experiments],
    }


def _lab(environment: Environment) -> str:
    return f"{environment.lab} ({environment.commit})" if environment.commit else environment.lab


def _parameters(experiments: Sequence[Experiment]) -> dict[str, list[str]]:
    names = dict.fromkeys(name for run in experiments for name in run.plan.dataset.parameters)
    return {name: [str(run.plan.dataset.parameters.get(name, "none")) for run in experiments] for name in names}


def _server(template: LoadedTemplate) -> str:
    offered = template.capabilities
    settings = ", ".join(f"{name}={value}" for name, value in template.settings.items())
    return f"{template.server} {offered.postgres}, TimescaleDB {offered.timescaledb}, {settings}"
