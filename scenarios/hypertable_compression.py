"""Turn the four big tables into TimescaleDB hypertables, one chunk per day, and compress all days but the newest.

The columnstore compresses each column in batches of up to 1,000 rows, so similar rows must lie together. Snapshots of one
event repeat themselves: the tuned settings segment by event and order by market and line before time, which puts the
price history of one line side by side. `market_odds` has neither a time nor an event, so both are copied into it from its
snapshot. json has no equality operator, so TimescaleDB builds no dictionary per batch for it, as it does for jsonb; the
`_jsonb` variant measures the difference. What else can be set is a parameter: segments and order of the market tables, the
length of a chunk, which tables are converted, and the sparse indexes that say which batches may hold a value. With `days`,
whole chunks that are older are dropped in the end: a retention that deletes no row and needs no rewrite.

The old tables stay, under another name, until the end. Each is proved equal to its hypertable before the hypertable takes
its name, and once more, after compression, before it is dropped.
"""

from collections.abc import Iterator

from lab.scenario import (
    Category,
    Choice,
    Database,
    Family,
    LabError,
    Need,
    NothingToDoError,
    Requirement,
    Scenario,
    Shape,
    WholeNumber,
    lost_rows,
    unused_names,
)
from scenarios._hypertables import (
    AUTOMATIC,
    CHUNKS,
    DEFAULT,
    JSONB,
    SPARSE,
    SPARSE_OFFERED,
    TUNED,
    Conversion,
    Settings,
    before,
    compress_rest,
    converted,
    different,
    options,
    writing,
)
from scenarios._new_tables import drop_old, replace_by_table


def move(db: Database, conversion: Conversion, settings: Settings) -> None:
    """Copy the table into a hypertable with a key that holds the time column."""
    table, new = conversion.table, f"{conversion.table}_hyper"
    with db.step(f"{table}: copy into a hypertable"):
        db.execute(f"DROP TABLE IF EXISTS {new}")
        db.execute(f"CREATE TABLE {new} (LIKE {table} INCLUDING DEFAULTS)")
        for definition in conversion.adds.split(", ") if conversion.adds else ():
            db.execute(f"ALTER TABLE {new} ADD COLUMN {definition}")
        if settings.outcomes == "jsonb" and conversion.adds:
            db.execute(f"ALTER TABLE {new} ALTER COLUMN outcomes TYPE jsonb, ALTER COLUMN market_groups TYPE jsonb")
        db.execute(f"SELECT create_hypertable('{new}', by_range('captured_at', interval '{settings.chunk}'))")
        db.execute(f"INSERT INTO {new} {conversion.select}")
        db.execute(f"ALTER TABLE {new} ADD PRIMARY KEY (id, captured_at)")
        for columns in conversion.indexes:
            db.execute(f"CREATE INDEX ON {new} ({columns})")
        for column, target in conversion.references.items():
            db.execute(f"ALTER TABLE {new} ADD FOREIGN KEY ({column}) REFERENCES {target} (id)")


def compress(db: Database, conversion: Conversion, settings: Settings) -> None:
    """Compress every chunk that ends before the newest day begins; each chunk in its own transaction."""
    table = conversion.table
    midnight = f"date_trunc('day', {db.now_sql} AT TIME ZONE 'UTC')"
    older_than = f"{midnight} AT TIME ZONE 'UTC'" if conversion.time == "timestamptz" else midnight
    with db.step(f"{table}: compress all days but the newest"):
        db.execute(f"ALTER TABLE {table} SET (timescaledb.enable_columnstore{options(conversion, settings)})")
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


def require_expired(db: Database, settings: Settings) -> None:
    """There is something to drop, or nothing is done at all."""
    length = f"interval '{settings.chunk}'"
    expired = (
        f"SELECT EXISTS (SELECT FROM {conversion.parent or conversion.table}"
        f" WHERE captured_at < {before(db, conversion, settings)} - {length})"
        for conversion in converted(settings)
    )
    if settings.days and not any(db.value(query) for query in expired):
        raise NothingToDoError(
            f"Nothing to drop: no chunk ends before {settings.days} days ago at {db.now:%Y-%m-%d %H:%M}."
        )


def drop_expired(db: Database, settings: Settings) -> None:
    """Drop whole chunks; market rows first, so that none is left without its snapshot."""
    with db.step("drop_chunks", final=True):
        for conversion in converted(settings):
            db.execute(f"SELECT drop_chunks('{conversion.table}', older_than => {before(db, conversion, settings)})")


def apply(db: Database, settings: Settings) -> None:
    """Convert each table and let it take the old one's place, then compress, then drop what is old."""
    conversions = converted(settings)
    require_expired(db, settings)
    with db.step("CREATE EXTENSION timescaledb"):
        db.execute("CREATE EXTENSION IF NOT EXISTS timescaledb")
    for conversion in conversions:
        move(db, conversion, settings)
        replace_by_table(
            db, conversion.table, f"{conversion.table}_hyper", different(conversion, settings), kind="hypertable"
        )
    for conversion in conversions:
        compress(db, conversion, settings)
    drop_old(db, {conversion.table: different(conversion, settings) for conversion in conversions})
    if settings.days:
        drop_expired(db, settings)


