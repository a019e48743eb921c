"""A connection that can only read, and never for long: every query is a read-only transaction with its own limits."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from lab.errors import InputError
from lab.postgres.database import Database, Row, address, parts_of

OLDEST = 14
"""The first PostgreSQL that reads a range of blocks without reading the whole table."""

_STATEMENT = timedelta(seconds=60)
_LOCK = timedelta(seconds=2)
# Set inside each transaction: neither the connection string, nor the role, nor a pooler between can have it otherwise.
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
SET LOCAL row_security = off;
SET LOCAL jit = off;
SET LOCAL max_parallel_workers_per_gather = 0
"""  # Row security would hide rows silently; off, it is an error.
_IN_PLACE = "SET LOCAL timescaledb.enable_transparent_decompression = off"


class Source(Database):
    """A `Database` whose every query is a transaction of its own that cannot write, wait or run for long."""

    def fetch(self, sql: str, params: Sequence[object] | None = None) -> list[Row]:
        """Run one query, read-only, and return all its rows."""
        with self.transaction():
            super().execute(_GUARD)
            return super().fetch(sql, params)

    def fetch_in_place(self, sql: str) -> list[Row]:
        """Like `fetch`, but a chunk of TimescaleDB shows only what is not in its columnstore."""
        with self.transaction():
            super().execute(_GUARD)
            super().execute(_IN_PLACE)
            return super().fetch(sql)

    def execute(self, sql: str, params: Sequence[object] | None = None) -> int:
        """Run one statement, read-only."""
        with self.transaction():
            super().execute(_GUARD)
            return super().execute(sql, params)


def open_source(dsn: str) -> Source:
    """Connect to the database to be profiled; `dsn` may be empty, where libpq's environment says it all.

    Errors: `InputError` where the string cannot be read or the server is too old, `ServerError` where nobody answers.
    No password is ever in their words.
    """
    require_unambiguous(dsn)
    timeout = parts_of(dsn).get("connect_timeout", "10")
    source = Source.connect(address(dsn, connect_timeout=timeout, client_encoding="UTF8"))
    version = int(source.value("SELECT current_setting('server_version_num')::int")) // 10_000
    if version < OLDEST:
        source.close()
        raise InputError(f"PostgreSQL {version} cannot be profiled.", hint=f"Version {OLDEST} or newer is needed.")
    return source


def require_unambiguous(dsn: str) -> None:
    """Refuse a URL whose password holds an unescaped @ or /: libpq would take a part of it for a host, and show it.

    Errors: `InputError`, without a word of the string.
    """
    scheme, separator, rest = dsn.partition("://")
    userinfo, _, host = rest.rpartition("@")
    if separator and scheme.startswith("postgres") and ("@" in userinfo + host or set("/?# ") & set(userinfo)):
        raise InputError(
            "The connection string is ambiguous: a name or a password in it has a character that must be escaped.",
            hint="Write %40 for @, %2F for /, %3F for ?, %23 for # and %25 for %, or set PGPASSWORD instead.",
        )
