"""Delete rows older than some days, the way the application does it, then return the space to the disk.

Rows are deleted in foreign-key order and in batches of 1,000 snapshots, each batch in its own transaction. The oldest rows
lie at the front of each file: DELETE frees nothing, VACUUM makes the space reusable but leaves the files as long as they
were, and only the rewrite returns bytes to the disk. Ages are counted from the case's last capture, which is the present
for the data. The first step stores the cut-off, so that all statements agree on it, on whatever day they are repeated.
(The published counts for 7 days are from the day of the profile, four idle days later, and so keep fewer rows than this.)
"""

from collections.abc import Callable, Mapping
from datetime import datetime

from lab.scenario import (
    Category,
    Database,
    Family,
    NothingToDoError,
    Requirement,
    Scenario,
    Shape,
    WholeNumber,
    days_ago,
    days_before,
    lost_rows,
    unused_names,
)

BATCH = 1_000
WEEK = 7

SNAPSHOTS = {"odds_snapshots": "market_odds", "competitor_odds_snapshots": "competitor_market_odds"}

SMALL = (
    "event_scrape_status",
    "scrape_errors",
    "scrape_phase_logs",
    "scrape_runs",
    "event_bookmakers",
    "competitor_events",
    "events",
    "tournaments",
    "competitor_tournaments",
)
"""In foreign-key order: nothing refers to a row once the tables before it are done."""


CUTOFF = "(SELECT at FROM retention_cutoff)"


def kept(at: str) -> dict[str, str]:
    """For each table that loses rows, the condition under which a row `t` stays; `at` is the cut-off as a timestamptz.

    A parent stays while any remaining row refers to it. The conditions name the schema `public`, because they read the
    database as it was before: in a verification query, the bare table names stand for the rows that are kept.
    """
    plain = f"({at} AT TIME ZONE 'UTC')"
    run_used = " OR ".join(
        f"EXISTS (SELECT FROM public.{table} x WHERE x.scrape_run_id = t.id AND x.{column} >= {since})"
        for table, column, since in (
            ("odds_snapshots", "captured_at", at),
            ("competitor_odds_snapshots", "captured_at", plain),
            ("event_scrape_status", "created_at", plain),
            ("scrape_errors", "occurred_at", at),
            ("scrape_phase_logs", "started_at", plain),
        )
    )
    competitor_event = (
        f"(c.kickoff >= {plain} OR EXISTS (SELECT FROM public.competitor_odds_snapshots x"
        f" WHERE x.competitor_event_id = c.id AND x.captured_at >= {plain}))"
    )
    event = (
        f"(e.kickoff >= {at}"
        f" OR EXISTS (SELECT FROM public.odds_snapshots x WHERE x.event_id = e.id AND x.captured_at >= {at})"
        f" OR EXISTS (SELECT FROM public.scrape_errors x WHERE x.event_id = e.id AND x.occurred_at >= {at})"
        f" OR EXISTS (SELECT FROM public.competitor_events c WHERE c.betpawa_event_id = e.id AND {competitor_event}))"
    )
    return {
        "odds_snapshots": f"t.captured_at >= {at}",
        "market_odds": f"NOT EXISTS (SELECT FROM public.odds_snapshots s WHERE s.id = t.snapshot_id AND s.captured_at < {at})",
        "competitor_odds_snapshots": f"t.captured_at >= {plain}",
        "competitor_market_odds": "NOT EXISTS (SELECT FROM public.competitor_odds_snapshots s"
        f" WHERE s.id = t.snapshot_id AND s.captured_at < {plain})",
        "event_scrape_status": f"t.created_at >= {plain}",
        "scrape_errors": f"t.occurred_at >= {at}",
        "scrape_phase_logs": f"t.started_at >= {plain}",
        "scrape_runs": f"t.started_at >= {at} OR {run_used}",
        "event_bookmakers": f"EXISTS (SELECT FROM public.events e WHERE e.id = t.event_id AND {event})",
        "events": f"EXISTS (SELECT FROM public.events e WHERE e.id = t.id AND {event})",
        "competitor_events": f"EXISTS (SELECT FROM public.competitor_events c WHERE c.id = t.id AND {competitor_event})",
        "tournaments": f"EXISTS (SELECT FROM public.events e WHERE e.tournament_id = t.id AND {event})",
        "competitor_tournaments": "EXISTS (SELECT FROM public.competitor_events c"
        f" WHERE c.tournament_id = t.id AND {competitor_event})",
    }


