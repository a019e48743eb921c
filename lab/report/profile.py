"""A profile for people: tables for the terminal and for Markdown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from lab.analysis.drivers import data_per_index, drivers
from lab.analysis.profile_change import changes
from lab.discovery.values import CheapWin
from lab.report.table import Cell, Table, count, share, size
from lab.units import Unit, bytes_text
from lab.values import ColumnProfile, Growth, Profile, Series, Share, TableProfile

_TOP, _FEW = 20, 8
_WORTH = 0.01
"""Share of the database below which a column is left out, unless it holds JSON."""
_GAIN = 0.98
"""A recompressed column must be smaller than this times its present size, or nothing is gained."""


def tables(profile: Profile) -> tuple[Table, ...]:
    """Every table of the report that has rows."""
    makers: tuple[Callable[[Profile], Table], ...] = (
        sizes,
        columns,
        indexes,
        growth,
        retention,
        duplicates,
        storage,
    )
    return tuple(table for table in (maker(profile) for maker in makers) if table.rows)


def overview(profile: Profile, wins: Sequence[CheapWin]) -> tuple[Table, ...]:
    """One screen: what the bytes are spent on, what grows, what needs no rewrite; tables that have rows."""
    tables = (replace(storage(profile, _FEW), title="What eats the disk"), _growing(profile), _wins(wins))
    return tuple(table for table in tables if table.rows)


def _growing(profile: Profile) -> Table:
    """The tables that grow most, over the last days."""
    growing = [(table.table, table.growth) for table in profile.tables if table.growth]
    growing.sort(key=lambda pair: -(_pace(pair[1]) or 0))
    return Table(
        title="What grows",
        heads=("table", "rows a day", "bytes a day"),
        rows=tuple(
            (name, count(growth.rows_per_day_week or growth.rows_per_day), size(_pace(growth)))
            for name, growth in growing[:_FEW]
        ),
    )


def _pace(growth: Growth) -> float | None:
    """Bytes a day, of the last 7 days where they are known."""
    return growth.bytes_per_day if growth.bytes_per_day_week is None else growth.bytes_per_day_week


def _wins(wins: Sequence[CheapWin]) -> Table:
    return Table(
        title="Cheap wins, before any rewrite (`lab discover` says how)",
        heads=("what the profile shows", "frees at most"),
        rows=tuple((win.what, size(win.bytes)) for win in wins[:_FEW]),
    )


def cheap_wins(wins: Sequence[CheapWin]) -> Table:
    """What the profile shows that needs no rewrite, with what to do about it."""
    return Table(
        title="Before any rewrite",
        heads=("what the profile shows", "how", "frees at most"),
        rows=tuple((win.what, win.how, size(win.bytes)) for win in wins),
        left=2,
    )


def change(before: Profile, after: Profile) -> Table:
    """What became of the database and of each table between two profiles."""
    return Table(
        title=f"From {before.name}, {before.taken[:10]}, to {after.name}, {after.taken[:10]}",
        heads=("what", "before", "after", "change", "", "rows before", "rows after"),
        rows=tuple(
            (
                change.name,
                size(change.before),
                size(change.after),
                size(change.difference),
                share(change.share),
                count(change.rows_before),
                count(change.rows_after),
            )
            for change in changes(before, after)
        ),
    )


def headline(profile: Profile) -> tuple[str, ...]:
    """The sentences above the tables."""
    ratio = data_per_index(profile)
    server = f" on PostgreSQL {profile.server}" if profile.server else ""
    wal = "" if profile.wal_bytes is None else f"; WAL, not included: {bytes_text(profile.wal_bytes)}"
    return (
        f"{profile.name}{server}, {profile.source} {profile.taken}: {bytes_text(profile.database_bytes)}{wal}.",
        *((f"Data ÷ indexes: {ratio:.1f}.",) if ratio is not None else ()),
        profile.forecast.words,
    )


def sizes(profile: Profile) -> Table:
    """Bytes and rows by table."""
    heads = ("table", "rows", "heap", "TOAST", "indexes", "total", "share", "dead rows", "heap bloat", "TOAST bloat")
    return Table(
        title="Tables (bloat is estimated; ~ marks estimated rows)",
        heads=heads,
        rows=tuple(
            (
                table.table + (f" ({table.relations} parts)" if (table.relations or 1) > 1 else ""),
                _rows(table),
                *(size(value) for value in (table.heap_bytes, table.toast_bytes, table.index_bytes, table.total_bytes)),
                share(table.total_bytes and table.total_bytes / profile.database_bytes),
                count(table.dead_rows),
                size(table.heap_bloat_bytes),
                size(table.toast_bloat_bytes),
            )
            for table in profile.tables
        ),
    )


def columns(profile: Profile) -> Table:
    """JSON columns first, then every other column worth a line."""
    pairs = [(table, column) for table in profile.tables for column in table.columns if column.stored_bytes]
    large = [
        pair for pair in pairs if pair[1].is_json or (pair[1].stored_bytes or 0) >= _WORTH * profile.database_bytes
    ]
    large.sort(key=lambda pair: (not pair[1].is_json, -(pair[1].stored_bytes or 0)))
    heads = ("column", "type", "codec", "recompressed", "stored", "±", "mean", "raw", "stored ÷ raw", "in TOAST")
    return Table(
        title="Columns (± is one standard error)", heads=heads, rows=tuple(_column(*pair) for pair in large), left=4
    )


def _column(table: TableProfile, column: ColumnProfile) -> tuple[Cell | str | None, ...]:
    return (
        f"{table.table}.{column.name}",
        column.type,
        ", ".join(f"{name} {100 * part:.0f} %" for name, part in column.codecs.items()) or None,
        _anew(column),
        size(column.stored_bytes),
        share(column.error, 2),
        Cell(value=column.mean_bytes, unit=Unit.FEW_BYTES),
        size(column.raw_bytes),
        Cell(value=column.ratio, unit=Unit.RATIO),
        share(column.toast_share),
    )


def _anew(column: ColumnProfile) -> str | None:
    """Whether recompression with another codec, or the same one, would help."""
    if not column.restored:
        too_small = column.toast_share == 0 and set(column.codecs) == {"none"}
        return "too small to compress" if too_small else None
    best = min(column.restored, key=lambda codec: column.restored[codec])
    advice = "would help" if column.restored[best] < _GAIN else "would not help"
    return ", ".join(f"{codec} {100 * (ratio - 1):+.1f} %" for codec, ratio in column.restored.items()) + f": {advice}"


def indexes(profile: Profile) -> Table:
    """Every index with its use."""
    since = f" since {profile.index_use_since}" if profile.index_use_since else ""
    return Table(
        title=f"Indexes and their use{since}",
        heads=("index", "table", "what", "size", "scans"),
        rows=tuple(
            (
                index.name,
                table.table,
                index.definition.partition(" USING ")[2] + ("" if index.valid else " (INVALID)"),
                size(index.bytes),
                count(index.scans),
            )
            for table in profile.tables
            for index in table.indexes
        ),
        left=3,
    )


def growth(profile: Profile) -> Table:
    """Rows and bytes a day."""
    heads = ("table", "age from", "rows a day, 7 days", "bytes a day, 7 days", "rows a day", "bytes a day", "days")
    return Table(
        title="Growth, over the last 7 days and since the first row"
        if profile.source == "measured"
        else "Growth, over the days that were published",
        heads=heads,
        rows=tuple(
            (
                table.table,
                " → ".join((*table.time.through, table.time.column)) if table.time else None,
                count(table.growth.rows_per_day_week),
                size(table.growth.bytes_per_day_week),
                count(table.growth.rows_per_day),
                size(table.growth.bytes_per_day),
                Cell(value=table.growth.days, unit=Unit.DAYS, bare=True),
            )
            for table in profile.tables
            if table.growth
        ),
        left=2,
    )


def retention(profile: Profile) -> Table:
    """What is older than each period."""
    return Table(
        title="Retention",
        heads=("table", "older than", "rows", "bytes", "rows kept"),
        rows=tuple(
            (table.table, f"{cut.days} days", count(cut.rows_older), size(cut.bytes_older), count(cut.rows_kept))
            for table in profile.tables
            if any(cut.rows_kept or cut.rows_older for cut in table.retention)
            for cut in table.retention
        ),
        left=2,
    )


def duplicates(profile: Profile) -> Table:
    """How much repeats."""
    heads = (
        "snapshots",
        "market rows",
        "events",
        "per event",
        "a day",
        "market rows each",
        "pairs compared",
        "same document",
        "same market rows",
        "market rows that repeat",
        "same list of markets",
    )
    return Table(
        title="Series: repetition of the previous snapshot of the same event",
        heads=heads,
        rows=tuple(_series(series) for series in profile.series),
        left=2,
    )


def _series(series: Series) -> tuple[Cell | str, ...]:
    return (
        series.snapshots,
        series.markets,
        count(series.events),
        count(series.snapshots_per_event, 1),
        count(series.snapshots_per_day),
        count(series.market_rows_per_snapshot, 1),
        count(series.pairs),
        *(_estimated(part) for part in _shares(series)),
    )


def _shares(series: Series) -> tuple[Share | None, ...]:
    return series.equal_payloads, series.equal_snapshots, series.equal_market_rows, series.equal_lists


def storage(profile: Profile, most: int = _TOP) -> Table:
    """The largest uses of storage."""
    return Table(
        title="What the bytes are spent on",
        heads=("what", "kind", "size", "share"),
        rows=tuple(
            (driver.name, driver.kind, size(driver.bytes), share(driver.share)) for driver in drivers(profile)[:most]
        ),
        left=2,
    )


def _rows(table: TableProfile) -> Cell:
    return Cell(value=table.rows, unit=Unit.COUNT, prefix="~" if table.rows_exact is False else "")


def _estimated(part: Share | None) -> Cell:
    return share(None) if part is None else share(part.value, error=part.error)
