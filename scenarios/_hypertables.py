"""Shared with `hypertable_compression`: its settings, the tables that become hypertables, and which rows stay in them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from lab.scenario import Database, Keeps, Requirement, Writing, days_ago, moment
from scenarios._market_rows import COLUMNS, of
from scenarios._new_tables import WHOLE_ROW, Different, by_hash, with_copies

CHUNKS = {"6 hours": timedelta(hours=6), "12 hours": timedelta(hours=12), "1 day": timedelta(days=1)}
"""No longer than the day that stays uncompressed: the newest chunk would keep more than that in the rowstore."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
"""Where chunks are counted from."""
AUTOMATIC = "automatic"
"""TimescaleDB decides by itself."""
TUNED = "betpawa_market_id line captured_at id"


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The values of the parameters; columns are separated by spaces."""

    tables: str = "all"
    segmentby: str = "event_id"
    orderby: str = TUNED
    chunk: str = "1 day"
    outcomes: str = "json"
    sparse: str = AUTOMATIC
    days: int = 0

    @property
    def keeps(self) -> Keeps | None:
        """The rows that stay, in whole chunks; None where all do."""
        return (lambda now: kept(self, now)) if self.days else None


JSONB = Settings(outcomes="jsonb")
DEFAULT = Settings(segmentby=AUTOMATIC, orderby=AUTOMATIC)

SPARSE = {
    AUTOMATIC: AUTOMATIC,
    "none": "",
    "bloom snapshot_id": "bloom(snapshot_id)",
    "minmax snapshot_id": "minmax(snapshot_id)",
}
"""Value of the parameter to the storage option; `snapshot_id` is the column of market rows that the application looks up."""
SPARSE_OFFERED = Requirement(
    name="the server offers TimescaleDB 2.22 or newer, whose sparse indexes can be chosen",
    sql="SELECT count(*) FROM (SELECT) needed WHERE NOT EXISTS (SELECT FROM pg_available_extensions"
    " WHERE name = 'timescaledb'"
    " AND string_to_array(substring(default_version FROM '^\\d+\\.\\d+'), '.')::int[] >= ARRAY[2, 22])",
)


@dataclass(frozen=True, kw_only=True)
class Conversion:
    """How one table becomes a hypertable."""

    table: str
    adds: str
    """Columns that the table needs and does not have, as definitions."""
    select: str
    """The query that fills the new table; the old one is `t`."""
    indexes: tuple[str, ...]
    references: Mapping[str, str]
    """Column to the table that it refers to. A foreign key cannot refer to a hypertable's id, so such keys are missing."""
    time: str
    """Type of captured_at."""
    parent: str = ""
    """The table that the time is copied from; empty where the table has its own time."""
    event: str
    """The column that says whose rows these are."""


def snapshots(table: str, event: str, time: str, references: Mapping[str, str], indexes: tuple[str, ...]) -> Conversion:
    """A snapshot table: it has its time already."""
    return Conversion(
        table=table,
        adds="",
        select=f"SELECT t.* FROM {table} t ORDER BY t.id",
        indexes=indexes,
        references={**references, "scrape_run_id": "scrape_runs"},
        time=time,
        event=event,
    )


def markets(table: str, parent: str, event: str, time: str, indexes: tuple[str, ...]) -> Conversion:
    """A market table: time and event come from its snapshot."""
    return Conversion(
        table=table,
        adds=f"captured_at {time} NOT NULL, {event} integer NOT NULL",
        select=f"SELECT t.*, s.captured_at, s.{event} FROM {table} t JOIN {parent} s ON s.id = t.snapshot_id ORDER BY t.id",
        indexes=indexes,
        references={},
        time=time,
        parent=parent,
        event=event,
    )