TABLES = (*SNAPSHOTS, *SNAPSHOTS.values(), *SMALL)


def keeps(days: int) -> Callable[[datetime], Mapping[str, str]]:
    """What must remain of each table after keeping `days` days."""

    def selects(now: datetime) -> Mapping[str, str]:
        conditions = kept(days_before(now, days))
        return {table: f"SELECT t.* FROM public.{table} t WHERE {condition}" for table, condition in conditions.items()}

    return selects


def delete_snapshots(db: Database, snapshots: str, markets: str, stays: str) -> None:
    """Delete the expired rows of one snapshot table and their market rows; each batch is committed before the next."""
    db.execute(f"""
DO $$
DECLARE expired bigint[];
BEGIN
  LOOP
    SELECT array_agg(b.id) INTO expired
    FROM (SELECT t.id FROM {snapshots} t WHERE NOT ({stays}) ORDER BY t.id LIMIT {BATCH}) b;
    EXIT WHEN expired IS NULL;
    DELETE FROM {markets} WHERE snapshot_id = ANY (expired);
    DELETE FROM {snapshots} WHERE id = ANY (expired);
    COMMIT;
  END LOOP;
END $$""")


def apply(db: Database, days: int) -> None:
    """Fix the cut-off, delete, vacuum, rewrite: separate steps, so that the report shows which of them frees space."""
    at = days_ago(db, days)
    expired = kept(at)
    if not any(db.value(f"SELECT EXISTS (SELECT FROM {table} t WHERE NOT ({expired[table]}))") for table in SNAPSHOTS):
        raise NothingToDoError(f"Nothing to delete: no snapshot is older than {days} days at {db.now:%Y-%m-%d %H:%M}.")
    conditions = kept(CUTOFF)
    with db.step("fix the cut-off"):
        db.execute(f"CREATE TABLE IF NOT EXISTS retention_cutoff AS SELECT {at} AS at")
    with db.step("DELETE", final=True):
        for table, markets in SNAPSHOTS.items():
            delete_snapshots(db, table, markets, conditions[table])
        for table in SMALL:
            db.execute(f"DELETE FROM {table} t WHERE NOT ({conditions[table]})")
        db.execute("DROP TABLE retention_cutoff")
    with db.step("VACUUM", final=True):
        db.execute("VACUUM")
    with db.step("VACUUM FULL", final=True):
        for table in TABLES:
            db.execute(f"VACUUM FULL {table}")


def keep(days: int) -> Scenario:
    """The scenario that keeps `days` days."""
    return Scenario(
        title=f"Keep {days} days",
        category=Category.RETAIN,
        hypothesis="The application does not read old rows. Deleting them and rewriting the tables frees their share.",
        apply=lambda db: apply(db, days),
        what=f"Keep {days} days",
        changes=dict.fromkeys(TABLES, Shape.TABLE),
        requires=(
            Requirement(
                name="every id of odds_snapshots belongs to one snapshot",
                sql="SELECT count(*) FROM (SELECT id FROM odds_snapshots GROUP BY id HAVING count(*) > 1) twice",
            ),
            unused_names("retention_cutoff"),
        ),
        losses=(
            lost_rows(f"snapshots, markets and logs older than {days} days, and events that kicked off before that"),
        ),
        keeps=keeps(days),
        keeps_days=days,
        follows=frozenset({Category.ELIMINATE} if days == WEEK else ()),
        costs=(
            "VACUUM FULL holds ACCESS EXCLUSIVE and needs disk space for a second copy of the rows that are kept.",
            "The saving happens once. From then on the size follows the rows of that many days: compare bytes per kept row.",
        ),
    )


FAMILY = Family(
    make=keep,
    parameters={"days": WholeNumber(meaning="How many days of rows stay", default=WEEK, least=1, most=3650)},
    named={f"retention_{days}d": {"days": days} for days in (WEEK, 14, 30)},
)
