"""The facts of a calibrated case, and the figures that `lab fidelity` compares with them; both from the profile."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from data_gen.calibration.facts import SCRAPES, Facts
from data_gen.case import PublishedFigure
from data_gen.facts import COMPETITORS, HOME, SIDES
from lab.postgres.sql import PAGE
from lab.values import ColumnProfile, TableProfile

_TABLES = (*(table for pair in SIDES.items() for table in pair), SCRAPES)
_DOCUMENTS = ((HOME, "betpawa"), (COMPETITORS, "competitors"))
_WIDTH = 0.03
_ROUNDED = 0.05
"""Tolerance of a width that was published with two digits only."""
_SPLITS = 0.01
"""What is added for indexes, whose pages split where rows come in another order, as those of other events do."""
_BLOATED = 0.1
_PRECISE = 100
"""Number of pages from which a table's partly filled pages do not affect its width."""
_REPEATED = 8.0
"""Tolerance of the share of repeating rows, in points: two standard errors of the 16 events that a profile compares."""

_SAME_LIST = 8.5
"""The same of lists that repeat: two standard errors of the difference between two samples of events, each of 3 points with the
competitors. Home lists repeat more, and differ less from sample to sample."""


def figures(facts: Facts) -> Iterator[PublishedFigure]:
    """Every figure that the profile gives; a figure that it does not give is left out."""
    for table in facts.profile.tables:
        if table.table in _TABLES:
            yield from _table(table, facts)
    for snapshots, markets in SIDES.items():
        yield from _repeats(facts, snapshots, markets)
        yield from _mean(facts.column(snapshots, "raw_response"), f"{snapshots}.raw_response_bytes")
        yield from _mean(facts.column(markets, "outcomes"), f"{markets}.outcomes_bytes")
    for snapshots, name in _DOCUMENTS:
        yield from _codecs(facts.column(snapshots, "raw_response"), f"raw_response.{name}")


def published(facts: Facts) -> dict[str, Any]:
    """The facts of a case, in the layout of a published one."""
    profile = facts.profile
    facts_of_case: dict[str, Any] = {
        "totals": {"database_gb": profile.database_bytes / 2**30},
        "tables": {table.table: dict(_sizes(table)) for table in profile.tables if table.rows is not None},
        "json_columns": dict(_columns(facts)),
    }
    if profile.bytes_per_day is not None:
        facts_of_case["growth"] = {"gb_per_day_mean": profile.bytes_per_day / 2**30}
    return facts_of_case


def _sizes(table: TableProfile) -> Iterator[tuple[str, int]]:
    sizes = {
        "rows": table.rows,
        "heap_bytes": table.heap_bytes,
        "table_bytes": table.data_bytes,
        "indexes_bytes": table.index_bytes,
        "total_bytes": table.total_bytes,
    }
    return ((name, size) for name, size in sizes.items() if size is not None)


def _columns(facts: Facts) -> Iterator[tuple[str, dict[str, float | str]]]:
    for snapshots, markets in SIDES.items():
        for table, name in ((snapshots, "raw_response"), (markets, "outcomes")):
            column = facts.column(table, name)
            if column and column.mean_bytes is not None:
                yield f"{table}.{name}", {"type": column.type, "mean_bytes": column.mean_bytes}


def _table(table: TableProfile, facts: Facts) -> Iterator[PublishedFigure]:
    name, rows = table.table, table.rows
    measured = facts.profile.source == "measured"
    whole = facts.imitated_bytes if measured else facts.profile.database_bytes
    if table.total_bytes is not None:
        yield _points(f"{name}.share_of_database", 100 * table.total_bytes / whole, "%", 2)
    if rows and table.heap_bytes:
        tolerance = _tolerance(table.heap_bytes, 1, facts) + _bloat(table) / 4
        note = f"{_bloat(table):.0%} of it is room of rows that are gone, imitated roughly." if _bloat(table) else ""
        yield _width(f"{name}.heap_bytes_per_row", table.heap_bytes / rows, tolerance, note)
    if rows and table.index_bytes:
        held = table.index_bytes - PAGE * len(table.indexes)  # the first page of an index holds no row
        tolerance = _tolerance(table.index_bytes, 2 * len(table.indexes), facts) + _SPLITS
        yield _width(f"{name}.index_bytes_per_row", held / rows, tolerance)


def _tolerance(size: int, pages: int, facts: Facts) -> float:
    """Relative tolerance of a width; in a small table, `pages` of its pages may be partly filled."""
    few = size < _PRECISE * PAGE * pages
    return (_ROUNDED if facts.profile.source == "published" else _WIDTH) + (pages * PAGE / size if few else 0.0)


def _width(name: str, value: float, tolerance: float, note: str = "") -> PublishedFigure:
    return PublishedFigure(name=name, value=value, unit="B", tolerance=tolerance, relative=True, note=note)


def _bloat(table: TableProfile) -> float:
    """Share of the heap that holds no rows, 0 where it is no more than pages always leave free."""
    share = (table.heap_bloat_bytes or 0) / (table.heap_bytes or 1)
    return share if share > _BLOATED else 0.0


def _repeats(facts: Facts, snapshots: str, markets: str) -> Iterator[PublishedFigure]:
    ratio, series = facts.ratio(markets, snapshots), facts.series(snapshots)
    if ratio is not None:
        name = f"{markets}.rows_per_snapshot"
        yield PublishedFigure(name=name, value=ratio, unit="rows", tolerance=0.02, relative=True)
    if series and series.equal_market_rows:
        yield _points(f"{markets}.equal_to_previous", 100 * series.equal_market_rows.value, "%", _REPEATED)
    if series and series.equal_lists:
        yield _points(f"{markets}.list_equal_to_previous", 100 * series.equal_lists.value, "%", _SAME_LIST)


def _mean(column: ColumnProfile | None, name: str) -> Iterator[PublishedFigure]:
    if column and column.mean_bytes is not None:
        yield _width(name, column.mean_bytes, _WIDTH)


def _codecs(column: ColumnProfile | None, name: str) -> Iterator[PublishedFigure]:
    """Sizes as stored with pglz, whichever codec the database uses."""
    recompressed = column.restored if column else {}
    if column and column.ratio is not None and "pglz" in recompressed:
        value = column.ratio * recompressed["pglz"]
        yield PublishedFigure(name=f"{name}.stored_per_text", value=value, unit="ratio", tolerance=0.1, relative=True)
        if "lz4" in recompressed:
            value = recompressed["lz4"] / recompressed["pglz"]
            yield PublishedFigure(name=f"{name}.lz4_per_pglz", value=value, unit="ratio", tolerance=0.05, relative=True)


def _points(name: str, value: float, unit: str, tolerance: float) -> PublishedFigure:
    return PublishedFigure(name=name, value=value, unit=unit, tolerance=tolerance, relative=False)
