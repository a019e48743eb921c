"""A retention removes what no row needs any more, and nothing that stays or that a writer refers to meanwhile."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import pytest

from lab.errors import LabError
from lab.postgres.database import Database as Connection
from lab.scenario import Client, Database, Row, Writing
from lab.trial.template import Bench
from scenarios._market_blocks import NEWEST
from scenarios._packed_payloads import SIDES, packing_new, referred
from scenarios._packing import Packing
from scenarios.pack_market_history import pack
from tests.lab.trials import after, at_once, on_pglite, scenario_of

PACKED = "pack_raw_response(level=1,dictionary_kb=16,share=4)"
"""As fast as it gets, and with several references for an event."""
HISTORY = "pack_market_history"
PIECES = "deduplicate_payloads"

ORPHANS = "SELECT count(*) FROM {table}_references r WHERE NOT EXISTS (SELECT FROM {table} t WHERE {referred} = r.id)"
UNREADABLE = (
    "SELECT count(*) FROM {table} t WHERE {referred} > 0 AND {referred} NOT IN (SELECT id FROM {table}_references)"
)

LOST = "SELECT count(*) FROM ({needed}) n(part) WHERE part NOT IN (SELECT id FROM payload_parts)"
"""Pieces that documents refer to, and that are not there."""


def writing(name: str, table: str) -> Writing:
    return scenario_of(name).write[table]


def stage(database: Connection, table: str, key: str, ids: str) -> None:
    """Put the keys of the rows that are about to be deleted where the statements look for them."""
    database.execute(f"CREATE TEMP TABLE deleted_{table} AS SELECT id AS {key} FROM ({ids}) chosen")


def prepare(retention: Connection, name: str, table: str, stored: str) -> None:
    """What a connection that deletes snapshots needs; market rows that refer to them stay here."""
    for statement in writing(name, table).prepare:
        retention.execute(statement)
    retention.execute(f"ALTER TABLE {stored} DISABLE TRIGGER ALL")


def deletion(name: str, table: str) -> Sequence[str]:
    """All of a retention, with the application's DELETE where the strategy has none."""
    parts = writing(name, table)
    own = parts.delete or (f"DELETE FROM {table} t USING deleted_{table} d WHERE t.id = d.id",)
    return *parts.turn, *parts.collect, *own, *parts.release


def work(database: Connection, statements: Sequence[str]) -> None:
    """In one transaction, as a retention does it."""
    with database.transaction():
        for statement in statements:
            database.execute(statement)


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
            prepare(retention, PACKED, table, table)
            work(retention, deletion(PACKED, table))
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
            prepare(retention, PACKED, table, table)
            writer.execute("BEGIN")
            client = Client(fetch=writer.fetch, outside=bench.outside)
            packed = packing_new(table, Packing(level=1, share=4), client)([(last + 1, owner, platform, "{}")])
            assert list(packed)

            def store() -> None:
                columns = ", ".join(column for column in side.columns if column != "id")
                writer.execute(f"INSERT INTO {table} ({columns}) SELECT {columns} FROM {table} WHERE id = {last}")
                writer.execute("COMMIT")

            waited = at_once(db, partial(work, retention, deletion(PACKED, table)), store)
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

            waited = at_once(db, partial(work, retention, deletion(HISTORY, table)), end)
            seen.append((waited, before, db.value(rows)))

    after(HISTORY, bench, see)
    ((waited, before, left),) = seen
    assert waited
    assert left == before > 0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "needed"),
    [
        ("store_changes_only", {"changes": "book", "series": "book", "lists": "list"}),
        ("market_current_and_history", {"history": "book", "current": "book", "lists": "list"}),
        ("outcome_normalization_snapshot", {"layouts": "layout"}),
    ],
)
def test_what_is_stored_of_an_event_goes_with_its_last_snapshot(
    name: str, needed: dict[str, str], bench: Bench
) -> None:
    table, by = "market_odds", "snapshots" if "lists" in needed else "blocks"
    seen: list[tuple[bool, int]] = []

    def see(db: Database) -> None:
        with bench.server.connect(db.value("SELECT current_database()")) as retention:
            stage(retention, table, "snapshot_id", "SELECT id FROM odds_snapshots WHERE event_id <> 1")
            weigh = " + ".join(f"(SELECT count(*) FROM {table}_{suffix})" for suffix in needed)
            before = retention.value(f"SELECT {weigh}")
            work(retention, deletion(name, table))
            orphans = sum(
                retention.value(
                    f"SELECT count(*) FROM {table}_{suffix} WHERE {'book' if key == 'book' else 'id'}"
                    f" NOT IN (SELECT {key} FROM {table}_{by})"
                )
                for suffix, key in needed.items()
            )
            seen.append((0 < retention.value(f"SELECT {weigh}") < before, orphans))

    after(name, bench, see)
    assert seen == [(True, 0)]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["native_partitioning", "hypertable_compression"])
