"""The contract of a strategy: all that a file in `scenarios/` may import of the project.

A scenario is a value with a function. It rearranges data and nothing else: cloning, settling, measuring,
verifying and cleaning up are done by the lab, once, the same for everyone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from lab.errors import LabError, NothingToDoError
from lab.values.declared import Category, DeclaredLoss

__all__ = ["Category", "Database", "LabError", "Need", "NothingToDoError", "Scenario"]


class Need(StrEnum):
    """What a server must offer for the scenario to run there."""

    LZ4 = "TOAST compression lz4"
    COLUMNSTORE = "TimescaleDB Community (columnstore)"


class Database(Protocol):
    """What a scenario works on: one clone, all its own."""

    @property
    def now(self) -> datetime:
        """The case's last capture: the present, as the data sees it."""

    def step(self, name: str, *, apart: bool = False) -> AbstractContextManager[None]:
        """Name a part of the work; its SQL, seconds, WAL, peak and footprint are recorded.

        `apart` marks a measurement on the side, which is shown but does not count as the strategy's cost.
        """

    def execute(self, sql: str, params: Sequence[object] | None = None) -> int:
        """Run one statement inside a step; returns the number of rows it touched."""

    def fetch(self, sql: str, params: Sequence[object] | None = None) -> list[tuple[Any, ...]]:
        """Run one query and return its rows; outside of a step it can only read."""

    def value(self, sql: str, params: Sequence[object] | None = None) -> Any:
        """The single value of a query that returns one row and one column."""

    def note(self, text: str) -> None:
        """Add a finding to the report, such as what was proved on the way."""


Keeps = Callable[[datetime], Mapping[str, str]]


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """One strategy.

    What it gives up must be declared, and is checked to be exactly that: `drops` names columns as
    'table.column'; `keeps(now)` gives, for each table that loses rows, the SELECT of the rows that must remain.
    """

    title: str
    category: Category
    hypothesis: str
    apply: Callable[[Database], None]
    needs: frozenset[Need] = frozenset()
    drops: tuple[str, ...] = ()
    keeps: Keeps | None = None
    keeps_days: int | None = None
    """How many days of rows `keeps` keeps, where it goes by their age: a profile tells how much that is at full size."""
    loses: str = ""
    """In words, what `keeps` gives up."""
    costs: tuple[str, ...] = ()
    """What it costs besides bytes and seconds: keys, foreign keys, locks, application code."""
    origins: Mapping[str, str] = field(default_factory=dict)
    """New table to the table whose rows it grows with; one that is not named grows with the number of events."""
    depends_on_change_rate: bool = False
    """Whether its savings depend on how often prices change: then it is also measured at other rates, on few events."""
    combine_with: tuple[str, ...] = ()
    """Scenarios whose combination with this one is part of `all`, as this+other."""

    @property
    def losses(self) -> tuple[DeclaredLoss, ...]:
        """Everything that is lost on purpose: each column, then the rows."""
        rows = (DeclaredLoss(table=None, column=None, words=self.loses),) if self.keeps else ()
        return (*(_loss_of(name) for name in self.drops), *rows)

    @property
    def given_up(self) -> tuple[str, ...]:
        """In words, everything that is lost on purpose."""
        return tuple(loss.words for loss in self.losses)


def _loss_of(name: str) -> DeclaredLoss:
    table, _, column = name.partition(".")
    return DeclaredLoss(table=table, column=column, words=f"column {name}")
