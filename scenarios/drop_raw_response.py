"""Drop the column `raw_response` of both snapshot tables, then rewrite them.

DROP COLUMN only hides a column: its bytes stay until the table is rewritten. So there are two steps, and the first one
frees nothing.
"""

from lab.scenario import Category, Database, Scenario, Shape, lost_column

TABLES = ("odds_snapshots", "competitor_odds_snapshots")
COLUMNS = tuple(f"{table}.raw_response" for table in TABLES)


def apply(db: Database) -> None:
    """Drop first, rewrite second."""
    with db.step("DROP COLUMN", final=True):
        for table in TABLES:
            db.execute(f"ALTER TABLE {table} DROP COLUMN raw_response")
    with db.step("VACUUM FULL", final=True):
        for table in TABLES:
            db.execute(f"VACUUM FULL {table}")


SCENARIO = Scenario(
    title="Drop raw_response",
    category=Category.ELIMINATE,
    hypothesis="The two payload columns are more than half of the database, and only a debugger reads them.",
    apply=apply,
    what="Drop the raw_response columns, then rewrite their tables",
    changes=dict.fromkeys(TABLES, Shape.TABLE),
    needs_columns=COLUMNS,
    losses=tuple(lost_column(column) for column in COLUMNS),
    costs=(
        "Stored payloads can no longer be parsed again, so a mistake in the scraper's mapping cannot be repaired later.",
        "VACUUM FULL holds ACCESS EXCLUSIVE. It needs disk space for a second copy, which is small.",
    ),
)
