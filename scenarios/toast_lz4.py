"""Store `raw_response` with lz4 instead of pglz, and recompress what is there.

SET COMPRESSION touches future values only, and neither VACUUM FULL nor INSERT … SELECT recompresses: a value must be
decompressed on the way. The rewrite below does that, and every row's codec is checked afterwards. lz4 is faster; whether
it is smaller depends on the data, so both codecs are also run over the same documents for their CPU time.
"""

from lab.scenario import Category, Database, LabError, Need, Scenario

SAMPLE = 200
"""Documents per table in the codec comparison."""

FRESH_VALUE = {
    # Each expression returns a new, decompressed value, so that storing it compresses it again.
    "odds_snapshots": ("jsonb", "raw_response || '{}'::jsonb"),
    "competitor_odds_snapshots": ("json", "raw_response::text::json"),
}


def compare_codecs(db: Database) -> None:
    """Recompress the same documents with each codec into a scratch table, one step a codec."""
    for codec in ("pglz", "lz4"):
        with db.step(f"{SAMPLE} documents a table, {codec}"):
            for table, (kind, fresh) in FRESH_VALUE.items():
                db.execute(f"CREATE TABLE codec_{codec}_{table} (raw_response {kind} COMPRESSION {codec})")
                db.execute(f"INSERT INTO codec_{codec}_{table} SELECT {fresh} FROM {table} ORDER BY id LIMIT {SAMPLE}")
        for table in FRESH_VALUE:
            stored = db.value(f"SELECT sum(pg_column_size(raw_response)) FROM codec_{codec}_{table}")
            count = db.value(f"SELECT count(*) FROM codec_{codec}_{table}")
            db.note(f"{table}.raw_response, {count} documents: {codec} stores {stored:,} bytes")
    with db.step("drop the scratch tables"):
        for codec in ("pglz", "lz4"):
            for table in FRESH_VALUE:
                db.execute(f"DROP TABLE codec_{codec}_{table}")


def prove(db: Database, table: str) -> None:
    """Every stored value must be lz4 now; one that is not makes the scenario fail."""
    codecs = db.fetch(
        f"SELECT coalesce(pg_column_compression(raw_response), 'none'), count(*) FROM {table}"
        " WHERE raw_response IS NOT NULL GROUP BY 1"
    )
    wrong = {codec: count for codec, count in codecs if codec != "lz4"}
    if wrong or not codecs:
        raise LabError(f"{table}.raw_response was not recompressed: values by codec {dict(codecs)}.")
    db.note(f"{table}.raw_response: all {codecs[0][1]:,} values are lz4, checked row by row")


def set_codec(db: Database) -> None:
    """Name the codec on the parent and on its partition, because SET COMPRESSION does not descend."""
    for table in (*FRESH_VALUE, "odds_snapshots_default"):
        db.execute(f"ALTER TABLE {table} ALTER COLUMN raw_response SET COMPRESSION lz4")


def apply(db: Database) -> None:
    """Compare the codecs, set the new one, rewrite, prove it."""
    compare_codecs(db)
    with db.step("SET COMPRESSION lz4"):
        set_codec(db)
    with db.step("rewrite with recompression"):
        # ALTER … TYPE forgets the column's codec and writes with the session's.
        db.execute("SET default_toast_compression = lz4")
        for table, (kind, fresh) in FRESH_VALUE.items():
            db.execute(f"ALTER TABLE {table} ALTER COLUMN raw_response TYPE {kind} USING {fresh}")
        set_codec(db)
    for table in FRESH_VALUE:
        prove(db, table)


SCENARIO = Scenario(
    title="TOAST with lz4",
    category=Category.COMPRESS,
    hypothesis="lz4 is several times faster than pglz; on JSON payloads it is about as large, sometimes larger.",
    apply=apply,
    needs=frozenset({Need.LZ4}),
    costs=(
        "The rewriting ALTER holds ACCESS EXCLUSIVE and needs room for a second copy.",
        "Rows below about 2 kB are not compressed by TOAST at all: the market tables cannot gain.",
    ),
)