def test_a_day_of_which_a_snapshot_stays_is_not_deleted(name: str, request: pytest.FixtureRequest) -> None:
    bench: Bench = request.getfixturevalue("pglite_bench" if on_pglite(name) else "bench")
    snapshots, markets = "odds_snapshots", "market_odds"
    seen: list[tuple[Row, Row]] = []

    def see(db: Database) -> None:
        counts = f"SELECT (SELECT count(*) FROM {markets}), (SELECT count(*) FROM {snapshots})"
        before = db.fetch(counts)[0]
        with db.step("delete a part of the oldest day"):
            db.execute(f"CREATE TEMP TABLE deleted_{snapshots} AS SELECT min(id) AS id FROM {snapshots}")
            for table in (markets, snapshots):
                (statement,) = writing(name, table).delete
                with pytest.raises(LabError, match="or not at all"):
                    db.execute(statement)
        seen.append((before, db.fetch(counts)[0]))

    after(name, bench, see)
    ((before, left),) = seen
    assert left == before


@pytest.mark.slow
def test_a_partition_of_market_rows_is_not_dropped_with_those_of_later_days(bench: Bench) -> None:
    seen: list[int] = []

    def see(db: Database) -> None:
        with db.step("write on the day after, and delete the last day"):
            db.execute("CREATE TEMP TABLE deleted_odds_snapshots AS SELECT id FROM odds_snapshots")
            db.execute(
                "INSERT INTO odds_snapshots (id, event_id, bookmaker_id, captured_at)"
                " SELECT max(id) + 1, 1, 1, max(captured_at) + interval '1 day' FROM odds_snapshots"
            )
            row = "betpawa_market_id, betpawa_market_name, outcomes"
            db.execute(
                f"INSERT INTO market_odds (snapshot_id, {row}) SELECT (SELECT max(id) FROM odds_snapshots), {row}"
                " FROM market_odds ORDER BY id LIMIT 1"
            )
            (statement,) = writing("native_partitioning", "market_odds").delete
            with pytest.raises(LabError, match="or not at all"):
                db.execute(statement)
        seen.append(
            db.value("SELECT count(*) FROM market_odds WHERE snapshot_id = (SELECT max(id) FROM odds_snapshots)")
        )

    after("native_partitioning", bench, see)
    assert seen == [1]


@pytest.mark.slow
def test_a_market_of_a_snapshot_that_another_connection_wrote_can_be_withdrawn(pglite_bench: Bench) -> None:
    seen: list[int] = []
    newest = "SELECT max(id) FROM odds_snapshots"

    def see(db: Database) -> None:
        parts = writing("hypertable_compression", "market_odds")
        (update,) = parts.update
        with db.step("withdraw a market"):
            for statement in parts.prepare:
                db.execute(statement)
            db.execute(
                "CREATE TEMP TABLE updated_market_odds AS SELECT snapshot_id, betpawa_market_id, now() AS unavailable_at"
                f" FROM market_odds WHERE snapshot_id = ({newest}) LIMIT 1"
            )
            db.execute(update)
        seen.append(
            db.value(f"SELECT count(*) FROM market_odds WHERE snapshot_id = ({newest}) AND unavailable_at IS NOT NULL")
        )

    after("hypertable_compression", pglite_bench, see)
    assert seen == [1]


