"""Which payloads are old, and how they leave their rows."""

from lab.scenario import Database, NothingToDoError, Requirement, days_ago

_BATCH = 1_000
TABLES = ("odds_snapshots", "competitor_odds_snapshots")
COLUMNS = tuple(f"{table}.raw_response" for table in TABLES)


def older(table: str, at: str) -> str:
    """Whether a row `t` is older than `at`, a timestamptz; the competitors' times are in UTC without saying so."""
    return f"t.captured_at < {at}" if table == "odds_snapshots" else f"t.captured_at < ({at} AT TIME ZONE 'UTC')"


def holds(db: Database, table: str, at: str) -> bool:
    """Whether a row that is older than `at`, a timestamptz, has a payload."""
    return bool(
        db.value(f"SELECT EXISTS (SELECT FROM {table} t WHERE {older(table, at)} AND t.raw_response IS NOT NULL)")
    )


def require_old(db: Database, days: int, do: str) -> None:
    """Errors: `NothingToDoError` where no payload is older than so many days, so that there is nothing to `do`."""
    if not any(holds(db, table, days_ago(db, days)) for table in TABLES):
        raise NothingToDoError(
            f"Nothing to {do}: no snapshot with a raw_response is older than {days} days at {db.now:%Y-%m-%d %H:%M}."
        )


def may_be_null() -> tuple[Requirement, ...]:
    """Both columns may be emptied."""
    return tuple(
        Requirement(
            name=f"{table}.raw_response may be NULL",
            sql=f"SELECT count(*) FROM pg_attribute WHERE attrelid = '{table}'::regclass"
            " AND attname = 'raw_response' AND attnotnull",
        )
        for table in TABLES
    )


def empty(db: Database, table: str, expired: str, still: str = "true") -> None:
    """Empty the payloads of the expired rows in the order of their ids; each batch is committed before the next.

    `still` is a further condition on a row, which is costly and so only asked of those of the batch.
    """
    change = f"UPDATE {table} t SET raw_response = NULL WHERE t.id = ANY (batch) AND {expired} AND {still}"
    in_batches(db, table, f"{expired} AND t.raw_response IS NOT NULL", change)


def in_batches(db: Database, table: str, condition: str, change: str) -> None:
    """Change the rows `t` of the table that fulfil the condition, in the order of their ids, a bounded number at a time.

    `change` is a statement about the rows whose ids are in the array `batch`; each is committed before the next.
    """
    db.execute(f"""
DO $$
DECLARE last bigint := -9223372036854775808; batch bigint[];
BEGIN
  LOOP
    SELECT array_agg(b.id ORDER BY b.id) INTO batch
    FROM (SELECT t.id FROM {table} t WHERE t.id > last AND {condition} ORDER BY t.id LIMIT {_BATCH}) b;
    EXIT WHEN batch IS NULL;
    {change};
    last := batch[cardinality(batch)];
    COMMIT;
  END LOOP;
END $$""")
