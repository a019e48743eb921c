"""The footprint leaves nothing out: every fork of every user table, rolled up to the table its owner knows."""

from __future__ import annotations

from collections.abc import Callable

from lab.postgres import footprint
from lab.postgres.database import Database
from lab.servers import Server
from lab.values import Footprint


def whole(database: Database) -> int:
    return int(
        database.value(
            "SELECT sum(pg_total_relation_size(c.oid)) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE c.relkind IN ('r', 'm') AND n.nspname NOT IN ('pg_catalog', 'information_schema')"
        )
    )


def sizes(measured: Footprint) -> dict[str, int]:
    return {table.table: table.total for table in measured.tables}


def test_kinds_sum_to_the_total_relation_size(server: Server, new_name: Callable[[], str]) -> None:
    name = new_name()
    server.create(name)
    with server.connect(name) as db:
        db.execute("CREATE SCHEMA other")
        db.execute('CREATE TABLE other."Odd Name" (id int PRIMARY KEY, doc text)')
        db.execute("CREATE TABLE plain (id int PRIMARY KEY, doc text)")
        fill = "SELECT i, (SELECT string_agg(md5((i * j)::text), '') FROM generate_series(1, 200) j) FROM generate_series(1, 200) i"
        db.execute(f'INSERT INTO other."Odd Name" {fill}')
        db.execute(f"INSERT INTO plain {fill}")
        db.execute("CREATE MATERIALIZED VIEW kept AS SELECT id FROM plain")
        db.execute("VACUUM")
        measured = footprint.measure(db)
        assert measured.total == whole(db)
    assert set(sizes(measured)) == {"plain", "other.Odd Name", "kept"}
    plain = measured.of("plain")
    assert plain is not None
    assert min(plain.heap, plain.maps, plain.toast, plain.indexes) > 0
    assert measured.tables[0].total >= measured.tables[-1].total


def test_partitions_are_counted_once_under_their_parent(server: Server, new_name: Callable[[], str]) -> None:
    name = new_name()
    server.create(name)
    with server.connect(name) as db:
        db.execute("CREATE TABLE parent (id int, at date) PARTITION BY RANGE (at)")
        db.execute("CREATE TABLE rest PARTITION OF parent DEFAULT")
        db.execute("INSERT INTO parent SELECT i, '2026-02-02' FROM generate_series(1, 1000) i")
        sizes = footprint.measure(db)
        assert sizes.total == whole(db)
    (parent,) = sizes.tables
    assert (parent.table, parent.relations) == ("parent", 1)


def test_chunks_and_their_compressed_tables_are_counted_under_the_hypertable(
    pglite: Server, new_name: Callable[[], str]
) -> None:
    name = new_name()
    pglite.create(name)
    with pglite.connect(name) as db:
        db.execute("CREATE EXTENSION timescaledb")
        db.execute("CREATE TABLE hyper (at timestamptz NOT NULL, id int)")
        db.execute("SELECT create_hypertable('hyper', by_range('at', interval '1 day'))")
        db.execute(
            "INSERT INTO hyper SELECT '2026-02-02'::timestamptz + i * interval '1 min', i FROM generate_series(1, 5000) i"
        )
        db.execute("ALTER TABLE hyper SET (timescaledb.enable_columnstore)")
        before = footprint.measure(db)
        for (chunk,) in db.fetch("SELECT show_chunks('hyper')::text"):
            db.execute(f"CALL convert_to_columnstore('{chunk}')")
        after = footprint.measure(db)
        assert after.total == whole(db)
    assert set(sizes(after)) == {"hyper", "(timescaledb catalog)"}
    small, large = after.of("hyper"), before.of("hyper")
    assert small is not None
    assert large is not None
    assert small.relations > large.relations
    assert small.heap < large.heap
