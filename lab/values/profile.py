"""What a real database stores; a figure that could not be read is `None`, and `missing` says why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from lab.values.dependant import Dependant


@dataclass(frozen=True, kw_only=True)
class ColumnProfile:
    """The storage of one column of a table."""

    name: str
    type: str
    stored_bytes: int | None
    """Sum of `pg_column_size`: as stored, compressed where it is, without the tuple's header and alignment."""
    mean_bytes: float | None
    """`stored_bytes` per value that is not null."""
    null_share: float | None
    error: float | None
    """Relative standard error of `stored_bytes`; 0.0 where every row was read."""
    toast_share: float | None
    """Part of `stored_bytes` that lies in the TOAST table."""
    disk_bytes: int | None
    """`stored_bytes` with the overhead of TOAST: its tuples, index, maps and free space."""
    codecs: Mapping[str, float]
    """Share of values by codec: 'pglz', 'lz4' or 'none'; empty for a type that cannot be compressed."""
    raw_bytes: int | None
    """As text, estimated from a sample of documents; JSON columns only."""
    documents: int
    """Documents that were read for `raw_bytes` and `restored`."""
    restored: Mapping[str, float]
    """By codec: bytes of the sampled documents, recompressed ÷ as stored now."""

    @property
    def size(self) -> int | None:
        """Bytes on disk, without the overhead of TOAST in profiles that do not know it."""
        return self.stored_bytes if self.disk_bytes is None else self.disk_bytes

    @property
    def is_json(self) -> bool:
        """Whether it holds documents."""
        return self.type in ("json", "jsonb")

    @property
    def ratio(self) -> float | None:
        """Stored ÷ raw bytes, below 1 where compression helps."""
        return self.stored_bytes / self.raw_bytes if self.stored_bytes is not None and self.raw_bytes else None


@dataclass(frozen=True, kw_only=True)
class IndexProfile:
    """One index, with the indexes of all partitions or chunks that belong to it."""

    name: str
    definition: str
    bytes: int
    scans: int | None
    """Since the statistics were reset; on a replica, only that replica's own."""
    unique: bool
    primary: bool
    valid: bool


@dataclass(frozen=True, kw_only=True)
class TimePath:
    """The column that gives the age of a row: its own, or a column of a table that it refers to."""

    column: str
    """The time column, of the last table of `through`, or of the table itself where that is empty."""
    through: tuple[str, ...]
    """Steps such as 'order_id → orders'."""
    rule: Literal["partition", "column", "foreign key", "name"]
    """Why it was chosen; 'name' means that there is no foreign key but the sampled keys match."""


@dataclass(frozen=True, kw_only=True)
class Day:
    """Rows written within 24 hours; a measured profile counts them back from its `now`."""

    start: str
    """UTC, ISO 8601."""
    rows: int
    bytes: int | None
    """Bytes of these rows: heap and TOAST without bloat, by stored bytes; indexes in proportion to the number of rows."""


@dataclass(frozen=True, kw_only=True)
class Retention:
    """The rows older than a number of days, and the rows that such a retention would keep."""

    days: int
    rows_older: int | None
    bytes_older: int | None
    rows_kept: int | None


@dataclass(frozen=True, kw_only=True)
class Growth:
    """Growth in rows and bytes per day."""

    rows_per_day_week: float | None
    """Over the last 7 days, idle ones included."""
    bytes_per_day_week: float | None
    rows_per_day: float | None
    """Since the first row."""
    bytes_per_day: float | None
    days: float | None
    """From the first row to `now`."""