@pytest.mark.slow
def test_a_packed_market_is_not_withdrawn_in_silence(bench: Bench) -> None:
    seen: list[int] = []

    def see(db: Database) -> None:
        packed = "SELECT min(snapshot_id) FROM market_odds_blocks WHERE layout IS NOT NULL"
        with db.step("withdraw a packed market"):
            db.execute(
                "CREATE TEMP TABLE updated_market_odds AS SELECT snapshot_id, betpawa_market_id, now() AS unavailable_at"
                f" FROM market_odds WHERE snapshot_id = ({packed}) LIMIT 1"
            )
            *_, check = writing(HISTORY, "market_odds").update
            with pytest.raises(LabError, match="packed by now"):
                db.execute(check)
        seen.append(db.value("SELECT count(*) FROM updated_market_odds"))

    after(HISTORY, bench, see)
    assert seen == [1]


@pytest.mark.slow
def test_a_piece_goes_with_the_last_document_that_needs_it(bench: Bench) -> None:
    table, stored = "odds_snapshots", "odds_snapshots_stored"
    needed = " UNION ALL ".join(f"SELECT unnest(parts) FROM {name}_stored" for name in SIDES)
    seen: list[tuple[int, int, int]] = []

    def see(db: Database) -> None:
        with bench.server.connect(db.value("SELECT current_database()")) as retention:
            last = f"SELECT max(id) FROM {stored} WHERE parts IS NOT NULL"
            stage(retention, table, "id", f"SELECT id FROM {stored} WHERE id < ({last})")
            prepare(retention, PIECES, table, stored)
            before = retention.value("SELECT count(*) FROM payload_parts")
            work(retention, deletion(PIECES, table))
            left = retention.value("SELECT count(*) FROM payload_parts")
            orphans = retention.value(f"SELECT count(*) FROM payload_parts WHERE id NOT IN ({needed})")
            seen.append((before - left, orphans, retention.value(LOST.format(needed=needed))))

    after(PIECES, bench, see)
    ((gone, orphans, lost),) = seen
    assert gone
    assert (orphans, lost) == (0, 0)


@pytest.mark.slow
def test_a_piece_stays_while_a_writer_is_about_to_refer_to_it(bench: Bench) -> None:
    table, stored = "odds_snapshots", "odds_snapshots_stored"
    chosen = f"(SELECT min(id) FROM {stored} WHERE parts IS NOT NULL)"
    columns = "event_id, bookmaker_id, captured_at, scrape_run_id, rest, cuts, parts"
    seen: list[tuple[bool, int]] = []

    def see(db: Database) -> None:
        name = db.value("SELECT current_database()")
        with bench.server.connect(name) as retention, bench.server.connect(name) as writer:
            alike = f"SELECT id FROM {stored} WHERE parts && (SELECT parts FROM {stored} WHERE id = {chosen})"
            stage(retention, table, "id", alike)
            prepare(retention, PIECES, table, stored)
            lock, _ = writing(PIECES, table).insert
            writer.execute("BEGIN")
            writer.execute(lock)

            def store() -> None:
                writer.execute(f"INSERT INTO {stored} ({columns}) SELECT {columns} FROM {stored} WHERE id = {chosen}")
                writer.execute("COMMIT")

            waited = at_once(db, partial(work, retention, deletion(PIECES, table)), store)
            seen.append((waited, db.value(LOST.format(needed=f"SELECT unnest(parts) FROM {stored}"))))

    after(PIECES, bench, see)
    assert seen == [(True, 0)]
