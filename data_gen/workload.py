"""The odds workload as the lab sees it: one case, generated at any size."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from data_gen import widths
from data_gen.case import Case, PublishedFigure
from data_gen.dataset import Dataset
from lab.errors import InputError
from lab.postgres.database import Database
from lab.values import CHANGE_RATE, CaseFacts, DatasetSpec, Note, Profile
from lab.values.full_size import case_facts

RATES = (0.25, 1.0, 4.0)
"""Change rates, relative to a run's, at which scenarios that depend on it are measured too."""

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

        Errors: `InputError` where one event needs more than that, or for a parameter other than the change rate.
        """
        if unknown := sorted(parameters.keys() - {CHANGE_RATE}):
            raise InputError(f"The odds workload has no parameter '{unknown[0]}'.", hint=f"It has a {CHANGE_RATE}.")
        return Dataset.plan(self.case, size_bytes=size_bytes, seed=seed, change_rate=parameters.get(CHANGE_RATE, 1.0))

    def dataset(self, spec: DatasetSpec) -> Dataset:
        """The dataset of that spec, which names this case."""
        return Dataset(spec, self.case)

    def variations(self, spec: DatasetSpec, parameter: str) -> tuple[DatasetSpec, ...]:
        """Two events at a quarter of the spec's change rate, at that rate, and at four times that rate."""
        own = spec.parameters.get(parameter)
        if own is None:
            return ()
        events = min(spec.scale, RATE_EVENTS)
        return tuple(replace(spec, scale=events, parameters={parameter: own * rate}) for rate in RATES)
