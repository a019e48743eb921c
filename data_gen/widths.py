"""Bytes per row of a loaded odds database, by the names under which a case publishes them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from data_gen.facts import COMPETITORS, HOME, SIDES
from lab.postgres import footprint
from lab.postgres.database import Database
from lab.postgres.sql import PAGE
from lab.values import TableFootprint

_TABLES = (*SIDES.keys(), *SIDES.values(), "event_scrape_status")
_OWNERS = {HOME: "event_id, bookmaker_id", COMPETITORS: "competitor_event_id"}
_COUNTS = "SELECT count(*), (SELECT count(*) FROM pg_index WHERE indrelid = %s::regclass) FROM {table}"
_SAMPLE = 60
"""Number of documents of each platform that are recompressed to compare codecs."""

_COMPETITOR = """SELECT s.id, raw_response FROM competitor_odds_snapshots s
JOIN competitor_events e ON e.id = competitor_event_id WHERE source = '{}'"""
_DOCUMENTS = {
    "betpawa": ("jsonb", "SELECT id, raw_response FROM odds_snapshots"),
    "sportybet": ("json", _COMPETITOR.format("sportybet")),
    "bet9ja": ("json", _COMPETITOR.format("bet9ja")),
    "competitors": ("json", "SELECT id, raw_response FROM competitor_odds_snapshots"),
}
_WEIGHTS = """
WITH series AS (
    SELECT id, lag(id) OVER by_owner AS before, row_number() OVER by_owner - 2 AS pair,
           count(*) OVER (PARTITION BY {owner}) - 1 AS pairs
    FROM {snapshots} WINDOW by_owner AS (PARTITION BY {owner} ORDER BY captured_at, id)),
weights AS (
    SELECT id, before, (least(pair, greatest(pairs - 10, 0)) - greatest(pair - least(10, pairs) + 1, 0) + 1)::float8
           / (greatest(pairs - 10, 0) + 1) AS weight
    FROM series WHERE before IS NOT NULL),"""
"""A profile compares 11 consecutive snapshots of each event. Pairs at the ends of an event's life are in fewer windows."""
_NAMES = "betpawa_market_id, betpawa_market_name, line, handicap_type, handicap_home, handicap_away"
_EQUAL = f"""{_WEIGHTS}
contents AS MATERIALIZED (
    SELECT DISTINCT snapshot_id,
           hashtextextended(ROW({_NAMES}, outcomes, market_groups, unavailable_at)::text, 0) AS content
    FROM {{markets}})
SELECT 100 * sum(weight) FILTER (WHERE old.content IS NOT NULL) / sum(weight)
FROM weights JOIN contents AS new ON new.snapshot_id = id
     LEFT JOIN contents AS old ON old.snapshot_id = before AND old.content = new.content"""
_EQUAL_LISTS = f"""{_WEIGHTS}
lists AS MATERIALIZED (
    SELECT snapshot_id, sum(hashtextextended(ROW({_NAMES})::text, 0)::numeric) AS list FROM {{markets}} GROUP BY 1)
SELECT 100 * sum(weight) FILTER (WHERE old.list = new.list) / sum(weight)
FROM weights JOIN lists AS new ON new.snapshot_id = id LEFT JOIN lists AS old ON old.snapshot_id = before"""
_MEANS = """SELECT avg(octet_length(pglz::text))::float8, avg(pg_column_size(pglz))::float8,
avg(pg_column_size(other))::float8 FROM lab_codecs"""


def measure(database: Database, *, lz4: bool) -> Mapping[str, float | None]:
    """Figures by name; those that need lz4 are None on a server without it.

    Reads the JSON columns of every row once and creates a temporary table of `_SAMPLE` documents per platform.
    """
    return dict([*_widths(database), *_columns(database), *_repeats(database), *_codecs(database, lz4=lz4)])


def _widths(database: Database) -> Iterator[tuple[str, float | None]]:
    sizes = footprint.measure(database)
    for table in sizes.tables:
        if table.table in _TABLES:
            yield f"{table.table}.share_of_database", 100 * table.total / sizes.total
            yield from _per_row(database, table)


