"""A read-only connection: every query is a read-only transaction with its own time limits."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from lab.errors import InputError
from lab.postgres.conninfo import users_server
from lab.postgres.database import Database, Row

OLDEST = 14
"""The first release of PostgreSQL that reads a range of blocks without reading the whole table."""

_STATEMENT = timedelta(seconds=60)
_LOCK = timedelta(seconds=2)
# Set inside each transaction, so that neither the connection string, nor the role, nor a pooler can override it.
_GUARD = f"""
SET TRANSACTION READ ONLY;
SET LOCAL statement_timeout = '{_STATEMENT.total_seconds():.0f}s';
SET LOCAL lock_timeout = '{_LOCK.total_seconds():.0f}s';
SET LOCAL idle_in_transaction_session_timeout = '{_STATEMENT.total_seconds():.0f}s';
SET LOCAL application_name = 'lab profile';
SET LOCAL search_path = pg_catalog;
SET LOCAL timezone = 'UTC';
SET LOCAL datestyle = 'ISO';
SET LOCAL intervalstyle = 'postgres';
SET LOCAL bytea_output = 'hex';
SET LOCAL extra_float_digits = 1;
SET LOCAL row_security = off;
SET LOCAL jit = off;
SET LOCAL max_parallel_workers_per_gather = 0
"""  # With row security on, hidden rows would be missing silently; with it off, the query fails.
_IN_PLACE = "SET LOCAL timescaledb.enable_transparent_decompression = off"


class ReadOnlySession(Database):
    """A `Database` that runs every query in its own transaction, which cannot write, wait or run for long."""

    def fetch(self, sql: str, params: Sequence[object] | None = None) -> list[Row]:
        """Run one query, read-only, and return all its rows."""
        with self.transaction():
            super().execute(_GUARD)
            return super().fetch(sql, params)

    def fetch_in_place(self, sql: str) -> list[Row]:
        """Like `fetch`, but a chunk of TimescaleDB shows only the rows outside its columnstore."""
        with self.transaction():
            super().execute(_GUARD)
            super().execute(_IN_PLACE)
            return super().fetch(sql)

    def fetch_public(self, sql: str) -> list[Row]:
        """Like `fetch`, but names without a schema refer to the schema `public`."""
        with self.transaction():
            super().execute(_GUARD)
            super().execute("SET LOCAL search_path = public")
            return super().fetch(sql)

    def execute(self, sql: str, params: Sequence[object] | None = None) -> int:
        """Run one statement, read-only."""
        with self.transaction():
            super().execute(_GUARD)
            return super().execute(sql, params)


def open_session(dsn: str) -> ReadOnlySession:
    """Connect to the database to be profiled; `dsn` may be empty if libpq's variables name the database.

    Errors: `InputError` where the string is invalid or the server is too old, `ServerError` where no server answers.
    No message contains a password.
    """
    source = ReadOnlySession.connect(users_server(dsn, connect_timeout="10"))
    version = int(source.value("SELECT current_setting('server_version_num')::int")) // 10_000
    if version < OLDEST:
        source.close()
        raise InputError(f"PostgreSQL {version} cannot be profiled.", hint=f"Version {OLDEST} or newer is needed.")
    return source
