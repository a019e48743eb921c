"""The odds workload as the lab sees it: one case, generated at any size."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from data_gen import widths
from data_gen.case import Case, PublishedFigure
from data_gen.dataset import Dataset
from lab.errors import InputError
from lab.postgres.database import Database
from lab.values import CHANGE_RATE, LIST_CHURN, CaseFacts, DatasetSpec, Note, Profile
from lab.values.full_size import case_facts

RATES = (0.25, 1.0, 4.0)
"""Change rates, relative to a run's, at which scenarios that depend on it are measured too."""

CHURNS = (0.0, 1.0, 100.0)
"""The same for the churn of lists: none, the run's, and another list in every snapshot."""

RATE_EVENTS = 2
"""Enough, because only the bytes of the variations are compared with each other."""


@dataclass(frozen=True, kw_only=True)
class Odds:
    """A database to imitate: its profile, and the case that imitates it (`lab.workload.Workload`)."""

    profile: Profile
    case: Case
    notes: tuple[Note, ...] = ()
    """Which parameters come from the profile and which are assumed; empty for a published case."""

    @property
    def full_size(self) -> CaseFacts:
        """The database at full size, as its profile counts it."""
        return case_facts(self.profile)

    @property
    def case_text(self) -> str:
        """The case as a file holds it."""
        return self.case.text

    @property
    def figures(self) -> tuple[PublishedFigure, ...]:
        """The numbers that a generated database must show."""
        return self.case.figures

    def measure(self, database: Database, *, lz4: bool) -> Mapping[str, float | None]:
        """The same figures of a loaded database, by name; None for a figure that needs lz4 on a server without it."""
        return widths.measure(database, lz4=lz4)

    def plan(self, *, size_bytes: int, seed: int, parameters: Mapping[str, float]) -> Dataset:
        """The dataset with the fewest events that takes at least `size_bytes`; a change rate of 1 is the case's own.

        Errors: `InputError` where one event needs more than that, or for a parameter that the odds do not have.
        """
        if unknown := sorted(parameters.keys() - {CHANGE_RATE, LIST_CHURN}):
            hint = f"It has a {CHANGE_RATE} and a {LIST_CHURN}."
            raise InputError(f"The odds workload has no parameter '{unknown[0]}'.", hint=hint)
        change_rate, list_churn = (parameters.get(name, 1.0) for name in (CHANGE_RATE, LIST_CHURN))
        return Dataset.plan(self.case, size_bytes=size_bytes, seed=seed, change_rate=change_rate, list_churn=list_churn)

    def dataset(self, spec: DatasetSpec) -> Dataset:
        """The dataset of that spec, which names this case."""
        return Dataset(spec, self.case)

    def variations(self, spec: DatasetSpec, parameter: str) -> tuple[DatasetSpec, ...]:
        """Two events at other values of that parameter: those of `RATES` times the spec's own, or of `CHURNS`."""
        own = spec.parameters.get(parameter)
        if own is None:
            return ()
        small = replace(spec, scale=min(spec.scale, RATE_EVENTS))
        values = (
            [own if churn == 1 else churn for churn in CHURNS]
            if parameter == LIST_CHURN
            else [own * rate for rate in RATES]
        )
        return tuple(replace(small, parameters={**spec.parameters, parameter: value}) for value in values)
