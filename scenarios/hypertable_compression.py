"""Turn the four big tables into TimescaleDB hypertables, one chunk per day, and compress all days but the newest.

The columnstore compresses each column in batches of up to 1,000 rows, so similar rows must lie together. Snapshots of one
event repeat themselves: the tuned settings segment by event and order by market and line before time, which puts the
price history of one line side by side. `market_odds` has neither a time nor an event, so both are copied into it from its
snapshot. json has no equality operator, so TimescaleDB builds no dictionary per batch for it, as it does for jsonb; the
`_jsonb` variant measures the difference.

The old tables stay, under another name, until the end. Each is proved equal to its hypertable before the hypertable takes
its name, and once more, after compression, before it is dropped.
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
    content: str
    """The hash of a row `t`, old or new, by which its content is compared."""
    parent: str = ""
    """The table that the time is copied from; empty where the table has its own time."""
    segmentby: str
    orderby: str


def snapshots(table: str, event: str, time: str, references: Mapping[str, str], indexes: tuple[str, ...]) -> Conversion:
    """A snapshot table: it has its time already."""
    return Conversion(
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


def markets(table: str, parent: str, event: str, time: str, indexes: tuple[str, ...]) -> Conversion:
    """A market table: time and event come from its snapshot."""
    return Conversion(
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


def move(db: Database, conversion: Conversion, *, jsonb: bool) -> None:
    """Copy the table into a hypertable with a key that holds the time column."""
    table, new = conversion.table, f"{conversion.table}_hyper"
    with db.step(f"{table}: copy into a hypertable"):
        db.execute(f"DROP TABLE IF EXISTS {new}")
        db.execute(f"CREATE TABLE {new} (LIKE {table} INCLUDING DEFAULTS)")
        for definition in conversion.adds.split(", ") if conversion.adds else ():
            db.execute(f"ALTER TABLE {new} ADD COLUMN {definition}")
        if jsonb and conversion.adds:
            db.execute(f"ALTER TABLE {new} ALTER COLUMN outcomes TYPE jsonb, ALTER COLUMN market_groups TYPE jsonb")
        db.execute(f"SELECT create_hypertable('{new}', by_range('captured_at', interval '1 day'))")
        db.execute(f"INSERT INTO {new} {conversion.select}")
        db.execute(f"ALTER TABLE {new} ADD PRIMARY KEY (id, captured_at)")
        for columns in conversion.indexes:
            db.execute(f"CREATE INDEX ON {new} ({columns})")
        for column, target in conversion.references.items():
            db.execute(f"ALTER TABLE {new} ADD FOREIGN KEY ({column}) REFERENCES {target} (id)")


def take_over(db: Database, conversion: Conversion) -> None:
    """Prove that the hypertable holds every row, then rename it, in one transaction that locks out writers."""
    table, new = conversion.table, f"{conversion.table}_hyper"
    with db.step(f"{table}: rename the old table, hypertable in its place"):
        db.execute("BEGIN")
        db.execute(f"LOCK TABLE {table} IN EXCLUSIVE MODE")
        db.prove(f"the hypertable holds every row of {table}", different_parts(table, new, conversion.content))
        db.execute(f"ALTER SEQUENCE {table}_id_seq OWNED BY {new}.id")
        db.execute(f"ALTER TABLE {table} RENAME TO {table}_old")
        db.execute(f"ALTER TABLE {new} RENAME TO {table}")
        db.execute("COMMIT")


def compress(db: Database, conversion: Conversion, *, tuned: bool) -> None:
    """Compress every chunk that ends before the newest day begins; each chunk in its own transaction."""
    table = conversion.table
    settings = (
        f", timescaledb.segmentby = '{conversion.segmentby}', timescaledb.orderby = '{conversion.orderby}'"
        if tuned
        else ""
    )
    midnight = f"date_trunc('day', {db.now_sql} AT TIME ZONE 'UTC')"
    older_than = f"{midnight} AT TIME ZONE 'UTC'" if conversion.time == "timestamptz" else midnight
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
    """Note how many chunks were compressed and with which settings; no compressed chunk is an error."""
    compressed, total = db.fetch(
        "SELECT count(*) FILTER (WHERE is_compressed), count(*) FROM timescaledb_information.chunks"
        f" WHERE hypertable_name = '{table}'"
    )[0]
    if not compressed:
        raise LabError(f"No chunk of {table} was compressed.")
    settings = db.fetch(
        "SELECT DISTINCT segmentby, orderby FROM timescaledb_information.chunk_columnstore_settings"
        f" WHERE hypertable = '{table}'::regclass"
    )
    words = "; ".join(f"segmentby {segmentby or 'nothing'}, orderby {orderby}" for segmentby, orderby in settings)
    db.note(f"{table}: {compressed} of {total} chunks compressed, {words}")


def drop_old(db: Database) -> None:
    """Prove equality once more and drop the old tables; rows written after the renaming have higher ids and are left out."""
    with db.step("drop the old tables", final=True):
        for conversion in CONVERSIONS:
            old = f"{conversion.table}_old"
            earlier = f"(SELECT * FROM {conversion.table} WHERE id <= (SELECT max(id) FROM {old}))"
            db.prove(
                f"{conversion.table} still holds every row of {old}", different_parts(old, earlier, conversion.content)
            )
            db.execute(f"DROP TABLE {old}")


def apply(db: Database, *, tuned: bool, jsonb: bool) -> None:
    """Convert the market tables first, because they read their time from the snapshots."""
    with db.step("CREATE EXTENSION timescaledb"):
        db.execute("CREATE EXTENSION IF NOT EXISTS timescaledb")
    for conversion in CONVERSIONS:
        move(db, conversion, jsonb=jsonb)
        take_over(db, conversion)
    for conversion in CONVERSIONS:
        compress(db, conversion, tuned=tuned)
    drop_old(db)


def requirements() -> Iterator[Requirement]:
    """Every market row has exactly one snapshot to take its time from, and no name that the scenario needs is taken."""
    for conversion in CONVERSIONS:
        if conversion.parent:
            yield Requirement(
                name=f"every row of {conversion.table} belongs to exactly one of {conversion.parent}",
                sql=f"SELECT count(*) FROM {conversion.table} t LEFT JOIN (SELECT id, count(*) AS rows FROM {conversion.parent}"
                " GROUP BY id) s ON s.id = t.snapshot_id WHERE s.rows IS DISTINCT FROM 1",
            )
            yield Requirement(
                name=f"{conversion.table} has no columns captured_at and {conversion.segmentby} of its own",
                sql=f"SELECT count(*) FROM pg_attribute WHERE attrelid = '{conversion.table}'::regclass AND NOT attisdropped"
                f" AND attname IN ('captured_at', '{conversion.segmentby}')",
            )
    yield unused_names(*(f"{conversion.table}_{suffix}" for conversion in CONVERSIONS for suffix in ("hyper", "old")))


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
        changes={conversion.table: Shape.HYPERTABLE for conversion in CONVERSIONS},
        leads=tuned and not jsonb,
        follows=follows,
        varies_with="change rate" if tuned and not jsonb else None,
        costs=(
            "The market tables hold a copy of captured_at and the event (12 bytes per row), which every insert must supply.",
            "Primary keys become (id, captured_at): the database no longer guarantees that an id alone is unique.",
            "The foreign key competitor_market_odds → competitor_odds_snapshots is gone: a hypertable's id cannot be referred to.",
            "A lookup by id or snapshot_id alone searches every chunk. Changing a compressed row decompresses its batch.",
            "The plain index on event_id and the BRIN index on time are not rebuilt: chunks and segments replace them.",
            "It needs TimescaleDB's Community edition, which most managed PostgreSQL services do not offer.",
        ),
    )


VARIANTS = {
    "hypertable_compression": variant(
        "Columnstore, tuned",
        "Segmented by event and ordered by market and line, near-duplicate snapshots compress well; payloads do not.",
        frozenset({Category.ELIMINATE, Category.COMPRESS}),
        tuned=True,
        jsonb=False,
    ),
    "hypertable_compression_jsonb": variant(
        "Columnstore, tuned, jsonb",
        "The order is the same; jsonb also gets a dictionary of outcomes per batch, which json cannot have.",
        frozenset({Category.ELIMINATE}),
        tuned=True,
        jsonb=True,
    ),
    "hypertable_compression_default": variant(
        "Columnstore, default settings",
        "TimescaleDB chooses segments and order by itself, from the indexes.",
        frozenset(),
        tuned=False,
        jsonb=False,
    ),
}
