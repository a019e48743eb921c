"""The circumstances in which runs differ, and what may not be compared because of them; pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from lab.units import counted
from lab.values import Environment, Experiment, LoadedTemplate


class Extent(StrEnum):
    """What a circumstance in which runs differ makes impossible to compare."""

    ALL = "sizes and times"
    TIMES = "times"
    NOTHING = "nothing"
    """It may explain a difference."""


@dataclass(frozen=True, kw_only=True)
class Disagreement:
    """A circumstance in which the runs differ."""

    circumstance: str
    values: Mapping[str, str]
    """By run."""
    forbids: Extent

    @property
    def words(self) -> str:
        """As one sentence."""
        listed = ", ".join(f"{run}: {value}" for run, value in self.values.items())
        return f"not the same {self.circumstance} ({listed})"


def disagreements_of(experiments: Sequence[Experiment]) -> Iterator[Disagreement]:
    """Every circumstance in which they do not agree."""
    for (name, forbids), values in _circumstances(experiments).items():
        if len(set(values)) > 1:
            by_run = dict(zip((run.run for run in experiments), values, strict=True))
            yield Disagreement(circumstance=name, values=by_run, forbids=forbids)


def _circumstances(experiments: Sequence[Experiment]) -> dict[tuple[str, Extent], list[str]]:
    datasets = [run.plan.dataset for run in experiments]
    return {
        ("workload", Extent.ALL): [dataset.workload for dataset in datasets],
        ("case", Extent.ALL): [dataset.case for dataset in datasets],
        ("scale", Extent.ALL): [counted(run.plan.dataset.scale, run.workload.scale) for run in experiments],
        ("seed", Extent.ALL): [str(dataset.seed) for dataset in datasets],
        **_parameters(experiments),
        ("rows", Extent.ALL): [_rows(run.templates) for run in experiments],
        ("servers", Extent.TIMES): [" / ".join(map(_server, run.templates)) for run in experiments],
        ("machine", Extent.TIMES): [f"{run.environment.machine}, {run.environment.cores} cores" for run in experiments],
        ("CPU", Extent.TIMES): [run.environment.cpu or "not known" for run in experiments],
        ("storage", Extent.TIMES): [run.environment.storage or "not known" for run in experiments],
        ("lab", Extent.NOTHING): [_lab(run.environment) for run in experiments],
    }


def _rows(templates: Sequence[LoadedTemplate]) -> str:
    """The digests of what was loaded; every server loads the same rows."""
    return " / ".join(dict.fromkeys(template.digest[:12] for template in templates))


def _lab(environment: Environment) -> str:
    return f"{environment.lab} ({environment.commit})" if environment.commit else environment.lab


def _parameters(experiments: Sequence[Experiment]) -> dict[tuple[str, Extent], list[str]]:
    names = dict.fromkeys(name for run in experiments for name in run.plan.dataset.parameters)
    return {
        (name, Extent.ALL): [str(run.plan.dataset.parameters.get(name, "none")) for run in experiments]
        for name in names
    }


def _server(template: LoadedTemplate) -> str:
    offered = template.capabilities
    settings = ", ".join(f"{name}={value}" for name, value in template.settings.items())
    return f"{template.server} {offered.postgres}, TimescaleDB {offered.timescaledb}, {settings}"
