"""Store `raw_response` with lz4 instead of pglz, and recompress the values that are there.

SET COMPRESSION affects future values only, and neither VACUUM FULL nor INSERT … SELECT recompresses a value: it must be
decompressed on the way. The rewrite below does that, and afterwards every row's codec is checked. lz4 is faster. Whether
it is also smaller depends on the data, so both codecs compress the same documents and their CPU time is measured.

`raw_response || '{}'` decompresses an object and leaves it unchanged, but would turn an array, a number or a null into
another array: these are decompressed through their text.
"""

from lab.scenario import Category, Database, Need, NothingToDoError, Scenario, Shape

SAMPLE = 100
"""Documents per table in the codec comparison, spread evenly over the table."""

FRESH_VALUE = {
    # Each expression returns a new, decompressed value, so that storing it compresses it again.
    "odds_snapshots": (
        "jsonb",
        "CASE WHEN jsonb_typeof(raw_response) = 'object' THEN raw_response || '{}' ELSE raw_response::text::jsonb END",
    ),
    "competitor_odds_snapshots": ("json", "raw_response::text::json"),
}


def compare_codecs(db: Database) -> None:
    """Recompress the same documents with each codec, in turn and twice, so that neither has the warmer cache.

    The CPU time includes decompressing the stored values, which is the same for both.
    """
    for attempt, codec in enumerate(("pglz", "lz4", "pglz", "lz4")):
        with db.step(f"auxiliary: {SAMPLE} documents per table with {codec}", auxiliary=True):
            for table, (kind, fresh) in FRESH_VALUE.items():
                recompress(db, f"codec_{attempt}_{table}", codec, table, kind, fresh)
        if attempt < 2:
            for table in FRESH_VALUE:
                scratch = f"codec_{attempt}_{table}"
                stored, count = db.fetch(
                    f"SELECT coalesce(sum(pg_column_size(raw_response)), 0), count(*) FROM {scratch}"
                )[0]
                db.note(f"{table}.raw_response: {count} documents take {stored:,} bytes with {codec}")
    with db.step("auxiliary: drop the scratch tables", auxiliary=True):
        for attempt in range(4):
            for table in FRESH_VALUE:
                db.execute(f"DROP TABLE codec_{attempt}_{table}")


def recompress(db: Database, scratch: str, codec: str, table: str, kind: str, fresh: str) -> None:  # noqa: PLR0913, PLR0917
    """Store every n-th document of a table in a scratch table with that codec."""
    db.execute(f"CREATE TABLE {scratch} (raw_response {kind} COMPRESSION {codec})")
    db.execute(
        f"INSERT INTO {scratch} SELECT {fresh} FROM {table}"
        f" WHERE id % (SELECT greatest(1, count(*) / {SAMPLE}) FROM {table}) = 0 ORDER BY id LIMIT {SAMPLE}"
    )


def prove_unchanged(db: Database, table: str, kind: str, fresh: str) -> None:
    """Recompressing a document must not change it; json has no equality operator and is compared as text."""
    text = "::text" if kind == "json" else ""
    db.prove(
        f"recompression leaves every raw_response of {table} unchanged",
        f"SELECT count(*) FROM {table} WHERE ({fresh}){text} IS DISTINCT FROM raw_response{text}",
    )


def prove_codec(db: Database, table: str) -> None:
    """No value is compressed with a codec other than lz4; short values are not compressed at all."""
    db.prove(
        f"every compressed raw_response of {table} is lz4",
        f"SELECT count(*) FROM {table} WHERE pg_column_compression(raw_response) <> 'lz4'",
    )


def set_codec(db: Database, table: str) -> None:
    """Name the codec on a table and on all its partitions, because SET COMPRESSION does not descend.

    The table comes before its partitions, as readers lock them: the other way round, the two wait for each other.
    """
    db.execute(
        "DO $$ DECLARE part regclass; BEGIN"
        f" FOR part IN SELECT t.relid FROM (SELECT '{table}'::regclass, 0 UNION SELECT relid, level"
        f" FROM pg_partition_tree('{table}')) t(relid, level) ORDER BY t.level LOOP"
        " EXECUTE 'ALTER TABLE ' || part || ' ALTER COLUMN raw_response SET COMPRESSION lz4';"
        " END LOOP; END $$"
    )


def apply(db: Database) -> None:
    """Compare the codecs, set lz4, rewrite the tables, and prove the codec of every value."""
    values = sum(db.value(f"SELECT count(raw_response) FROM {table}") for table in FRESH_VALUE)
    if not values:
        raise NothingToDoError("Nothing to compress: no snapshot has a raw_response.")
    compare_codecs(db)
    with db.step("SET COMPRESSION lz4"):
        for table in FRESH_VALUE:
            set_codec(db, table)
    with db.step("rewrite with recompression"):
        # ALTER … TYPE forgets the column's codec and writes with the session's.
        db.execute("SET default_toast_compression = lz4")
        for table, (kind, fresh) in FRESH_VALUE.items():
            db.execute("BEGIN")
            db.execute(f"LOCK TABLE {table} IN EXCLUSIVE MODE")
            prove_unchanged(db, table, kind, fresh)
            db.execute(f"ALTER TABLE {table} ALTER COLUMN raw_response TYPE {kind} USING {fresh}")
            set_codec(db, table)
            db.execute("COMMIT")
        db.execute("RESET default_toast_compression")
    with db.step("prove the codec of every value"):
        for table in FRESH_VALUE:
            prove_codec(db, table)
    for table in FRESH_VALUE:
        compressed = db.value(f"SELECT count(pg_column_compression(raw_response)) FROM {table}")
        db.note(f"{table}.raw_response: all {compressed:,} compressed values are lz4, checked row by row")


SCENARIO = Scenario(
    title="TOAST with lz4",
    category=Category.COMPRESS,
    hypothesis="lz4 is several times faster than pglz; on JSON payloads it is about as large, sometimes larger.",
    apply=apply,
    what="Compress raw_response with lz4",
    needs=frozenset({Need.LZ4}),
    changes=dict.fromkeys(FRESH_VALUE, Shape.TABLE),
    needs_columns=tuple(f"{table}.raw_response" for table in FRESH_VALUE),
    costs=(
        "ALTER TABLE rewrites each table under ACCESS EXCLUSIVE and needs disk space for a second copy.",
        "TOAST does not compress rows below about 2 kB, so the market tables cannot gain.",
    ),
)
