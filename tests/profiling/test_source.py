"""Profiling cannot write, says what it may not see, and never shows a password."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from lab import profiling
from lab.errors import DatabaseError, InputError, LabError
from lab.postgres.conninfo import address
from lab.postgres.database import Database
from lab.profiling.catalog.session import open_session
from lab.values import Profile
from tests.profiling.conftest import Aged

WRITES = ("CREATE TABLE made (id int)", "CREATE TEMP TABLE made (id int)", "DELETE FROM public.sports", "VACUUM")
SECRET = "hush7Secret"  # noqa: S105 - the password that must not be seen


def profiled(dsn: str) -> Profile:
    return profiling.profile(dsn, progress=lambda _: None)


@contextmanager
def role(database: Database, name: str, *grants: str) -> Iterator[None]:
    database.execute(f"CREATE ROLE {name} LOGIN")
    try:
        for grant in grants:
            database.execute(grant)
        yield
    finally:
        database.execute(f"DROP OWNED BY {name}")
        database.execute(f"DROP ROLE {name}")


@pytest.mark.parametrize("statement", WRITES)
def test_nothing_can_be_written_whatever_the_connection_string_asks_for(aged: Aged, statement: str) -> None:
    asked = address(aged.dsn, options="-c default_transaction_read_only=off -c transaction_read_only=off")
    with open_session(asked) as source:
        with pytest.raises(DatabaseError):
            source.execute(statement)
        with pytest.raises(DatabaseError):
            source.fetch("DELETE FROM public.sports RETURNING 1")


def test_limits_hold_whatever_the_connection_string_asks_for(aged: Aged) -> None:
    names = ("statement_timeout", "lock_timeout", "transaction_read_only", "search_path", "row_security")
    asked = address(aged.dsn, options="-c statement_timeout=0 -c lock_timeout=0 -c row_security=on")
    with open_session(asked) as source:
        values = [source.value(f"SELECT current_setting('{name}')") for name in names]
    assert values == ["1min", "2s", "on", "pg_catalog", "off"]


def test_a_profile_leaves_no_trace(aged: Aged) -> None:
    """No temporary file, and nothing in WAL but what the server notes by itself every 15 seconds for replicas."""
    with copy_of(aged) as dsn, Database.connect(dsn) as database:
        database.execute("CREATE EXTENSION pg_walinspect")
        database.execute("VACUUM")  # else PostgreSQL itself tidies pages that are read
        database.execute("CHECKPOINT")
        files, position = database.value(TEMPORARY), database.value(POSITION)
        profiled(dsn)
        records = written_since(database, position)
        assert database.value(TEMPORARY) == files
    assert records <= {"RUNNING_XACTS"}


@contextmanager
def copy_of(aged: Aged) -> Iterator[str]:
    """A database that a test may change: the others compare the aged one with the profile that was made of it."""
    with Database.connect(address(aged.dsn, dbname="postgres")) as server:
        server.execute(f"CREATE DATABASE copy TEMPLATE {aged.name}")
        try:
            yield address(aged.dsn, dbname="copy")
        finally:
            server.execute("DROP DATABASE copy WITH (FORCE)")


TEMPORARY = "SELECT temp_files FROM pg_stat_database WHERE datname = current_database()"
POSITION = "SELECT pg_current_wal_insert_lsn()::text"


def written_since(database: Database, position: str) -> set[str]:
    """Kinds of WAL records after that position."""
    end = database.value(POSITION)
    if end == position:
        return set()
    database.execute("SELECT pg_switch_wal()")  # until it is flushed, nobody can read it
    query = "SELECT DISTINCT record_type FROM pg_get_wal_records_info(%s, %s)"
    return {kind for (kind,) in database.fetch(query, (position, end))}


def test_pg_monitor_and_select_are_enough(aged: Aged) -> None:
    grants = (
        "GRANT pg_monitor TO watcher",
        'GRANT USAGE ON SCHEMA "Other Place" TO watcher',
        'GRANT SELECT ON ALL TABLES IN SCHEMA public, "Other Place" TO watcher',
    )
    with aged.server.connect(aged.name) as database, role(database, "watcher", *grants):
        profile = profiling.profile(address(aged.dsn, user="watcher"), now=aged.now, progress=lambda _: None)
    assert profile.wal_bytes is not None
    assert profile.missing == aged.profile.missing
    assert {(table.table, table.rows) for table in profile.tables} == {
        (table.table, table.rows) for table in aged.profile.tables
    }


def test_what_a_weak_role_cannot_see_is_said_and_never_zero(aged: Aged) -> None:
    with (
        aged.server.connect(aged.name) as database,
        role(database, "weak", "GRANT SELECT ON odds_snapshots, odds_snapshots_default TO weak"),
    ):
        profile = profiled(address(aged.dsn, user="weak"))
    assert profile.wal_bytes is None
    seen, unseen = profile.of("odds_snapshots"), profile.of("market_odds")
    assert seen is not None
    assert unseen is not None
    assert seen.rows
    assert (unseen.rows, unseen.heap_bloat_bytes, unseen.growth, unseen.columns) == (None, None, None, ())
    assert unseen.total_bytes
    text = "\n".join(profile.missing)
    assert "market_odds: only sizes are known. This role may not SELECT" in text
    assert "parts: only sizes are known. This role may not SELECT from 3 of its 3 parts" in text
    assert "pg_monitor" in text


def test_hidden_rows_are_not_counted_as_absent(aged: Aged) -> None:
    grants = (
        "GRANT SELECT ON nothing, wide TO fenced",
        "ALTER TABLE wide ENABLE ROW LEVEL SECURITY",
    )
    with aged.server.connect(aged.name) as database, role(database, "fenced", *grants):
        profile = profiled(address(aged.dsn, user="fenced"))
        database.execute("ALTER TABLE wide DISABLE ROW LEVEL SECURITY")
    wide = profile.of("wide")
    assert wide is not None
    assert wide.rows is None
    assert any(line.startswith("wide: columns and rows: not read.") for line in profile.missing)


def test_a_locked_table_is_left_out_and_named(aged: Aged) -> None:
    with aged.server.connect(aged.name) as holder, holder.transaction():
        holder.execute("LOCK TABLE near IN ACCESS EXCLUSIVE MODE")
        profile = profiled(aged.dsn)
    assert profile.of("near") is None
    assert profile.of("market_odds") is not None
    assert "Not measured, because locked by somebody: near." in profile.missing


@pytest.mark.parametrize(
    "dsn",
    [
        f"postgresql://me:{SECRET}@127.0.0.1:1/none",
        f"postgresql://me:a@{SECRET}@127.0.0.1:1/none",
        f"postgresql://me:a/{SECRET}@127.0.0.1:1/none",
        f"postgresql://me:%zz{SECRET}@127.0.0.1:1/none",
        f"postgresql://127.0.0.1:1/none?password={SECRET}&wrong=1",
        f"host=127.0.0.1 port=1 password={SECRET}",
        f"host=127.0.0.1 port=1 password=a {SECRET}",
        f"host=127.0.0.1 port=1 password='{SECRET}",
    ],
)
def test_a_password_is_in_no_error(dsn: str) -> None:
    with pytest.raises(LabError) as caught:
        profiled(dsn)
    assert SECRET not in "".join(traceback.format_exception(caught.value, limit=0))
    assert SECRET not in repr(caught.value)


def test_a_password_is_in_no_profile(aged: Aged) -> None:
    assert SECRET not in profiling.text(profiled(address(aged.dsn, password=SECRET)))


def test_a_word_that_is_no_connection_string_is_refused() -> None:
    with pytest.raises(InputError):
        profiled("results/sample")
