"""What every kind of throwaway server promises."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

from lab.errors import InputError, ServerError
from lab.postgres.database import Database
from lab.values import Capabilities


class Gauge(Protocol):
    """Measures what a piece of work takes; None where that cannot be seen."""

    def disk_bytes(self) -> int | None:
        """Bytes of the database's files now, without WAL, with what its sorts and hashes spill."""

    def cpu_seconds(self) -> float | None:
        """User and system time that the process which does the work has taken so far."""


class Server(Protocol):
    """A server of the lab's own, with databases that come and go; several threads may use it, each its own databases.

    Errors: `InputError` for a database that is not there, `ServerError` where the server died, refused or was closed.
    """

    kind: str
    origin: str
    """What it runs, for the reader of the numbers: an image, programs, somebody's server."""
    capabilities: Capabilities
    private: bool
    """Whether nobody but the lab uses it."""

    def create(self, name: str) -> None:
        """Make an empty database."""

    def connect(self, name: str) -> Database:
        """Open an autocommit connection; on some servers only one at a time."""

    def copy_in(self, database: Database, table: str, columns: Sequence[str], chunks: Iterable[bytes]) -> None:
        """Load `chunks` of COPY text format into the table, in constant memory; after an error all rows or none are there."""

    def seal(self, name: str) -> None:
        """Checkpoint the database and turn it into a template, which nobody can connect to or change any more."""

    def clone(self, template: str, name: str) -> None:
        """Make a database that equals the sealed template to the byte."""

    def drop(self, name: str) -> None:
        """Remove a database, be it a template or in use."""

    def holds(self, name: str) -> bool:
        """Whether the database is there: a server that crashed may have lost what was only in memory."""

    def gauge(self, name: str, working: Database) -> AbstractContextManager[Gauge]:
        """What the work of that connection to the database `name` takes, seen from beside it."""

    def free_bytes(self) -> int | None:
        """Free disk where its data lie; None where it cannot be seen."""

    def close(self) -> None:
        """Stop everything and delete its folder, even while other threads use it; closing twice is harmless.

        Afterwards every call raises `ServerError` and starts nothing.
        """


class Catalogue:
    """The databases of one server that the lab made, and which of them are sealed; refuses all once closed."""

    def __init__(self) -> None:
        self._sealed: dict[str, bool] = {}
        self._closed = False

    @contextmanager
    def adding(self, name: str, *, prefix: str = "") -> Iterator[None]:
        """Enter a new database, unsealed, once the code inside has made it; `prefix` is part of its real name."""
        self.require_running()
        if name in self._sealed:
            raise InputError(f"There is a database '{name}' already.")
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
        self._closed = True

    def holds(self, name: str) -> bool:
        """Whether that database was made and not removed."""
        return name in self._sealed

    def clear(self) -> None:
        """Forget every database."""
        self._sealed.clear()

    def require_running(self) -> None:
        """Refuse to go on once the server was closed."""
        if self._closed:
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
