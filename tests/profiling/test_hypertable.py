"""Hypertables, with and without columnstore, are one table each."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from lab import profiling
from lab.postgres.conninfo import address
from lab.profiling.catalog.session import open_session
from lab.profiling.catalog.tables import read_tables
from lab.profiling.time import paths
from lab.servers import Server
from lab.values import EXTENSION_CATALOG, Profile

FILL = """INSERT INTO hyper SELECT '2026-02-02'::timestamptz + i * interval '1 min', i % 7, repeat(md5(i::text), 3)
FROM generate_series(1, 9000) i"""


@pytest.fixture
def hyper(pglite: Server, new_name: Callable[[], str]) -> tuple[Server, str]:
    name = new_name()
    pglite.create(name)
    with pglite.connect(name) as db:
        db.execute("CREATE EXTENSION timescaledb")
        db.execute("CREATE TABLE hyper (at timestamptz NOT NULL, kind int, doc text)")
        db.execute("CREATE INDEX hyper_kind ON hyper (kind)")
        db.execute("SELECT create_hypertable('hyper', by_range('at', interval '1 day'))")
        db.execute(FILL)
    return pglite, name


def profiled(server: Server, name: str) -> Profile:
    """One connection at a time: the one whose address it is must be closed first."""
    with server.connect(name) as db:
        dsn = address(db.conninfo, password="any")  # noqa: S106 - the engine takes any
        now = db.value("SELECT timestamptz '2026-02-08 06:00+00'")
    return profiling.profile(dsn, now=now, progress=lambda _: None)


def test_a_hypertable_agrees_with_exact_sums(hyper: tuple[Server, str]) -> None:
    server, name = hyper
    profile = profiled(server, name)
    table = profile.of("hyper")
    assert table is not None
    assert (table.rows, table.rows_exact, table.relations) == (9000, True, 8)
    assert table.time is not None
    assert (table.time.column, table.time.rule) == ("at", "partition")
    assert sum(day.rows for day in table.by_day) == 9000
    assert {index.name for index in table.indexes} == {"hyper_at_idx", "hyper_kind"}
    with server.connect(name) as db:
        sums = db.fetch(
            "SELECT sum(pg_column_size(at)), sum(pg_column_size(kind)), sum(pg_column_size(doc)) FROM hyper"
        )
        kept = db.value("SELECT count(*) FROM hyper WHERE at > timestamptz '2026-02-08 06:00+00' - interval '168 h'")
    assert tuple(column.stored_bytes for column in table.columns) == sums[0]
    assert table.retention[0].rows_kept == kept
    assert profile.of(EXTENSION_CATALOG) is not None


def test_rows_of_the_columnstore_are_counted_and_weighed(hyper: tuple[Server, str]) -> None:
    server, name = hyper
    before = profiled(server, name).of("hyper")
    with server.connect(name) as db:
        db.execute("ALTER TABLE hyper SET (timescaledb.enable_columnstore, timescaledb.segmentby = 'kind')")
        for (chunk,) in db.fetch("SELECT show_chunks('hyper')::text LIMIT 4"):
            db.execute(f"CALL convert_to_columnstore('{chunk}')")
    after = profiled(server, name).of("hyper")
    assert before is not None
    assert after is not None
    assert (after.rows, after.rows_exact) == (9000, True)
    assert after.undated_rows == 0
    assert sum(day.rows for day in after.by_day) == 9000
    for small, large in zip(after.columns, before.columns, strict=True):
        assert 0 < (small.stored_bytes or 0) < (large.stored_bytes or 0)
    assert [columnar(server, name, column.name) for column in after.columns] == [
        column.stored_bytes for column in after.columns
    ]


def columnar(server: Server, name: str, column: str) -> int:
    """Bytes of a column in all relations with storage that have it."""
    with server.connect(name) as db:
        relations = db.fetch(
            "SELECT a.attrelid::regclass::text FROM pg_attribute a JOIN pg_class c ON c.oid = attrelid"
            " WHERE attname = %s AND relkind = 'r' AND (relname LIKE '%%_chunk')",
            (column,),
        )
        db.execute("SET timescaledb.enable_transparent_decompression = off")
        sums = [db.value(f"SELECT sum(pg_column_size({column})) FROM ONLY {relation}") for (relation,) in relations]
    return sum(int(size or 0) for size in sums)


def test_a_role_that_may_not_use_the_schema_of_a_hypertable_sees_its_size(hyper: tuple[Server, str]) -> None:
    server, name = hyper
    with server.connect(name) as db:
        db.execute("CREATE SCHEMA closed")
        db.execute("ALTER TABLE hyper SET SCHEMA closed")
        db.execute("CREATE ROLE outsider LOGIN")
        dsn = address(db.conninfo, password="any")  # noqa: S106 - the engine takes any
    with open_session(dsn) as source:
        source.execute("SET ROLE outsider")  # the engine does not ask who connects
        tables = read_tables(source, without=(), standby=False)
        ways = paths.find(tables, paths.keys(source, tables))
        source.execute("RESET ROLE")
    table = next(table for table in tables if table.label == "closed.hyper")
    assert (table.readable, len(table.relations), ways[table.oid].rule) == (False, 8, "partition")


def test_two_indexes_of_the_same_shape_are_two(hyper: tuple[Server, str]) -> None:
    server, name = hyper
    with server.connect(name) as db:
        db.execute("CREATE INDEX hyper_again ON hyper (kind)")
    table = profiled(server, name).of("hyper")
    assert table is not None
    sizes = {index.name: index.bytes for index in table.indexes}
    assert sizes["hyper_again"] == sizes["hyper_kind"] > 8192
    assert sum(sizes.values()) == table.index_bytes


def test_a_continuous_aggregate_is_a_table_under_its_name(hyper: tuple[Server, str]) -> None:
    server, name = hyper
    with server.connect(name) as db:
        db.execute(
            "CREATE MATERIALIZED VIEW hourly WITH (timescaledb.continuous) AS"
            " SELECT time_bucket('1 hour', at) AS hour, count(*) AS n FROM hyper GROUP BY 1"
        )
    table = profiled(server, name).of("hourly")
    assert table is not None
    assert (table.rows, [column.name for column in table.columns]) == (151, ["hour", "n"])
    assert table.time is not None
    assert (table.time.column, table.time.rule) == ("hour", "partition")
