"""Small requests that come to the tables of a strategy while it works, and tell how long the application would wait.

They are open-loop: one read and one write of each table is due every 5 ms, whatever became of the last one, and its wait
counts from that moment. So nothing that lasts 20 ms falls between two of them. Each has a connection of its own, because one
that waits must not keep others from coming. They leave no trace: a read of no row, and an INSERT of no row, which takes the
lock of every INSERT but no id, no number of a transaction and no byte.

With them, a connection looks at the locks of the strategy's session, which tells since when a lock was there.
"""

from __future__ import annotations

import select
import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from math import floor
from time import perf_counter

from lab.errors import LabError
from lab.postgres import locks
from lab.postgres.database import Database
from lab.trial.sights import Sight
from lab.values import TableTraffic, Waits

EVERY = 0.005
"""Seconds from one request to the next."""

_READ = "SELECT FROM {table} LIMIT 0"
_WRITE = "INSERT INTO {table} OVERRIDING SYSTEM VALUE SELECT NULL WHERE false"

_LOOK_SECONDS = 0.05
"""How often the end of a step is looked for while all requests wait."""
_SETTLE_SECONDS = 0.05
"""How long requests are waited for that nothing blocks any more."""


@dataclass
class Probe:
    """A statement that is asked again and again, through a connection of its own."""

    what: str
    """In words."""
    database: Database
    due: float = 0.0
    """When it comes next; while it waits, when it was to come."""
    waits: bool = False
    socket: int = -1
    lost: bool = False
    """Whether the server refused it; then it does not come again."""

    def prepare(self, sql: str) -> None:
        """Let the server know what will be asked. Errors: `LabError` where it refuses."""
        self.database.execute(f"PREPARE canary AS {sql}")
        self.socket = self.database.socket

    def send(self) -> None:
        """Ask."""
        self.waits = True
        self.database.send("EXECUTE canary")

    def receive(self) -> bool:
        """Whether the answer has come."""
        rows = self.database.answer()
        if rows is None:
            return False
        self.waits = False
        self.note(rows, perf_counter())
        return True

    def discard(self) -> bool:
        """Whether the answer has come to what was asked in an earlier step, which is over."""
        return self.database.answer() is not None

    def note(self, rows: list[tuple[str, ...]], answered: float) -> None:
        """Enter an answer."""
        raise NotImplementedError


@dataclass
class Canary(Probe):
    """A read or a write of one table."""

    longest: float = 0.0
    blocked: float = 0.0

    def note(self, rows: list[tuple[str, ...]], answered: float) -> None:
        """Enter how long it waited."""
        del rows  # there are none
        wait = answered - self.due
        self.longest = max(self.longest, wait)
        self.blocked += wait if wait > EVERY else 0.0

    def felt(self) -> Waits | None:
        """The waits since the last call; None where it was refused."""
        waits = Waits(longest_seconds=self.longest, blocked_seconds=self.blocked)
        self.longest = self.blocked = 0.0
        return None if self.lost else waits


@dataclass
class LockWatch(Probe):
    """A look at the locks of the strategy's session."""

    sights: list[Sight] = field(default_factory=list)

    def note(self, rows: list[tuple[str, ...]], answered: float) -> None:
        """Enter what was seen."""
        held = locks.held((int(oid), mode) for oid, mode in rows)
        self.sights.append(Sight(asked=self.due, answered=answered, held=held))