def requirements(settings: Settings) -> Iterator[Requirement]:
    """Every market row has exactly one snapshot to take its time from, and no name that the scenario needs is taken."""
    conversions = converted(settings)
    for conversion in conversions:
        if conversion.parent:
            yield Requirement(
                name=f"every row of {conversion.table} belongs to exactly one of {conversion.parent}",
                sql=f"SELECT count(*) FROM {conversion.table} t LEFT JOIN (SELECT id, count(*) AS rows FROM {conversion.parent}"
                " GROUP BY id) s ON s.id = t.snapshot_id WHERE s.rows IS DISTINCT FROM 1",
            )
            yield Requirement(
                name=f"{conversion.table} has no columns captured_at and {conversion.event} of its own",
                sql=f"SELECT count(*) FROM pg_attribute WHERE attrelid = '{conversion.table}'::regclass AND NOT attisdropped"
                f" AND attname IN ('captured_at', '{conversion.event}')",
            )
    if settings.sparse != AUTOMATIC:
        yield SPARSE_OFFERED
    yield unused_names(*(f"{conversion.table}_{suffix}" for conversion in conversions for suffix in ("hyper", "old")))


TITLES = {
    Settings(): "Columnstore, tuned",
    JSONB: "Columnstore, tuned, jsonb",
    DEFAULT: "Columnstore, default settings",
}
HYPOTHESES = {
    Settings(): "Segmented by event and ordered by market and line, near-duplicate snapshots compress well; payloads do not.",
    JSONB: "The order is the same; jsonb also gets a dictionary of outcomes per batch, which json cannot have.",
    DEFAULT: "TimescaleDB chooses segments and order by itself, from the indexes.",
}
FOLLOWS = {
    Settings(): frozenset({Category.ELIMINATE, Category.COMPRESS}),
    JSONB: frozenset({Category.ELIMINATE}),
}


def costs(settings: Settings) -> Iterator[str]:
    """What each hypertable costs, and what only some settings do."""
    yield "The market tables hold a copy of captured_at and the event (12 bytes per row), which every insert must supply."
    yield "Primary keys become (id, captured_at): the database no longer guarantees that an id alone is unique."
    if settings.tables == "all":
        yield (
            "The foreign key competitor_market_odds → competitor_odds_snapshots is gone:"
            " a hypertable's id cannot be referred to."
        )
    yield (
        "A lookup by id or snapshot_id alone searches every chunk. An UPDATE must name the time of its rows: without it, the"
        " server decompresses every chunk to look for them, up to a limit at which it refuses."
    )
    if settings.tables == "all":
        yield "The plain index on event_id and the BRIN index on time are not rebuilt: chunks and segments replace them."
    yield "It needs TimescaleDB's Community edition, which most managed PostgreSQL services do not offer."


def columnstore(settings: Settings) -> Scenario:
    """The scenario with these settings."""
    if settings.orderby == AUTOMATIC and SPARSE[settings.sparse] not in (AUTOMATIC, ""):
        raise LabError("A sparse index of its own needs an orderby of its own: orderby=automatic does not go with it.")
    return Scenario(
        title=TITLES.get(settings, "Columnstore, other settings"),
        category=Category.COMPRESS,
        hypothesis=HYPOTHESES.get(settings, "How well rows compress depends on which of them lie together in a batch."),
        apply=lambda db: apply(db, settings),
        what="Columnstore for snapshots and market rows (TimescaleDB Community)",
        needs=frozenset({Need.COLUMNSTORE}),
        requires=tuple(requirements(settings)),
        changes={conversion.table: Shape.HYPERTABLE for conversion in converted(settings)},
        losses=(
            lost_rows(f"snapshots and market rows in chunks of {settings.chunk} that ended {settings.days} days ago"),
        )
        if settings.days
        else (),
        keeps=settings.keeps,
        write={conversion.table: writing(conversion) for conversion in converted(settings)},
        recurring=tuple(compress_rest(conversion.table) for conversion in converted(settings)),
        keeps_days=settings.days or None,
        follows=FOLLOWS.get(settings, frozenset()),
        varies_with=("change rate", "list churn") if settings == Settings() else (),
        costs=tuple(costs(settings)),
    )


FAMILY = Family(
    make=lambda **values: columnstore(Settings(**values)),
    parameters={
        "tables": Choice(
            meaning="Which tables become hypertables: market rows and snapshots, or market rows only",
            default="all",
            values=("all", "markets"),
        ),
        "segmentby": Choice(
            meaning="The columns by which market rows are segmented; event_id stands for competitor_event_id, too",
            default="event_id",
            values=("event_id", "event_id betpawa_market_id", "betpawa_market_id", "nothing", AUTOMATIC),
        ),
        "orderby": Choice(
            meaning="The columns by which market rows are ordered inside of a segment, without those of segmentby",
            default=TUNED,
            values=(
                TUNED,
                "betpawa_market_id captured_at line id",
                "captured_at betpawa_market_id line id",
                "captured_at id",
                AUTOMATIC,
            ),
        ),
        "chunk": Choice(
            meaning="How much time one chunk covers",
            default="1 day",
            values=tuple(CHUNKS),
        ),
        "outcomes": Choice(
            meaning="The type of outcomes and market_groups in the market tables",
            default="json",
            values=("json", "jsonb"),
        ),
        "sparse": Choice(
            meaning="What is stored per batch about columns outside of orderby, so that a lookup skips batches",
            default=AUTOMATIC,
            values=tuple(SPARSE),
        ),
        "days": WholeNumber(
            meaning="How many days stay, in whole chunks, before older ones are dropped; 0 keeps all",
            default=0,
            least=0,
            most=3650,
        ),
    },
    named={
        "hypertable_compression": {},
        "hypertable_compression_jsonb": {"outcomes": "jsonb"},
        "hypertable_compression_default": {"segmentby": AUTOMATIC, "orderby": AUTOMATIC},
    },
)
