"""Runs the statements of a strategy and finds which locks each of them takes, on which table, and how long they last.

The session itself reads its locks after each statement, before the transaction ends. So they are exact, and no lock is so
short that it is missed. A statement that ends its transaction itself (VACUUM, a procedure that commits) has released them by
then, and the number of the transaction shows that. Its locks are those that were seen from outside, every 5 ms; where nothing
looks on, they are not known.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from time import perf_counter

from lab.postgres import locks
from lab.postgres.database import Database, Traced
from lab.postgres.locks import Held, Owner
from lab.trial.canaries import Canaries
from lab.trial.sights import Sight, longest_holds
from lab.values import ExecutedStatement, LockMode, TableLock

_HARMLESS = frozenset({LockMode.ACCESS_SHARE, LockMode.ROW_SHARE, LockMode.ROW_EXCLUSIVE})
"""Modes in which no statement adds, renames or removes a relation."""


@dataclass
class Executed:
    """A statement that runs or has run; its locks are known when its transaction has ended."""

    statement: ExecutedStatement
    locks: tuple[TableLock, ...] | None = None
    unseen_seconds: float | None = None


def recorded(executed: Iterable[Executed]) -> tuple[ExecutedStatement, ...]:
    """The statements with their locks; consecutive repetitions are one statement with a count."""
    statements: list[ExecutedStatement] = []
    for each in executed:
        last = statements[-1] if statements else None
        if last and replace(last, times=1, locks=None, unseen_seconds=None) == each.statement:
            statements[-1] = replace(
                last,
                times=last.times + 1,
                locks=_together(last.locks, each.locks),
                unseen_seconds=_longer(last.unseen_seconds, each.unseen_seconds),
            )
        else:
            statements.append(replace(each.statement, locks=each.locks, unseen_seconds=each.unseen_seconds))
    return tuple(statements)


def _longer(some: float | None, other: float | None) -> float | None:
    return max((seconds for seconds in (some, other) if seconds is not None), default=None)


def _together(some: tuple[TableLock, ...] | None, others: tuple[TableLock, ...] | None) -> tuple[TableLock, ...] | None:
    """Of two statements; not known if those of one are not."""
    return None if some is None or others is None else tuple(_longest((*some, *others)))


def _longest(taken: Iterable[TableLock]) -> Iterator[TableLock]:
    """One lock for each table and mode: the one that was held longest."""
    by_place: dict[tuple[str, LockMode], TableLock] = {}
    for lock in taken:
        known = by_place.setdefault((lock.table, lock.mode), lock)
        by_place[lock.table, lock.mode] = replace(
            known, whole=known.whole or lock.whole, held_seconds=_longer(known.held_seconds, lock.held_seconds)
        )
    return (by_place[place] for place in sorted(by_place))


@dataclass
class _Pending:
    """A statement in a transaction that has not ended."""

    executed: Executed
    began: float
    new: Held | None
    """What it locked; None where that is not known."""


@dataclass
class LockListener:
    """A session that listens to its own locks."""

    database: Database
    timed: bool
    """Whether no other trial of the run works meanwhile."""
    canaries: Canaries | None = None
    """What looks on from outside; None where nothing does."""
    _owners: Mapping[int, Owner] = field(default_factory=dict)
    """As others see them: at the beginning of the transaction. What it creates is not among them, and nobody waits for it."""
    _changed: bool = True
    """Whether relations may have been added, renamed or removed since."""
    _held: Held = frozenset()
    """By the transaction so far."""
    _pending: list[_Pending] = field(default_factory=list)

    def run(self, executed: Executed, sql: str) -> Traced:
        """Run the statement as `sql`; its locks are entered into `executed` once its transaction has ended."""
        if self.database.transaction_failed:  # only its end is possible
            return Traced(touched=self.database.execute(sql), rows=[], trace=[])
        continues = self.database.in_transaction
        if not continues:
            self._begin()
        before = locks.own(self.database.fetch(locks.OWN)).transaction
        began = perf_counter()
        traced = self.database.traced(sql, locks.OWN)
        after = locks.own(traced.trace)
        same = after.transaction == before if continues else after.transaction == before + 1
        ended = continues and after.transaction == before + 1 and not self.database.in_transaction
        new = after.held - self._held if same else frozenset() if ended else None
        self._held = after.held if self.database.in_transaction else frozenset()
        self._changed |= new is None or any(mode not in _HARMLESS for _, mode in new)
        self._pending.append(_Pending(executed=executed, began=began, new=new))
        self.finish()
        return traced

    @contextmanager
    def watching(self, executed: Executed) -> Iterator[None]:
        """Enter what the statements of the block lock into `executed`, once the transaction of all of them has ended."""
        if not self.database.in_transaction:
            self._begin()
        began = perf_counter()
        with self.database.transaction():
            yield
            held = locks.own(self.database.fetch(locks.OWN)).held
            self._pending.append(_Pending(executed=executed, began=began, new=held - self._held))
        self._held = held if self.database.in_transaction else frozenset()
        self.finish()

    def _begin(self) -> None:
        self._pending.clear()
        self._held = frozenset()
        if self._changed:
            self._owners, self._changed = locks.owners(self.database), False

    def finish(self) -> None:
        """Enter the locks of a transaction that has ended."""
        if self._pending and not self.database.in_transaction:
            ended = perf_counter()
            if self.canaries:
                self.canaries.settle()
            for pending in self._pending:
                pending.executed.locks = self._locks(pending, ended)
                if pending.executed.locks is None and self.canaries and self.timed:
                    pending.executed.unseen_seconds = ended - pending.began
            self._pending.clear()

    def _locks(self, pending: _Pending, ended: float) -> tuple[TableLock, ...] | None:
        sights = self._sights(pending.began, ended)
        if pending.new is None and not sights:
            return None
        holds = longest_holds(sights, pending.began, ended, pending.new or frozenset())
        taken = (
            TableLock(
                table=owner.table,
                mode=mode,
                whole=owner.whole,
                held_seconds=holds[oid, mode] if self.timed else None,
            )
            for oid, mode in (holds if pending.new is None else pending.new)
            if (owner := self._owners.get(oid))
        )
        return tuple(_longest(taken))

    def _sights(self, began: float, ended: float) -> list[Sight]:
        """What was seen from outside in the meantime."""
        seen = self.canaries.sights if self.canaries else ()
        first = bisect_left(seen, began, key=lambda sight: sight.asked)
        return [sight for sight in seen[first:] if sight.answered <= ended]
