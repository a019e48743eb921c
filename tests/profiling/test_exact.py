"""On a generated database that was aged by hand, the profile agrees with exact sums."""

from __future__ import annotations

from collections import Counter

import pytest

from lab.analysis.drivers import drivers
from lab.analysis.pieces import Storage, pieces
from lab.postgres import footprint
from lab.postgres.database import Database
from lab.postgres.sql import quoted
from lab.profiling.catalog.session import open_session
from lab.profiling.catalog.tables import read_tables
from lab.profiling.sample import columns
from lab.profiling.sample.strata import draw
from lab.values import TableProfile
from tests.profiling.conftest import Aged

ODD = 'Other Place.Odd "Name" 100%'


def sql_name(label: str) -> str:
    schema, _, table = label.partition(".") if "." in label else ("public", "", label)
    return f"{quoted(schema)}.{quoted(table)}"


def of(aged: Aged, table: str) -> TableProfile:
    profiled = aged.profile.of(table)
    assert profiled is not None
    return profiled


def test_every_table_weighs_what_the_server_says_and_is_counted_once(aged: Aged) -> None:
    with aged.server.connect(aged.name) as database:
        weights = footprint.measure(database)
    assert {table.table: table.total_bytes for table in aged.profile.tables} == {
        table.table: table.total for table in weights.tables
    }
    assert of(aged, "parts").relations == 3
    assert ODD in {table.table for table in aged.profile.tables}
    assert "kept" in {table.table for table in aged.profile.tables}


def test_rows_and_columns_agree_with_exact_sums(aged: Aged) -> None:
    with aged.server.connect(aged.name) as database:
        for table in aged.profile.tables:
            names = [column.name for column in table.columns]
            sums = ", ".join(f"coalesce(sum(pg_column_size({quoted(name)})), 0)" for name in names)
            rows, *stored = database.fetch(f"SELECT count(*), {sums} FROM {sql_name(table.table)}")[0]
            assert (table.rows, table.rows_exact) == (rows, True), table.table
            assert [column.stored_bytes for column in table.columns] == stored, table.table
            assert all(column.error == 0 for column in table.columns)


