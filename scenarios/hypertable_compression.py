"""Turn the four big tables into TimescaleDB hypertables, one chunk a day, and compress all days but the newest.

The columnstore gathers up to 1,000 rows into one batch and compresses each column of it, so rows that are alike must
come together: snapshots of one event repeat themselves, so the tuned settings segment by event and order by market and
line before time, which puts the price history of one line side by side. `market_odds` has neither a time nor an event,
so both are copied into it from its snapshot. json has no equality operator and gets no dictionary per batch, as jsonb does;
the `_jsonb` variant shows what that is worth.

The old tables stay, under another name, until the very end: each is proved equal to its hypertable before that takes its
name, and again, compressed, before it is dropped.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from lab.scenario import (
    Category,
    Database,
    LabError,
    Need,
    Requirement,
    Scenario,
    Shape,
    different_parts,
    unused_names,
)


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
    content: str
    """The hash of a row `t`, old or new, by which its content is compared."""
    parent: str = ""
    """The table that its time comes from, where it has none of its own."""
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
        content="hashtextextended(t::text, 0)",
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
        content=f"jsonb_hash_extended(to_jsonb(t) - ARRAY['captured_at', '{event}'], 0)",
        parent=parent,
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
    """Copy the table into a hypertable with a key that holds the time column."""
    table, new = source.table, f"{source.table}_hyper"
    with db.step(f"{table}: copy into a hypertable"):
        db.execute(f"DROP TABLE IF EXISTS {new}")
        db.execute(f"CREATE TABLE {new} (LIKE {table} INCLUDING DEFAULTS)")
        for definition in source.adds.split(", ") if source.adds else ():
            db.execute(f"ALTER TABLE {new} ADD COLUMN {definition}")
        if jsonb and source.adds:
            db.execute(f"ALTER TABLE {new} ALTER COLUMN outcomes TYPE jsonb, ALTER COLUMN market_groups TYPE jsonb")
        db.execute(f"SELECT create_hypertable('{new}', by_range('captured_at', interval '1 day'))")
        db.execute(f"INSERT INTO {new} {source.select}")
        db.execute(f"ALTER TABLE {new} ADD PRIMARY KEY (id, captured_at)")
        for columns in source.indexes:
            db.execute(f"CREATE INDEX ON {new} ({columns})")
        for column, target in source.references.items():
            db.execute(f"ALTER TABLE {new} ADD FOREIGN KEY ({column}) REFERENCES {target} (id)")


def take_over(db: Database, source: Source) -> None:
    """Prove that the hypertable holds every row, then give it the name; no writer comes in between."""
    table, new = source.table, f"{source.table}_hyper"
    with db.step(f"{table}: rename the old table, hypertable in its place"):
        db.execute("BEGIN")
        db.execute(f"LOCK TABLE {table} IN EXCLUSIVE MODE")
        db.prove(f"the hypertable holds every row of {table}", different_parts(table, new, source.content))
        db.execute(f"ALTER SEQUENCE {table}_id_seq OWNED BY {new}.id")
        db.execute(f"ALTER TABLE {table} RENAME TO {table}_old")
        db.execute(f"ALTER TABLE {new} RENAME TO {table}")
        db.execute("COMMIT")


def compress(db: Database, source: Source, *, tuned: bool) -> None:
    """Compress every chunk that ends before the newest day begins, each in a transaction of its own."""
    table = source.table
    settings = (
        f", timescaledb.segmentby = '{source.segmentby}', timescaledb.orderby = '{source.orderby}'" if tuned else ""
    )
    midnight = f"date_trunc('day', {db.now_sql} AT TIME ZONE 'UTC')"
    older_than = f"{midnight} AT TIME ZONE 'UTC'" if source.time == "timestamptz" else midnight
    with db.step(f"{table}: compress all days but the newest"):
        db.execute(f"ALTER TABLE {table} SET (timescaledb.enable_columnstore{settings})")
        db.execute(
            "DO $$ DECLARE chunk regclass; BEGIN"
            f" FOR chunk IN SELECT show_chunks('{table}', older_than => {older_than}) LOOP"
            " CALL convert_to_columnstore(chunk); COMMIT;"
            " END LOOP; END $$"
        )
    report(db, table)


def report(db: Database, table: str) -> None:
    """How many chunks were compressed, and with which settings; none is an error."""
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


def drop_old(db: Database) -> None:
    """Drop the old tables; rows that were written since then have higher ids."""
    with db.step("drop the old tables", final=True):
        for source in SOURCES:
            old = f"{source.table}_old"
            until = f"(SELECT * FROM {source.table} WHERE id <= (SELECT max(id) FROM {old}))"
            db.prove(f"{source.table} still holds every row of {old}", different_parts(old, until, source.content))
            db.execute(f"DROP TABLE {old}")


def apply(db: Database, *, tuned: bool, jsonb: bool) -> None:
    """The market tables first, because they read their time from the snapshots."""
    with db.step("CREATE EXTENSION timescaledb"):
        db.execute("CREATE EXTENSION IF NOT EXISTS timescaledb")
    for source in SOURCES:
        move(db, source, jsonb=jsonb)
        take_over(db, source)
    for source in SOURCES:
        compress(db, source, tuned=tuned)
    drop_old(db)


def requirements() -> Iterator[Requirement]:
    """What the market rows need to get their time, and that nothing of the database's own is in the way."""
    for source in SOURCES:
        if source.parent:
            yield Requirement(
                name=f"every row of {source.table} belongs to exactly one of {source.parent}",
                sql=f"SELECT count(*) FROM {source.table} t LEFT JOIN (SELECT id, count(*) AS rows FROM {source.parent}"
                " GROUP BY id) s ON s.id = t.snapshot_id WHERE s.rows IS DISTINCT FROM 1",
            )
            yield Requirement(
                name=f"{source.table} has no columns captured_at and {source.segmentby} of its own",
                sql=f"SELECT count(*) FROM pg_attribute WHERE attrelid = '{source.table}'::regclass AND NOT attisdropped"
                f" AND attname IN ('captured_at', '{source.segmentby}')",
            )
    yield unused_names(*(f"{source.table}_{suffix}" for source in SOURCES for suffix in ("hyper", "old")))


def variant(title: str, hypothesis: str, follows: frozenset[Category], *, tuned: bool, jsonb: bool) -> Scenario:
    """One choice of settings."""
    return Scenario(
        title=title,
        category=Category.COMPRESS,
        hypothesis=hypothesis,
        apply=lambda db: apply(db, tuned=tuned, jsonb=jsonb),
        what="Columnstore for snapshots and market rows (TimescaleDB Community)",
        needs=frozenset({Need.COLUMNSTORE}),
        requires=tuple(requirements()),
        changes={source.table: Shape.HYPERTABLE for source in SOURCES},
        leads=tuned and not jsonb,
        follows=follows,
        varies_with="change rate" if tuned and not jsonb else None,
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