CONVERSIONS = (
    markets(
        "market_odds", "odds_snapshots", "event_id", "timestamptz",
        ("snapshot_id", "betpawa_market_id", "snapshot_id, betpawa_market_id"),
    ),
    markets(
        "competitor_market_odds", "competitor_odds_snapshots", "competitor_event_id", "timestamp",
        ("snapshot_id", "betpawa_market_id"),
    ),
    snapshots(
        "odds_snapshots", "event_id", "timestamptz", {"event_id": "events", "bookmaker_id": "bookmakers"},
        ("event_id, captured_at DESC", "bookmaker_id"),
    ),
    snapshots(
        "competitor_odds_snapshots", "competitor_event_id", "timestamp", {"competitor_event_id": "competitor_events"},
        ("competitor_event_id",),
    ),
)  # fmt: skip


def converted(settings: Settings) -> tuple[Conversion, ...]:
    """The tables that become hypertables, market tables first, because they read their time from the snapshots."""
    if settings.tables == "all":
        return CONVERSIONS
    # Their snapshots stay plain tables, which a foreign key can refer to.
    kept = {"competitor_market_odds": {"snapshot_id": "competitor_odds_snapshots"}}
    return tuple(
        replace(conversion, references=kept.get(conversion.table, {}))
        for conversion in CONVERSIONS
        if conversion.parent
    )


def different(conversion: Conversion, settings: Settings) -> Different:
    """How old and new are compared: by every character, but for documents that change their type."""
    if not conversion.parent:
        return WHOLE_ROW
    if settings.outcomes == "jsonb":
        return by_hash(f"jsonb_hash_extended(to_jsonb(t) - ARRAY['captured_at', '{conversion.event}'], 0)")
    return with_copies("captured_at", conversion.event)


def options(conversion: Conversion, settings: Settings) -> str:
    """The settings of one table as storage options, each with a comma before it.

    Snapshots are segmented by event and ordered by time, unless TimescaleDB is to decide: only market rows repeat themselves.
    """
    segmentby, orderby, sparse = settings.segmentby.replace("nothing", ""), settings.orderby, SPARSE[settings.sparse]
    if not conversion.parent:
        segmentby = AUTOMATIC if segmentby == AUTOMATIC else "event_id"
        orderby = AUTOMATIC if orderby == AUTOMATIC else "captured_at"
        sparse = AUTOMATIC if sparse else sparse
    segments = [conversion.event if column == "event_id" else column for column in segmentby.split()]
    # A column that is the same in a whole segment orders nothing in it, and may not be named twice.
    order = [column for column in orderby.split() if column not in segments]
    stated = {
        "segmentby": (segmentby, ", ".join(segments)),
        "orderby": (orderby, ", ".join(order)),
        "sparse_index": (sparse, sparse),
    }
    return "".join(
        f", timescaledb.{option} = '{value}'" for option, (setting, value) in stated.items() if setting != AUTOMATIC
    )


def kept(settings: Settings, now: datetime) -> Mapping[str, str]:
    """The rows from the chunk on in which the oldest day begins."""
    length = CHUNKS[settings.chunk]
    since = now - timedelta(days=settings.days)
    start = since - (since - EPOCH) % length
    selects = {}
    for conversion in converted(settings):
        at = moment(start) + ("" if conversion.time == "timestamptz" else " AT TIME ZONE 'UTC'")
        stays = (
            f"EXISTS (SELECT FROM public.{conversion.parent} s WHERE s.id = t.snapshot_id AND s.captured_at >= {at})"
            if conversion.parent
            else f"t.captured_at >= {at}"
        )
        selects[conversion.table] = f"SELECT t.* FROM public.{conversion.table} t WHERE {stays}"
    return selects


def before(db: Database, conversion: Conversion, settings: Settings) -> str:
    """The moment before which a chunk must end to be dropped, in the type of the table's time."""
    at = days_ago(db, settings.days)
    return at if conversion.time == "timestamptz" else f"({at} AT TIME ZONE 'UTC')"


