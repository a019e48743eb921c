"""The datasets besides the run's own on which its trials are made, too, and what is kept of such a trial."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from lab.values import (
    SIZE,
    AuxiliaryTrial,
    DatasetSpec,
    Footprint,
    LoadedTemplate,
    Outcome,
    Skipped,
    StepRecord,
)
from lab.workload import Workload

SMALLER = 4
"""The second size that every trial is measured at is this part of the first."""


def smaller(spec: DatasetSpec) -> DatasetSpec | None:
    """A draw of its own, with no row of the first: what two draws differ by is what a draw may be off by."""
    scale = spec.scale // SMALLER
    return replace(spec, scale=scale, seed=spec.seed + 1) if scale else None


def variations(workload: Workload, spec: DatasetSpec, parameters: Iterable[str]) -> Mapping[DatasetSpec, Sequence[str]]:
    """The datasets with other values of these parameters, and the parameters that each stands for."""
    varied: dict[DatasetSpec, list[str]] = {}
    for parameter in parameters:
        for dataset in workload.variations(spec, parameter):
            varied.setdefault(dataset, []).append(parameter)
    return varied


def trials(
    dataset: DatasetSpec, template: LoadedTemplate | None, outcome: Outcome, purposes: Sequence[str]
) -> Iterator[AuxiliaryTrial]:
    """What is kept of a trial, for each of its purposes: its bytes, and what its steps took at the second size."""
    for purpose in purposes:
        bare = outcome if isinstance(outcome, Skipped) else replace(outcome, steps=_costs(outcome.steps, purpose))
        yield AuxiliaryTrial(purpose=purpose, dataset=dataset, template=template, outcome=bare)


def _costs(steps: Sequence[StepRecord], purpose: str) -> tuple[StepRecord, ...]:
    """What the steps took at the second size, and nothing of what they executed."""
    return tuple(replace(step, statements=(), footprint=Footprint(tables=())) for step in steps if purpose == SIZE)
