"""A PostgreSQL cluster, wherever it runs: creates, seals, clones and drops its databases by SQL."""

from __future__ import annotations

import secrets
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress

from lab.errors import DatabaseError, InputError, ServerError
from lab.postgres.database import Database
from lab.postgres.sql import literal, quoted
from lab.servers.gauge import SqlGauge
from lab.servers.server import DatabaseRecord, Gauge

MARK = "made by the storage lab, run "
"""The comment on every database of the lab is this mark and the run's token. A comment can be read although a sealed template
takes no connection, and a clone does not inherit it."""


class Cluster(ABC):
    """The common part of all kinds of server with one cluster; a subclass connects to a database.

    Every database of the run carries its mark. A database without the mark is never touched.
    """

    private = True
    concurrent = True
    shares_wal = True

    def __init__(self, *, prefix: str = "") -> None:
        self.token = secrets.token_hex(4)
        self._identity = secrets.token_hex(16)
        self._prefix = prefix.format(token=self.token)
        self._catalogue = DatabaseRecord()

    @abstractmethod
    def _reach(self, database: str | None = None) -> Database:
        """An autocommit connection to a database by its real name; by default to the administrative database."""

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._catalogue.closed

    def create(self, name: str) -> None:
        """Make an empty database that sorts by bytes."""
        with self._catalogue.adding(name, prefix=self._prefix), self._reach() as database:
            provider = " LOCALE_PROVIDER libc" if _version(database) >= 15_00_00 else ""  # 14 has no other provider
            self._make(database, name, f"TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C'{provider}")

    def connect(self, name: str) -> Database:
        """Open an autocommit connection; any number at a time."""
        self._catalogue.require_open(name)
        return self._reach(self._real(name))

    def copy_in(self, database: Database, table: str, columns: Sequence[str], chunks: Iterable[bytes]) -> None:
        """Load `chunks` of COPY text format into the table, all rows or none."""
        names = ", ".join(quoted(column) for column in columns)
        database.copy_in(f"COPY {quoted(table)} ({names}) FROM STDIN", chunks)

    def seal(self, name: str) -> None:
        """Checkpoint, then turn the database into a template, which refuses connections."""
        self._catalogue.require_open(name)
        with self._reach() as database:
            self._require_marked(database, name)
            database.execute(f"ALTER DATABASE {quoted(self._real(name))} WITH IS_TEMPLATE true ALLOW_CONNECTIONS false")
            # Open connections survive and could still write.
            database.execute(
                f"SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = {literal(self._real(name))}"
            )
            database.checkpoint()
        self._catalogue.seal(name)

    def clone(self, template: str, name: str) -> None:
        """Copy the template file by file; from PostgreSQL 15 on without writing it to WAL."""
        self._catalogue.require_template(template)
        with self._catalogue.adding(name, prefix=self._prefix), self._reach() as database:
            strategy = " STRATEGY FILE_COPY" if _version(database) >= 15_00_00 else ""
            self._make(database, name, f"TEMPLATE {quoted(self._real(template))}{strategy}")

    def drop(self, name: str) -> None:
        """Remove a database, ending its connections."""
        self._catalogue.require(name)
        with self._reach() as database:
            self._require_marked(database, name)
            drop_database(database, self._real(name))
        self._catalogue.remove(name)

    @contextmanager
    def gauge(self, name: str, working: Database) -> Iterator[Gauge]:
        """Measures the work of that connection, as far as the role's rights allow."""
        self._catalogue.require(name)
        with self._reach() as watching:
            yield SqlGauge(working, watching, self._real(name))

    def holds(self, name: str) -> bool:
        """Whether the database is still there: a server that crashed may have lost it."""
        return self._catalogue.holds(name)

    def _real(self, name: str) -> str:
        """The database's name on the server."""
        return self._prefix + name

    def _make(self, database: Database, name: str, how: str) -> None:
        real = self._real(name)
        if database.fetch("SELECT FROM pg_database WHERE datname = %s", [real]):
            raise InputError(f"A database '{real}' exists already. The lab did not make it and left it alone.")
        try:
            database.execute(f"CREATE DATABASE {quoted(real)} {how}")
            database.execute(f"COMMENT ON DATABASE {quoted(real)} IS {literal(MARK + self.token)}")
            self._catalogue.require_running()  # `close` looked for databases to remove before this one was there
        except BaseException:
            with suppress(ServerError, DatabaseError):  # without its mark it would stay for ever
                drop_database(database, real)
            raise

    def _require_marked(self, database: Database, name: str) -> None:
        mark = database.value(
            "SELECT (SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s)",
            [self._real(name)],
        )
        if mark != MARK + self.token:
            raise ServerError(
                f"The database '{self._real(name)}' does not carry this run's mark. The lab left it alone.",
                hint="Somebody else made, changed or removed it.",
            )


def drop_database(database: Database, name: str) -> None:
    """Remove a database by its real name, even a template or one in use."""
    database.execute(f"ALTER DATABASE {quoted(name)} WITH IS_TEMPLATE false")
    database.execute(f"DROP DATABASE {quoted(name)} WITH (FORCE)")


def _version(database: Database) -> int:
    return int(database.value("SHOW server_version_num"))