def writing(conversion: Conversion) -> Writing:
    """How the table is written: a market row takes time and event from its snapshot, and old days go by whole chunks.

    To delete a part of a day is refused.

    What changes are rows of the newest chunks. A writer knows when it wrote them, and says so: without a time, the server
    would decompress every chunk to look for them. Here it is refused as soon as it decompresses a row.
    """
    table, snapshots = conversion.table, conversion.parent or conversion.table
    zone = " AT TIME ZONE 'UTC'" if conversion.time == "timestamptz" else ""
    # Who is writing a snapshot of these days is waited for, before it is said that none of them stays.
    # The day is found before, because a table that an open query reads cannot be dropped.
    drop = (
        f"DO $$ DECLARE day_after {conversion.time}; BEGIN LOCK TABLE {snapshots} IN SHARE ROW EXCLUSIVE MODE;"
        f" SELECT (date_trunc('day', max(s.captured_at{zone})) + interval '1 day'){zone} INTO day_after"
        f" FROM {snapshots} s JOIN deleted_{snapshots} d ON d.id = s.id;"
        f" IF EXISTS (SELECT FROM {snapshots} s WHERE s.captured_at < day_after"
        f" AND NOT EXISTS (SELECT FROM deleted_{snapshots} d WHERE d.id = s.id)) THEN"
        " RAISE EXCEPTION 'A snapshot before % stays: days are deleted whole, or not at all', day_after; END IF;"
        f" IF day_after IS NOT NULL THEN PERFORM drop_chunks('{table}', older_than => day_after); END IF; END $$"
    )
    if not conversion.parent:
        return Writing(update=(update(conversion, "last_confirmed_at", ("id",)),), delete=(drop,))
    insert = (
        f"INSERT INTO {table} ({COLUMNS}, captured_at, {conversion.event})"
        f" SELECT {of('i', COLUMNS)}, s.captured_at, s.{conversion.event} FROM inserted_{table} i"
        f" JOIN inserted_{snapshots} s ON s.id = i.snapshot_id ORDER BY i.id"
    )
    return Writing(
        prepare=(
            f"CREATE TEMP TABLE written_{snapshots} (id bigint, captured_at {conversion.time})",
            "SET timescaledb.max_tuples_decompressed_per_dml_transaction = 1",
        ),
        insert=(insert, f"INSERT INTO written_{snapshots} SELECT id, captured_at FROM inserted_{snapshots}"),
        update=(update(conversion, "unavailable_at", ("snapshot_id", "betpawa_market_id")),),
        delete=(drop,),
    )


def update(conversion: Conversion, column: str, key: tuple[str, ...]) -> str:
    """The statement that changes the column of rows with that key: no older than the first of their snapshots, as a constant.

    Of a snapshot that another connection wrote, the time is looked up, which takes long.
    """
    table, snapshots = conversion.table, conversion.parent or conversion.table
    same = " AND ".join(f"t.{name} = u.{name}" for name in key)
    return (
        f"DO $$ DECLARE since {conversion.time}; BEGIN"
        f" SELECT min(w.captured_at) INTO since FROM written_{snapshots} w JOIN updated_{table} u ON u.{key[0]} = w.id;"
        f" IF EXISTS (SELECT FROM updated_{table} u WHERE NOT EXISTS (SELECT FROM written_{snapshots} w WHERE w.id = u.{key[0]}))"
        f" THEN SELECT min(s.captured_at) INTO since FROM {snapshots} s JOIN updated_{table} u ON u.{key[0]} = s.id; END IF;"
        f" EXECUTE format('UPDATE {table} t SET {column} = u.{column} FROM updated_{table} u"
        f" WHERE t.captured_at >= %L AND {same}', since); END $$"
    )


def compress_rest(table: str) -> str:
    """The statement that a job repeats: compress what is not compressed yet."""
    return (
        "DO $$ DECLARE chunk regclass; BEGIN FOR chunk IN SELECT format('%I.%I', chunk_schema, chunk_name)::regclass"
        f" FROM timescaledb_information.chunks WHERE hypertable_name = '{table}' AND NOT is_compressed LOOP"
        " CALL convert_to_columnstore(chunk); COMMIT; END LOOP; END $$"
    )