class Canaries:
    """All requests to one database; they come only while a step is executed."""

    def __init__(self, connect: Callable[[], Database], tables: Collection[str], working: Database) -> None:
        """`connect` opens a connection to the database, and `working` is the session of the strategy.

        Errors: `LabError` where a connection cannot be had.
        """
        self._connect = connect
        self._connections = ExitStack()
        self.notes: list[str] = []
        """In words, which requests were refused."""
        self.opened = 0
        """Number of connections."""
        try:
            pid = working.value("SELECT pg_backend_pid()")
            self._watch = LockWatch("How long locks last", self._open())
            self._watch.prepare(locks.of_process(pid))
            self._canaries = {
                table: (self._canary("read", table, _READ), self._canary("write", table, _WRITE)) for table in tables
            }
        except BaseException:
            self.close()
            raise
        self._requests: Sequence[Probe] = (
            self._watch,
            *(canary for pair in self._canaries.values() for canary in pair),
        )

    @property
    def sights(self) -> Sequence[Sight]:
        """What the session had locked, in the order of time."""
        return self._watch.sights

    def close(self) -> None:
        """Close every connection."""
        self._connections.close()

    @contextmanager
    def coming(self) -> Iterator[None]:
        """Let them come until the end of the block."""
        begun, stop = threading.Event(), threading.Event()
        thread = threading.Thread(target=self._come, args=(begun, stop), name="canaries", daemon=True)
        thread.start()
        begun.wait()
        try:
            yield
        finally:
            self.settle()
            stop.set()
            thread.join()

    def traffic(self) -> tuple[TableTraffic, ...]:
        """What was felt since the last call."""
        return tuple(
            TableTraffic(table=table, reads=read.felt(), writes=write.felt())
            for table, (read, write) in self._canaries.items()
        )

    def settle(self) -> None:
        """Wait until those have ended that waited for the last transaction.

        Each reads with the snapshot of its beginning, which would keep the next statement from removing dead rows.
        """
        ends = perf_counter() + _SETTLE_SECONDS
        asked = [(request, request.due) for request in self._requests if request.waits]
        while any(request.waits and request.due == due for request, due in asked) and perf_counter() < ends:
            time.sleep(EVERY / 50)

    def _come(self, begun: threading.Event, stop: threading.Event) -> None:
        """Ask until the end; where that ends before, a wait that nobody measured is missing and not 0."""
        try:
            self._ask(begun, stop)
        except Exception as error:  # noqa: BLE001 - of a thread, nobody else would hear of it
            for request in self._requests:
                request.lost, request.waits = True, False
            self.notes.append(f"What others feel was not measured any more: {error!r}")
        finally:
            begun.set()

    def _ask(self, begun: threading.Event, stop: threading.Event) -> None:
        start = perf_counter()
        for request in self._requests:
            if request.waits and self._try(request, request.discard):
                request.waits = False
            request.due = start
        begun.set()
        while not stop.is_set():
            here = [request for request in self._requests if not request.lost]
            for request in here:
                if not request.waits and request.due <= perf_counter():
                    self._try(request, request.send)
            self._receive(here, start)
        for request in self._requests:
            if request.waits and isinstance(request, Canary):  # it has waited until here, and nobody looks on
                request.note([], perf_counter())

    def _receive(self, here: Sequence[Probe], start: float) -> None:
        """Wait for answers until the next request is due; those due in the meantime wait with the one before."""
        waiting = [request for request in here if request.waits]
        next_due = min((request.due for request in here if not request.waits), default=perf_counter() + _LOOK_SECONDS)
        seconds = min(max(next_due - perf_counter(), 0.0), _LOOK_SECONDS)
        readable, _, _ = select.select([request.socket for request in waiting], [], [], seconds)
        for request in waiting:
            if request.socket in readable and self._try(request, request.receive):
                passed = floor((perf_counter() - start) / EVERY)
                request.due = start + (passed + 1) * EVERY

    def _try(self, request: Probe, act: Callable[[], object]) -> bool:
        """Send or receive; one that the server refuses does not come again."""
        try:
            return act() is not False
        except LabError as error:
            request.lost, request.waits = True, False
            self.notes.append(f"{request.what} was not measured any more: {error}")
            return False

    def _canary(self, kind: str, table: str, sql: str) -> Canary:
        canary = Canary(f"What a {kind} of {table} feels", self._open())
        self._try(canary, lambda: canary.prepare(sql.format(table=table)))
        return canary

    def _open(self) -> Database:
        self.opened += 1
        return self._connections.enter_context(self._connect())
