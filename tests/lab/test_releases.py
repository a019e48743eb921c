"""A retention removes what no row needs any more, and nothing that a writer refers to meanwhile."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from lab import registry
from lab.postgres.database import Database as Connection
from lab.scenario import Client, Database, Writing
from lab.trial.template import Bench
from lab.values import Completed
from scenarios._market_blocks import NEWEST
from scenarios._packed_payloads import SIDES, packing_new, referred
from scenarios._packing import Packing
from scenarios.pack_market_history import pack
from tests.lab.trials import run_scenario

PACKED = "pack_raw_response(level=1,dictionary_kb=16,share=4)"
"""As fast as it gets, and with several references for an event."""
HISTORY = "pack_market_history"

ORPHANS = "SELECT count(*) FROM {table}_references r WHERE NOT EXISTS (SELECT FROM {table} t WHERE {referred} = r.id)"
UNREADABLE = (
    "SELECT count(*) FROM {table} t WHERE {referred} > 0 AND {referred} NOT IN (SELECT id FROM {table}_references)"
)


def after(name: str, bench: Bench, see: Callable[[Database], None]) -> None:
    """Let the block see a clone after the strategy; what it changes there makes the trial differ."""
    (entry,) = registry.resolve([name])
    scenario = entry.scenario

    def apply(db: Database) -> None:
        scenario.apply(db)
        see(db)

    outcome = run_scenario(bench, apply, changes=scenario.changes, origins=scenario.origins)
    assert isinstance(outcome, Completed), outcome


def writing(name: str, table: str) -> Writing:
    (entry,) = registry.resolve([name])
    return entry.scenario.write[table]


def stage(database: Connection, table: str, key: str, ids: str) -> None:
    """Put the keys of the rows that are about to be deleted where the statements look for them."""
    database.execute(f"CREATE TEMP TABLE deleted_{table} AS SELECT id AS {key} FROM ({ids}) chosen")


def prepare(retention: Connection, table: str) -> None:
    """What a connection that deletes packed snapshots needs; market rows that refer to them stay here."""
    for statement in writing(PACKED, table).prepare:
        retention.execute(statement)
    retention.execute(f"ALTER TABLE {table} DISABLE TRIGGER ALL")


def deletion(table: str) -> Sequence[str]:
    parts = writing(PACKED, table)
    return *parts.collect, f"DELETE FROM {table} t USING deleted_{table} d WHERE t.id = d.id", *parts.release


def work(database: Connection, statements: Sequence[str]) -> None:
    """In one transaction, as a retention does it."""
    with database.transaction():
        for statement in statements:
            database.execute(statement)


def at_once(watched: Database, retention: Callable[[], None], meanwhile: Callable[[], None]) -> bool:
    """Begin the retention, do the rest once it waits or is done, and let it end. Whether it waited."""
    with ThreadPoolExecutor(1) as thread:
        job = thread.submit(retention)
        waits = False
        while not job.done() and not waits:
            waits = bool(watched.value("SELECT count(*) FROM pg_locks WHERE NOT granted"))
            time.sleep(0.01)
        meanwhile()
        job.result()
    return waits


@pytest.mark.slow
@pytest.mark.parametrize("table", SIDES)
def test_a_reference_goes_with_the_last_document_that_needs_it(table: str, bench: Bench) -> None:
    seen: list[tuple[int, int, int]] = []

    def see(db: Database) -> None:
        words = {"table": table, "referred": referred("t.raw_response")}
        # A document in the middle of those that refer to one: half of them stay.
        last = db.value(f"SELECT max(t.id) FROM {table} t WHERE {words['referred']} NOT IN (t.id, 0)")
        with bench.server.connect(db.value("SELECT current_database()")) as retention:
            stage(retention, table, "id", f"SELECT id FROM {table} WHERE id < {last}")
            before = retention.value(f"SELECT count(*) FROM {table}_references")
            prepare(retention, table)
            work(retention, deletion(table))
            left = retention.value(f"SELECT count(*) FROM {table}_references")
            faults = [retention.value(sql.format(**words)) for sql in (ORPHANS, UNREADABLE)]
            seen.append((before - left, left, sum(faults)))

    after(PACKED, bench, see)
    ((gone, left, faults),) = seen
    assert gone
    assert left
    assert not faults


@pytest.mark.slow
def test_a_reference_stays_while_a_writer_is_about_to_refer_to_it(bench: Bench) -> None:
    table, side = next(iter(SIDES.items()))
    seen: list[tuple[bool, int]] = []

    def see(db: Database) -> None:
        name = db.value("SELECT current_database()")
        ((owner, platform, last),) = db.fetch(
            f"SELECT t.{side.owner}, {side.platform}, max(t.id) FROM {table} t {side.joins} GROUP BY 1, 2 ORDER BY 3 DESC LIMIT 1"
        )
        with bench.server.connect(name) as retention, bench.server.connect(name) as writer:
            stage(retention, table, "id", f"SELECT id FROM {table} WHERE id <= {last}")
            prepare(retention, table)
            writer.execute("BEGIN")
            client = Client(fetch=writer.fetch, outside=bench.outside)
            packed = packing_new(table, Packing(level=1, share=4), client)([(last + 1, owner, platform, "{}")])
            assert list(packed)

            def store() -> None:
                columns = ", ".join(column for column in side.columns if column != "id")
                writer.execute(f"INSERT INTO {table} ({columns}) SELECT {columns} FROM {table} WHERE id = {last}")
                writer.execute("COMMIT")

            waited = at_once(db, lambda: work(retention, deletion(table)), store)
            lost = UNREADABLE.format(table=table, referred=referred("t.raw_response"))
            seen.append((waited, db.value(f"{lost} AND t.id > {last}")))

    after(PACKED, bench, see)
    assert seen == [(True, 0)]


@pytest.mark.slow
def test_a_layout_stays_while_rows_are_packed_that_go_on_with_it(bench: Bench) -> None:
    table, newest_ones = next(iter(NEWEST.items()))
    seen: list[tuple[bool, int, int]] = []

    def see(db: Database) -> None:
        name = db.value("SELECT current_database()")
        rows = f"SELECT count(*) FROM {table} WHERE snapshot_id IN ({newest_ones})"
        before = db.value(rows)
        statements = [statement.replace(newest_ones, "SELECT 0") for statement in pack(table)]
        # Layouts are chosen by then, and nothing is stored yet.
        middle = next(place for place, sql in enumerate(statements) if sql.startswith(f"INSERT INTO {table}_places"))
        with bench.server.connect(name) as retention, bench.server.connect(name) as packer:
            old = f"SELECT snapshot_id AS id FROM {table}_blocks WHERE snapshot_id NOT IN ({newest_ones})"
            stage(retention, table, "snapshot_id", old)
            for statement in statements[:middle]:
                packer.execute(statement)

            def end() -> None:
                for statement in statements[middle:]:
                    packer.execute(statement)

            parts = writing(HISTORY, table)
            waited = at_once(db, lambda: work(retention, (*parts.collect, *parts.delete, *parts.release)), end)
            seen.append((waited, before, db.value(rows)))

    after(HISTORY, bench, see)
    ((waited, before, left),) = seen
    assert waited
    assert left == before > 0