def _per_row(database: Database, table: TableFootprint) -> Iterator[tuple[str, float | None]]:
    """Widths as in a table of millions of rows, where a single page does not matter.

    Therefore it leaves out the heap's last page, which is partly filled, with its rows, and the first page of each
    index, which holds no row.
    """
    name = table.table
    rows, indexes = database.fetch(_COUNTS.format(table=name), (name,))[0]
    yield f"{name}.rows", rows
    yield f"{name}.heap_bytes_per_row", _heap_width(database, table, rows)
    yield f"{name}.toast_bytes_per_row", table.toast / rows if rows else None
    yield f"{name}.index_bytes_per_row", (table.indexes - PAGE * indexes) / rows if rows else None


def _heap_width(database: Database, table: TableFootprint, rows: int) -> float | None:
    full = table.heap // PAGE - 1
    before = database.value(f"SELECT count(*) FROM {table.table} WHERE ctid < '({full},0)'::tid") if full > 0 else 0
    if before:
        return PAGE * full / int(before)
    return table.heap / rows if rows else None


def _columns(database: Database) -> Iterator[tuple[str, float | None]]:
    for snapshots, markets in SIDES.items():
        stored = f"SELECT avg(pg_column_size(raw_response))::float8 FROM {snapshots}"
        yield f"{snapshots}.raw_response_bytes", database.value(stored)
        yield (
            f"{markets}.outcomes_bytes",
            database.value(f"SELECT avg(pg_column_size(outcomes))::float8 FROM {markets}"),
        )
        per_snapshot = (
            f"SELECT (SELECT count(*) FROM {markets})::float8 / nullif((SELECT count(*) FROM {snapshots}), 0)"
        )
        yield f"{markets}.rows_per_snapshot", database.value(per_snapshot)


def _repeats(database: Database) -> Iterator[tuple[str, float | None]]:
    """Share of market rows that equal a row of the previous snapshot, and of snapshots with the same list as that.

    In percent, weighted as a profile samples them.
    """
    for snapshots, markets in SIDES.items():
        for name, query in (("equal_to_previous", _EQUAL), ("list_equal_to_previous", _EQUAL_LISTS)):
            share = database.value(query.format(snapshots=snapshots, owner=_OWNERS[snapshots], markets=markets))
            yield f"{markets}.{name}", share


def _codecs(database: Database, *, lz4: bool) -> Iterator[tuple[str, float | None]]:
    for platform, (kind, query) in _DOCUMENTS.items():
        text, pglz, other = _recompressed(database, kind, query, lz4=lz4)
        name = f"raw_response.{platform}"
        yield f"{name}.text_bytes", text
        yield f"{name}.stored_bytes", pglz
        yield f"{name}.stored_per_text", pglz / text if pglz and text else None
        yield f"{name}.lz4_per_pglz", other / pglz if pglz and other else None


def _recompressed(
    database: Database, kind: str, query: str, *, lz4: bool
) -> tuple[float | None, float | None, float | None]:
    """Mean bytes of a sample as text, recompressed with pglz, and recompressed with lz4.

    A copied value keeps its codec, so each value is cast to text first.
    """
    codec = "lz4" if lz4 else "pglz"
    database.execute(f"CREATE TEMP TABLE lab_codecs (pglz {kind} COMPRESSION pglz, other {kind} COMPRESSION {codec})")
    numbered = f"""SELECT raw_response, row_number() OVER (ORDER BY id) AS place, count(*) OVER () AS total
        FROM ({query}) AS documents"""
    chosen = f"""SELECT raw_response::text AS document FROM ({numbered}) AS numbered
        WHERE place * {_SAMPLE} % total < {_SAMPLE}"""
    database.execute(f"INSERT INTO lab_codecs SELECT document::{kind}, document::{kind} FROM ({chosen}) AS sample")
    ((text, pglz, other),) = database.fetch(_MEANS)
    database.execute("DROP TABLE lab_codecs")
    return text, pglz, other if lz4 else None
