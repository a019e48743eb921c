"""Keep `raw_response` of the newest days, and empty it in all older snapshots.

A payload is looked at to debug a scrape, and that is soon after it. Every snapshot stays, with its markets and prices; only
the column of older ones becomes NULL, in batches of 1,000 snapshots with a transaction each. UPDATE writes each row anew at the
end of its table and frees nothing; only the rewrite returns bytes to the disk. The rows that keep their payload come first
in it then, and those that lost it follow in the order of their ids, so that a BRIN index on the time still works.
Ages are counted from the case's last capture, which is the present for the data. The first step stores the cut-off, so that
all statements agree on it, on whatever day they are repeated.
"""

from collections.abc import Mapping
from datetime import datetime

from lab.scenario import (
    Category,
    Database,
    Empties,
    Family,
    Scenario,
    Shape,
    WholeNumber,
    days_ago,
    days_before,
    lost_values,
    unused_names,
)
from scenarios._payload_ages import COLUMNS, TABLES, empty, may_be_null, older, require_old

CUTOFF = "payload_retention_cutoff"


def empties(days: int) -> Empties:
    """Which rows lose their payload."""

    def conditions(now: datetime) -> Mapping[str, str]:
        return {f"{table}.raw_response": older(table, days_before(now, days)) for table in TABLES}

    return conditions


def apply(db: Database, days: int) -> None:
    """Fix the cut-off, empty, rewrite."""
    at = days_ago(db, days)
    require_old(db, days, "empty")
    expired = {table: older(table, f"(SELECT at FROM {CUTOFF})") for table in TABLES}
    with db.step("fix the cut-off"):
        db.execute(f"CREATE TABLE IF NOT EXISTS {CUTOFF} AS SELECT {at} AS at")
    with db.step("UPDATE", final=True):
        for table in TABLES:
            empty(db, table, expired[table])
            db.prove(
                f"no expired row of {table} has a raw_response",
                f"SELECT count(*) FROM {table} t WHERE {expired[table]} AND t.raw_response IS NOT NULL",
            )
        db.execute(f"DROP TABLE {CUTOFF}")
    with db.step("VACUUM FULL", final=True):
        for table in TABLES:
            db.execute(f"VACUUM FULL {table}")


def keep(days: int) -> Scenario:
    """The scenario that keeps the payloads of `days` days."""
    return Scenario(
        title=f"Keep {days} days of raw_response",
        category=Category.RETAIN,
        hypothesis="Old payloads are most of the database, and are looked at soon after their scrape or never.",
        apply=lambda db: apply(db, days),
        what=f"Keep raw_response of the newest {days} days only",
        changes=dict.fromkeys(TABLES, Shape.TABLE),
        needs_columns=COLUMNS,
        requires=(
            *may_be_null(),
            unused_names(CUTOFF),
        ),
        losses=tuple(lost_values(column, f"of snapshots older than {days} days") for column in COLUMNS),
        empties=empties(days),
        empties_after_days=days,
        costs=(
            "Older payloads can no longer be parsed again; a mistake in the scraper's mapping must be found within that time.",
            "VACUUM FULL holds ACCESS EXCLUSIVE and needs disk space for a second copy of the rows and of the payloads that stay.",
            "The saving happens once: from then on a job must empty what expires, and VACUUM makes its space reusable.",
        ),
    )


FAMILY = Family(
    make=keep,
    parameters={
        "days": WholeNumber(meaning="How many days of raw_response stay", default=7, least=1, most=3650),
    },
    named={"raw_response_7d": {"days": 7}},
)
