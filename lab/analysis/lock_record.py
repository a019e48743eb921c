"""The lines of locks.csv."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from lab.analysis.known import of
from lab.analysis.rows import TrialResult
from lab.values import LockMode, TableLock


@dataclass(frozen=True, kw_only=True)
class LockRecord:
    """A lock of a statement; of a statement whose locks are not known, one record that says only that."""

    scenario: str
    server: str | None
    repeat: int | None
    step: str
    statement: int
    """Its number within the step, from 1."""
    table: str | None
    mode: LockMode | None
    part: Literal["whole", "part"] | None
    """Whether the whole table is locked, or one of its partitions or chunks."""
    blocks: str | None
    """Who waits."""
    held_seconds: float | None


def lock_records(row: TrialResult) -> Iterator[LockRecord]:
    """Every lock of every statement of a trial."""
    for step in row.trial.steps if row.trial else ():
        for number, statement in enumerate(step.statements, 1):
            for lock in (None,) if statement.locks is None else statement.locks:
                yield LockRecord(
                    scenario=row.outcome.scenario,
                    server=row.outcome.server,
                    repeat=row.repeat,
                    step=step.name,
                    statement=number,
                    table=of(lock, lambda taken: taken.table),
                    mode=of(lock, lambda taken: taken.mode),
                    part=of(lock, _part),
                    blocks=of(lock, lambda taken: taken.mode.blocks),
                    held_seconds=of(lock, lambda taken: taken.held_seconds),
                )


def _part(lock: TableLock) -> Literal["whole", "part"]:
    return "whole" if lock.whole else "part"
