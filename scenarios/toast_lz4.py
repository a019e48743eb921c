"""Store `raw_response` with lz4 instead of pglz, and recompress what is there.

SET COMPRESSION touches future values only, and neither VACUUM FULL nor INSERT … SELECT recompresses: a value must be
decompressed on the way. The rewrite below does that, and every row's codec is checked afterwards. lz4 is faster; whether
it is smaller depends on the data, so both codecs are also run over the same documents for their CPU time.
"""

from lab.scenario import Category, Database, LabError, Need, Scenario

SAMPLE = 100
"""Documents per table in the codec comparison, spread over all of them."""

FRESH_VALUE = {
    # Each expression returns a new, decompressed value, so that storing it compresses it again.
    "odds_snapshots": ("jsonb", "raw_response || '{}'::jsonb"),
    "competitor_odds_snapshots": ("json", "raw_response::text::json"),
}


def compare_codecs(db: Database) -> None:
    """Store the same documents anew with each codec, in turn and twice, so that neither has the warmer cache.

    The CPU time includes decompressing what is stored, which is the same for both.
    """
    for attempt, codec in enumerate(("pglz", "lz4", "pglz", "lz4")):
        with db.step(f"on the side: {SAMPLE} documents a table with {codec}", apart=True):
            for table, (kind, fresh) in FRESH_VALUE.items():
                store_again(db, f"codec_{attempt}_{table}", codec, table, kind, fresh)
        if attempt < 2:
            for table in FRESH_VALUE:
                scratch = f"codec_{attempt}_{table}"
                stored, count = db.fetch(f"SELECT sum(pg_column_size(raw_response)), count(*) FROM {scratch}")[0]
                db.note(f"{table}.raw_response: {count} documents take {stored:,} bytes with {codec}")
    with db.step("on the side: drop the scratch tables", apart=True):
        for attempt in range(4):
            for table in FRESH_VALUE:
                db.execute(f"DROP TABLE codec_{attempt}_{table}")


def store_again(db: Database, scratch: str, codec: str, table: str, kind: str, fresh: str) -> None:  # noqa: PLR0913, PLR0917
    """Every n-th document of a table in a scratch table with that codec."""
    db.execute(f"CREATE TABLE {scratch} (raw_response {kind} COMPRESSION {codec})")
    db.execute(
        f"INSERT INTO {scratch} SELECT {fresh} FROM {table}"
        f" WHERE id % (SELECT greatest(1, count(*) / {SAMPLE}) FROM {table}) = 0 ORDER BY id LIMIT {SAMPLE}"
    )


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
    combine_with=("hypertable_compression",),
    costs=(
        "The rewriting ALTER holds ACCESS EXCLUSIVE and needs room for a second copy.",
        "Rows below about 2 kB are not compressed by TOAST at all: the market tables cannot gain.",
    ),
)
