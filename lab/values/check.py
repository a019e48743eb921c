"""What a real database answered when it was asked whether a strategy may run there."""

from __future__ import annotations

from dataclasses import dataclass

from lab.values.dependant import Dependant


@dataclass(frozen=True, kw_only=True)
class RequirementAnswer:
    """One requirement, as that database answered it."""

    name: str
    broken: int | None
    """How many rows break it, or 1 where the server lacks a feature or a table is not as needed; None where the database could
    not say."""
    reason: str = ""
    """What the server or the database has instead, or why it could not say; empty where rows break it."""

    @property
    def holds(self) -> bool | None:
        """None where that is not known."""
        return None if self.broken is None else self.broken == 0


@dataclass(frozen=True, kw_only=True)
class DatabaseCheck:
    """Everything that was asked of one database about one strategy."""

    format: int
    strategy: str
    database: str
    server: str
    taken: str
    """UTC, ISO 8601."""
    requirements: tuple[RequirementAnswer, ...]
    dependants: tuple[Dependant, ...]
    """What depends on the tables that the strategy changes."""
    absent: tuple[str, ...] = ()
    """The tables that it changes and that the database does not have."""

    @property
    def holds(self) -> bool:
        """Whether every requirement holds; one that is not known does not."""
        return all(answer.holds for answer in self.requirements)