@dataclass(frozen=True, kw_only=True)
class TableProfile:
    """One table with its partitions, or chunks and their columnstore, counted once."""

    table: str
    relations: int | None
    """Tables with storage that were rolled up: 1, or the partitions or chunks."""
    heap_bytes: int | None
    maps_bytes: int | None
    toast_bytes: int | None
    data_bytes: int | None
    """Heap, maps and TOAST: `pg_table_size`."""
    index_bytes: int | None
    total_bytes: int | None
    rows: int | None
    rows_exact: bool | None
    """Whether every row was counted; else `rows` is estimated from a sample of blocks, or a part of the table is locked."""
    dead_rows: int | None
    """By the server's statistics."""
    heap_bloat_bytes: int | None
    """Estimated heap bytes that hold neither rows nor their headers: free space and dead rows."""
    toast_bloat_bytes: int | None
    sampled_blocks: int | None
    blocks: int | None
    columns: tuple[ColumnProfile, ...]
    indexes: tuple[IndexProfile, ...]
    time: TimePath | None
    newest: str | None
    """UTC start of the newest day with rows, ISO 8601."""
    undated_rows: int | None
    """Rows whose age is not known: no time, or nothing where they point to."""
    by_day: tuple[Day, ...]
    """Oldest first; days without rows are left out."""
    growth: Growth | None
    retention: tuple[Retention, ...]


@dataclass(frozen=True, kw_only=True)
class Share:
    """A share estimated from a sample of events, and its standard error."""

    value: float
    error: float | None
    """One standard error, None where fewer than two events were compared."""


@dataclass(frozen=True, kw_only=True)
class Series:
    """A table of snapshots and their market rows, and how often both repeat."""

    snapshots: str
    key: tuple[str, ...]
    """The columns that identify the series of a snapshot: the event, and the source where there are several."""
    time: str
    payload: str | None
    markets: str
    found: str
    """The rule that found it, in words."""
    events: int | None
    """Distinct values of the first key column, estimated."""
    snapshots_per_event: float | None
    snapshots_per_day: float | None
    market_rows_per_snapshot: float | None
    shares: Mapping[str, float]
    """Share of snapshots by source, such as 'source=a'."""
    events_sampled: int
    pairs: int
    """Snapshots that were compared with the previous one of the same key."""
    equal_payloads: Share | None
    """Of the pairs, with the same document."""
    equal_snapshots: Share | None
    """Of the pairs with market rows, those whose rows are all the same."""
    market_rows_compared: int
    equal_market_rows: Share | None
    """Of the market rows, that the previous snapshot had too, with the same market, line and content."""
    equal_lists: Share | None = None
    """Of the pairs with market rows, those whose rows have the same markets and lines, whatever the prices.

    None where no document holds the prices, and in older profiles.
    """


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """When the database passes the target at its present growth."""

    target_bytes: int | None
    """None where no target was set."""
    bytes_per_day: float | None
    passes: str | None
    """The day, ISO 8601; None if the target is passed already, the database does not grow, or growth is not known."""
    words: str


@dataclass(frozen=True, kw_only=True)
class Profile:
    """All figures of one database."""

    format: int
    name: str
    taken: str
    """UTC, ISO 8601."""
    now: str
    """The moment from which ages are counted; UTC, ISO 8601."""
    source: Literal["measured", "published"]
    server: str | None
    standby: bool | None
    database_bytes: int
    wal_bytes: int | None
    index_use_since: str | None
    """When the statistics of index use were reset, None where that is not known."""
    tables: tuple[TableProfile, ...]
    """Largest first."""
    series: tuple[Series, ...]
    bytes_per_day: float | None
    """Growth over the last 7 days; a lower bound, because only tables with known ages count."""
    forecast: Forecast
    missing: tuple[str, ...]
    """What could not be read, and why."""
    dependants: tuple[Dependant, ...] | None = None
    """The objects that depend on the tables; None where they were not read, as in older and in published profiles."""
    extensions: Mapping[str, str] | None = None
    """Name to version of the extensions that a strategy could use and the server offers; None where they were not read."""

    def of(self, table: str) -> TableProfile | None:
        """The profile of that table, None where there is none."""
        return next((profile for profile in self.tables if profile.table == table), None)