@pytest.mark.parametrize("table", ["market_odds", "halved"])
def test_a_sample_of_blocks_is_within_two_percent_of_exact_sums(aged: Aged, table: str) -> None:
    """A third of the rows is deleted everywhere in the one, the older half in the other."""
    with open_session(aged.dsn) as source:
        target = next(
            candidate for candidate in read_tables(source, without=(), standby=False) if candidate.label == table
        )
        strata = draw(target, budget=sum(part.blocks for part in target.parts) // 2)
        reading = columns.read(source, target, strata, tells_toast=True)
    assert not reading.exact
    whole = of(aged, table)
    assert reading.rows == pytest.approx(whole.rows, rel=0.02)
    for sampled, exact in zip(reading.columns, whole.columns, strict=True):
        assert exact.stored_bytes is not None
        if exact.stored_bytes > 0.01 * aged.profile.database_bytes:
            assert sampled.stored == pytest.approx(exact.stored_bytes, rel=0.02)
            assert 0 < sampled.error < 0.05


@pytest.mark.parametrize("days", [7, 14, 30])
@pytest.mark.parametrize(
    ("table", "age"),
    [
        ("odds_snapshots", "SELECT captured_at AS at FROM odds_snapshots"),
        ("competitor_odds_snapshots", "SELECT captured_at AS at FROM competitor_odds_snapshots"),
        ("market_odds", "SELECT captured_at AS at FROM market_odds m JOIN odds_snapshots s ON s.id = snapshot_id"),
        ("parts", "SELECT at FROM parts"),
        ("near", "SELECT created_at AS at FROM near JOIN middle m ON m.id = middle_id JOIN far f ON f.id = far_id"),
        (ODD, 'SELECT "Captured At %s" AS at FROM "Other Place"."Odd ""Name"" 100%"'),
    ],
)
def test_retention_counts_the_same_rows_through_every_path(aged: Aged, table: str, age: str, days: int) -> None:
    cutoff = f"'{aged.now}'::timestamptz - interval '{days * 24} hours'"
    query = f"SELECT count(*) FILTER (WHERE at::timestamptz <= {cutoff}), count(*) FROM ({age}) AS ages"
    with aged.server.connect(aged.name) as database:
        database.execute("SET timezone = 'UTC'")
        older, whole = database.fetch(query)[0]
    cut = next(cut for cut in of(aged, table).retention if cut.days == days)
    assert (cut.rows_older, cut.rows_kept) == (older, whole - older)


def test_the_time_of_a_table_is_found_and_said(aged: Aged) -> None:
    times = {table.table: table.time for table in aged.profile.tables}
    paths = {name: (time.column, time.through, time.rule) for name, time in times.items() if time}
    assert paths["odds_snapshots"] == ("captured_at", (), "partition")
    assert paths["market_odds"] == ("captured_at", ("snapshot_id → odds_snapshots",), "name")
    assert paths["competitor_market_odds"][2] == "foreign key"
    assert paths["near"] == ("created_at", ("middle_id → middle", "far_id → far"), "foreign key")
    assert "wide" not in paths
    assert any(
        line.startswith("wide: growth and ages are not known. It has no time column") for line in aged.profile.missing
    )
    assert of(aged, "near").undated_rows == 1000


def test_growth_is_what_came_in_the_last_seven_days(aged: Aged) -> None:
    table = of(aged, "odds_snapshots")
    kept = next(cut.rows_kept for cut in table.retention if cut.days == 7)
    assert table.growth is not None
    assert table.growth.rows_per_day_week == pytest.approx((kept or 0) / 7)
    assert sum(day.rows for day in table.by_day) == table.rows
    bloat = (table.heap_bloat_bytes or 0) + (table.toast_bloat_bytes or 0)
    assert sum(day.bytes or 0 for day in table.by_day) == pytest.approx((table.total_bytes or 0) - bloat, rel=0.001)


def test_bloat_is_seen_where_rows_died(aged: Aged) -> None:
    markets = of(aged, "market_odds")
    assert markets.heap_bytes is not None
    assert markets.heap_bloat_bytes == pytest.approx(markets.heap_bytes / 3, rel=0.15)
    gone = of(aged, "competitor_market_odds")
    assert gone.heap_bytes is not None
    assert gone.heap_bloat_bytes == pytest.approx(gone.heap_bytes / 2, rel=0.15)
    fresh = of(aged, "event_scrape_status")
    assert fresh.heap_bytes is not None
    assert (fresh.heap_bloat_bytes or 0) < 0.1 * fresh.heap_bytes


def test_codecs_and_toast_are_those_of_the_values(aged: Aged) -> None:
    odd = {column.name: column for column in of(aged, ODD).columns}
    assert set(odd) == {"Key Col", "Captured At %s", "Doc", "list", "twice", "flat", "anew"}
    assert set(odd["anew"].codecs) == {"lz4", "none"}
    assert odd["flat"].codecs == {}
    assert (odd["flat"].toast_share or 0) > 0.5
    payload = next(column for column in of(aged, "odds_snapshots").columns if column.name == "raw_response")
    assert payload.codecs == {"pglz": 1.0}
    assert payload.toast_share == 1.0
    assert payload.restored["pglz"] == pytest.approx(1.0, abs=0.01)
    assert payload.restored["lz4"] != payload.restored["pglz"]


def test_raw_bytes_are_near_the_exact_ones(aged: Aged) -> None:
    with aged.server.connect(aged.name) as database:
        exact = raw_bytes(database, "odds_snapshots", "raw_response")
    payload = next(column for column in of(aged, "odds_snapshots").columns if column.name == "raw_response")
    assert payload.raw_bytes == pytest.approx(exact, rel=0.05)


def raw_bytes(database: Database, table: str, column: str) -> int:
    return int(database.value(f"SELECT sum(octet_length({column}::text)) FROM {table}"))


def test_indexes_of_partitions_belong_to_their_parents(aged: Aged) -> None:
    (index,) = of(aged, "parts").indexes
    assert index.name == "parts_id"
    assert index.bytes == of(aged, "parts").index_bytes
    for table in aged.profile.tables:
        assert sum(index.bytes for index in table.indexes) == table.index_bytes


def test_drivers_sum_to_the_database(aged: Aged) -> None:
    largest = drivers(aged.profile)
    assert sum(driver.bytes for driver in largest) == aged.profile.database_bytes
    assert sum(driver.share for driver in largest) == pytest.approx(1)
    assert largest[0].name == "odds_snapshots.raw_response"


def test_the_pieces_of_each_table_sum_to_its_heap_its_toast_and_its_indexes(aged: Aged) -> None:
    sums: Counter[tuple[str | None, Storage]] = Counter()
    for piece in pieces(aged.profile):
        sums[piece.table, piece.storage] += piece.bytes
    for table in aged.profile.tables:
        rounding = len(table.columns) + 1
        heap = (table.heap_bytes or 0) + (table.maps_bytes or 0)
        assert sums[table.table, Storage.HEAP] == pytest.approx(heap, abs=rounding)
        assert sums[table.table, Storage.TOAST] == pytest.approx(table.toast_bytes or 0, abs=rounding)
        assert sums[table.table, Storage.INDEXES] == table.index_bytes
    assert sums.total() == aged.profile.database_bytes


def test_the_extensions_that_the_server_offers_are_those_that_it_lists(aged: Aged) -> None:
    with aged.server.connect(aged.name) as database:
        offered: dict[str, str] = dict(
            database.fetch("SELECT name::text, default_version FROM pg_available_extensions")
        )
    useful = ("pg_partman", "pg_repack", "timescaledb")
    assert aged.profile.extensions == {name: offered[name] for name in useful if name in offered}
