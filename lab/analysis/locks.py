"""How long a strategy keeps the application from its tables."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lab.values import Completed, ExecutedStatement, LockMode, StepRecord, TableLock, TableTraffic, Waits


@dataclass(frozen=True, kw_only=True)
class BlockingLock:
    """A lock for which reads or writes of a table of the application wait."""

    lock: TableLock
    step: str
    statement: ExecutedStatement
    """The statement that took it."""


@dataclass(frozen=True, kw_only=True)
class TrialLocks:
    """The locks of a trial for which the application waits; auxiliary steps do not count."""

    longest: tuple[BlockingLock, ...]
    """By table and mode, the one that was held longest."""
    unknown: tuple[ExecutedStatement, ...]
    """The statements whose locks are not known."""
    traffic: tuple[TableTraffic, ...] | None
    """What requests to each declared table felt over all steps; None where none came during a step."""

    @property
    def top(self) -> BlockingLock | None:
        """The one that was held longest of all; None without any."""
        return max(self.longest, key=_held, default=None)

    @property
    def longest_wait(self) -> tuple[str, float] | None:
        """The longest wait of a request in seconds, after the name of its table; None where none came."""
        waits = [
            (table.table, felt.longest_seconds)
            for table in self.traffic or ()
            for felt in (table.reads, table.writes)
            if felt
        ]
        return max(waits, key=lambda wait: wait[1], default=None)

    @property
    def longest_seconds(self) -> float | None:
        """How long the application waits at most for one lock; None where that is not known of every statement.

        A statement that ended before anybody could look locked nothing for longer than it took.
        """
        held = [blocking.lock.held_seconds for blocking in self.longest]
        times = [*held, *(statement.unseen_seconds for statement in self.unknown)]
        known = [time for time in times if time is not None]
        return max(known, default=0.0) if len(known) == len(times) else None


def _held(blocking: BlockingLock) -> float:
    return blocking.lock.held_seconds or 0.0


def locks_of(trial: Completed) -> TrialLocks:
    """The locks of a trial on the tables that the application knows by their names."""
    steps = [step for step in trial.steps if not step.auxiliary]
    longest: dict[tuple[str, LockMode], BlockingLock] = {}
    for blocking in (each for step in steps for each in _blocking(step) if each.lock.table in trial.rows):
        place = blocking.lock.table, blocking.lock.mode
        longest[place] = max(longest.get(place, blocking), blocking, key=_held)
    return TrialLocks(
        longest=tuple(longest[place] for place in sorted(longest)),
        traffic=_traffic(steps),
        unknown=tuple(statement for step in steps for statement in step.statements if statement.locks is None),
    )


def _blocking(step: StepRecord) -> Iterator[BlockingLock]:
    for statement in step.statements:
        for lock in statement.locks or ():
            if lock.mode.blocks_writes:
                yield BlockingLock(lock=lock, step=step.name, statement=statement)


def _traffic(steps: Sequence[StepRecord]) -> tuple[TableTraffic, ...] | None:
    """By table, the longest wait of all steps and the sum of what was blocked."""
    if any(step.traffic is None for step in steps):
        return None
    by_table: defaultdict[str, list[TableTraffic]] = defaultdict(list)
    for table in (table for step in steps for table in step.traffic or ()):
        by_table[table.table].append(table)
    return tuple(
        TableTraffic(
            table=name,
            reads=_together([table.reads for table in tables]),
            writes=_together([table.writes for table in tables]),
        )
        for name, tables in by_table.items()
    )


def _together(waits: Sequence[Waits | None]) -> Waits | None:
    """Of all steps; None where the requests of one were refused."""
    felt = [wait for wait in waits if wait]
    if len(felt) < len(waits):
        return None
    return Waits(
        longest_seconds=max(wait.longest_seconds for wait in felt),
        blocked_seconds=math.fsum(wait.blocked_seconds for wait in felt),
    )
