"""Turn the four big tables into TimescaleDB hypertables, one chunk a day, and compress all days but the newest.

The columnstore gathers up to 1,000 rows into one batch and compresses each column of it, so rows that are alike must
come together: snapshots of one event repeat themselves, so the tuned settings segment by event and order by market and
line before time, which puts the price history of one line side by side. `market_odds` has neither a time nor an event,
so both are copied into it from its snapshot. json has no equality operator and gets no dictionary per batch, as jsonb does;
the `_jsonb` variant shows what that is worth.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from lab.scenario import Category, Database, LabError, Need, Scenario, Shape


@dataclass(frozen=True, kw_only=True)
class Source:
    """One table on its way to a hypertable."""

    table: str
    adds: str
    """Columns that the table needs and does not have, as definitions."""
    select: str
    """What fills the new table, from the old one as `t`."""
    indexes: tuple[str, ...]
    references: Mapping[str, str]
    """Column to the table it refers to; foreign keys to a hypertable's id are not possible any more."""
    time: str
    """Type of captured_at."""
    segmentby: str
    orderby: str


def snapshots(table: str, event: str, time: str, references: Mapping[str, str], indexes: tuple[str, ...]) -> Source:
    """A snapshot table: it has its time already."""
    return Source(
        table=table,
        adds="",
        select=f"SELECT t.* FROM {table} t ORDER BY t.id",
        indexes=indexes,
        references={**references, "scrape_run_id": "scrape_runs"},
        time=time,
        segmentby=event,
        orderby="captured_at",
    )


def markets(table: str, parent: str, event: str, time: str, indexes: tuple[str, ...]) -> Source:
    """A market table: time and event come from its snapshot."""
    return Source(
        table=table,
        adds=f"captured_at {time} NOT NULL, {event} integer NOT NULL",
        select=f"SELECT t.*, s.captured_at, s.{event} FROM {table} t JOIN {parent} s ON s.id = t.snapshot_id ORDER BY t.id",
        indexes=indexes,
        references={},
        time=time,
        segmentby=event,
        orderby="betpawa_market_id, line, captured_at, id",
    )


SOURCES = (
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


def move(db: Database, source: Source, *, jsonb: bool) -> None:
    """Copy the table into a hypertable of the same name, with a key that holds the time column."""
    table, new = source.table, f"{source.table}_hyper"
    with db.step(f"{table}: copy into a hypertable"):
        db.execute(f"CREATE TABLE {new} (LIKE {table} INCLUDING DEFAULTS)")
        for definition in source.adds.split(", ") if source.adds else ():
            db.execute(f"ALTER TABLE {new} ADD COLUMN {definition}")
        if jsonb and source.adds:
            db.execute(f"ALTER TABLE {new} ALTER COLUMN outcomes TYPE jsonb, ALTER COLUMN market_groups TYPE jsonb")
        db.execute(f"SELECT create_hypertable('{new}', by_range('captured_at', interval '1 day'))")
        db.execute(f"INSERT INTO {new} {source.select}")
    with db.step(f"{table}: keys and indexes, drop the old table"):
        db.execute(f"ALTER TABLE {new} ADD PRIMARY KEY (id, captured_at)")
        for columns in source.indexes:
            db.execute(f"CREATE INDEX ON {new} ({columns})")
        for column, target in source.references.items():
            db.execute(f"ALTER TABLE {new} ADD FOREIGN KEY ({column}) REFERENCES {target} (id)")
        db.execute(f"ALTER SEQUENCE {table}_id_seq OWNED BY {new}.id")
        db.execute(f"DROP TABLE {table}")
        db.execute(f"ALTER TABLE {new} RENAME TO {table}")


def compress(db: Database, source: Source, *, tuned: bool) -> None:
    """Compress every chunk that ends before the newest day begins."""
    table = source.table
    settings = (
        f", timescaledb.segmentby = '{source.segmentby}', timescaledb.orderby = '{source.orderby}'" if tuned else ""
    )
    with db.step(f"{table}: compress all days but the newest"):
        db.execute(f"ALTER TABLE {table} SET (timescaledb.enable_columnstore{settings})")
        midnight = f"{db.now:%Y-%m-%d}"
        chunks = db.fetch(f"SELECT show_chunks('{table}', older_than => '{midnight}'::{source.time})::text")
        for (chunk,) in chunks:
            db.execute(f"CALL convert_to_columnstore('{chunk}')")
    done, total = db.fetch(
        "SELECT count(*) FILTER (WHERE is_compressed), count(*) FROM timescaledb_information.chunks"
        f" WHERE hypertable_name = '{table}'"
    )[0]
    if not done:
        raise LabError(f"No chunk of {table} was compressed.")
    used = db.fetch(
        "SELECT DISTINCT segmentby, orderby FROM timescaledb_information.chunk_columnstore_settings"
        f" WHERE hypertable = '{table}'::regclass"
    )
    chosen = "; ".join(f"segmentby {segmentby or 'nothing'}, orderby {orderby}" for segmentby, orderby in used)
    db.note(f"{table}: {done} of {total} chunks compressed, {chosen}")


def apply(db: Database, *, tuned: bool, jsonb: bool) -> None:
    """The market tables first, because they read their time from the snapshots."""
    with db.step("CREATE EXTENSION timescaledb"):
        db.execute("CREATE EXTENSION timescaledb")
    for source in SOURCES:
        move(db, source, jsonb=jsonb)
    for source in SOURCES:
        compress(db, source, tuned=tuned)


def variant(title: str, hypothesis: str, follows: frozenset[Category], *, tuned: bool, jsonb: bool) -> Scenario:
    """One choice of settings."""
    return Scenario(
        title=title,
        category=Category.COMPRESS,
        hypothesis=hypothesis,
        apply=lambda db: apply(db, tuned=tuned, jsonb=jsonb),
        what="Columnstore for snapshots and market rows (TimescaleDB Community)",
        needs=frozenset({Need.COLUMNSTORE}),
        changes={source.table: Shape.HYPERTABLE for source in SOURCES},
        leads=tuned and not jsonb,
        follows=follows,
        depends_on_change_rate=tuned and not jsonb,
        costs=(
            "The market tables carry a copy of captured_at and the event (12 bytes a row), which every insert must supply.",
            "Primary keys become (id, captured_at): the database no longer guarantees that an id alone is unique.",
            "The foreign key competitor_market_odds → competitor_odds_snapshots is gone: a hypertable's id cannot be referred to.",
            "Lookups by id or snapshot_id alone must look into every chunk; changing compressed rows decompresses batches.",
            "The plain index on event_id and the BRIN index on time are not built again: chunks and segments replace them.",
            "Needs TimescaleDB's Community edition, which most managed PostgreSQL services do not offer.",
        ),
    )


VARIANTS = {
    "hypertable_compression": variant(
        "Columnstore, tuned",
        "Segmented by event and ordered by market and line, near-duplicate snapshots collapse; payloads do not.",
        frozenset({Category.ELIMINATE, Category.COMPRESS}),
        tuned=True,
        jsonb=False,
    ),
    "hypertable_compression_jsonb": variant(
        "Columnstore, tuned, jsonb",
        "The same order with a dictionary of outcomes per batch, which json cannot have.",
        frozenset({Category.ELIMINATE}),
        tuned=True,
        jsonb=True,
    ),
    "hypertable_compression_default": variant(
        "Columnstore, default settings",
        "What TimescaleDB chooses by itself from the indexes.",
        frozenset(),
        tuned=False,
        jsonb=False,
    ),
}
