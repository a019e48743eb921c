"""The interface of every kind of throwaway server."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

from lab.errors import InputError, ServerError
from lab.postgres.database import Database
from lab.values import Capabilities


class Gauge(Protocol):
    """Measures the resources that a piece of work takes; None for a resource that is not visible."""

    cpu_tick: float
    """The seconds that `cpu_seconds` counts in: it says nothing of work that takes less."""

    def disk_bytes(self) -> int | None:
        """Bytes of the database's files now, with temporary files, without WAL."""

    def cpu_seconds(self) -> float | None:
        """User and system time so far of the process that does the work."""


class Server(Protocol):
    """A server with the lab's own databases. Several threads may use it, each with its own databases.

    Errors: `InputError` for a missing database, `ServerError` where the server died, refused or was closed.
    """

    kind: str
    origin: str
    """Where its software comes from, for readers of the numbers: an image, programs, an existing server."""
    capabilities: Capabilities
    private: bool
    """Whether nobody but the lab uses it."""
    concurrent: bool
    """Whether a database takes several connections at a time."""
    shares_wal: bool
    """Whether all databases share one WAL, and one cache of pages; else each of them is a server of its own."""

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""

    def create(self, name: str) -> None:
        """Make an empty database."""

    def connect(self, name: str) -> Database:
        """Open an autocommit connection; where it is not `concurrent`, only one at a time."""

    def copy_in(self, database: Database, table: str, columns: Sequence[str], chunks: Iterable[bytes]) -> None:
        """Load `chunks` of COPY text format into the table, in constant memory; all rows or, after an error, none."""

    def seal(self, name: str) -> None:
        """Checkpoint the database and turn it into a template, which accepts no connection and no change."""

    def clone(self, template: str, name: str) -> None:
        """Make a database that equals the sealed template to the byte."""

    def drop(self, name: str) -> None:
        """Remove a database, even a template or one in use."""

    def holds(self, name: str) -> bool:
        """Whether the database still exists; a server that crashed loses data that were only in memory."""

    def gauge(self, name: str, working: Database) -> AbstractContextManager[Gauge]:
        """Measures the work of that connection to the database `name` from outside it."""

    def free_bytes(self) -> int | None:
        """Free bytes of the disk that holds its data; None where it is not visible."""

    def close(self) -> None:
        """Stop everything and delete its folder, even while other threads use it; closing twice is harmless.

        Afterwards every call raises `ServerError` and starts nothing.
        """


class DatabaseRecord:
    """The databases of one server that the lab made, and which of them are sealed; refuses all once closed."""

    def __init__(self) -> None:
        self._sealed: dict[str, bool] = {}
        self.closed = False
        """Whether it refuses everything."""

    @contextmanager
    def adding(self, name: str, *, prefix: str = "") -> Iterator[None]:
        """Enter a new database, unsealed, once the code inside has made it; `prefix` is part of its real name."""
        self.require_running()
        if name in self._sealed:
            raise InputError(f"A database '{name}' exists already.")
        if not name or len((prefix + name).encode()) > 63:
            raise InputError(f"'{name}' cannot name a database: PostgreSQL cuts names at 63 bytes.")
        yield
        self._sealed[name] = False

    def seal(self, name: str) -> None:
        """Mark a database as a template."""
        self.require(name)
        self._sealed[name] = True

    def close(self) -> None:
        """Refuse everything from now on."""
        self.closed = True

    def holds(self, name: str) -> bool:
        """Whether that database was made and not removed."""
        return name in self._sealed

    def clear(self) -> None:
        """Forget every database."""
        self._sealed.clear()

    def require_running(self) -> None:
        """Refuse to go on once the server was closed."""
        if self.closed:
            raise ServerError("The server was closed.")

    def require(self, name: str) -> None:
        """Refuse a database that is not there."""
        self.require_running()
        if name not in self._sealed:
            raise InputError(f"There is no database '{name}'.")

    def require_open(self, name: str) -> None:
        """Refuse a database that is not there, or a template."""
        self.require(name)
        if self._sealed[name]:
            raise InputError(f"'{name}' is a sealed template.", hint="Clone it and connect to the clone.")

    def require_template(self, name: str) -> None:
        """Refuse what is not a sealed template."""
        self.require(name)
        if not self._sealed[name]:
            raise InputError(f"'{name}' is not a template yet.", hint="Seal it before cloning it.")

    def remove(self, name: str) -> None:
        """Forget a database."""
        self.require(name)
        del self._sealed[name]
