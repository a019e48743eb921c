"""Delete what is older than 7, 14 or 30 days, the way the application does it, then give the space back.

Rows go in foreign-key order and in batches of 1,000 snapshots. The oldest rows lie at the front of each file, so
DELETE frees nothing, VACUUM makes the room reusable but keeps the files as long as they were, and only the rewrite
gives bytes back to the disk. Ages are counted from the case's last capture, which is the present for the data. (The
published counts for 7 days are from the day of the profile, four idle days later, and so keep fewer rows than this.)
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

from lab.scenario import Category, Database, NothingToDoError, Scenario

BATCH = 1_000

SNAPSHOTS = {"odds_snapshots": "market_odds", "competitor_odds_snapshots": "competitor_market_odds"}

SMALL = (
    "event_scrape_status",
    "scrape_errors",
    "scrape_phase_logs",
    "scrape_runs",
    "event_bookmakers",
    "events",
    "competitor_events",
    "tournaments",
    "competitor_tournaments",
)
"""In foreign-key order: each is free of references once those before it are gone."""


def kept(cutoff: datetime) -> dict[str, str]:
    """For each table that loses rows, the condition under which a row `t` stays.

    A parent stays while anything that stays refers to it. Conditions read the database as it was before.
    """
    at, plain = (
        f"'{cutoff.isoformat()}'::timestamptz",
        f"'{cutoff.astimezone(UTC).replace(tzinfo=None).isoformat()}'::timestamp",
    )
    run_used = " OR ".join(
        f"EXISTS (SELECT FROM {table} x WHERE x.scrape_run_id = t.id AND x.{column} >= {since})"
        for table, column, since in (
            ("odds_snapshots", "captured_at", at),
            ("competitor_odds_snapshots", "captured_at", plain),
            ("event_scrape_status", "created_at", plain),
            ("scrape_errors", "occurred_at", at),
            ("scrape_phase_logs", "started_at", plain),
        )
    )
    return {
        "odds_snapshots": f"t.captured_at >= {at}",
        "market_odds": f"EXISTS (SELECT FROM odds_snapshots s WHERE s.id = t.snapshot_id AND s.captured_at >= {at})",
        "competitor_odds_snapshots": f"t.captured_at >= {plain}",
        "competitor_market_odds": "EXISTS (SELECT FROM competitor_odds_snapshots s"
        f" WHERE s.id = t.snapshot_id AND s.captured_at >= {plain})",
        "event_scrape_status": f"t.created_at >= {plain}",
        "scrape_errors": f"t.occurred_at >= {at}",
        "scrape_phase_logs": f"t.started_at >= {plain}",
        "scrape_runs": f"t.started_at >= {at} OR {run_used}",
        "event_bookmakers": f"EXISTS (SELECT FROM events e WHERE e.id = t.event_id AND e.kickoff >= {at})",
        "events": f"t.kickoff >= {at}",
        "competitor_events": f"t.kickoff >= {plain}",
        "tournaments": f"EXISTS (SELECT FROM events e WHERE e.tournament_id = t.id AND e.kickoff >= {at})",
        "competitor_tournaments": "EXISTS (SELECT FROM competitor_events e"
        f" WHERE e.tournament_id = t.id AND e.kickoff >= {plain})",
    }


def keeps(days: int) -> Callable[[datetime], Mapping[str, str]]:
    """What must remain of each table after keeping `days` days."""

    def selects(now: datetime) -> Mapping[str, str]:
        conditions = kept(now - timedelta(days=days))
        return {table: f"SELECT t.* FROM public.{table} t WHERE {condition}" for table, condition in conditions.items()}

    return selects


def delete_snapshots(db: Database, snapshots: str, markets: str, stays: str) -> int:
    """Delete the expired rows of one snapshot table and their market rows; returns the number of snapshots."""
    deleted = 0
    while batch := db.fetch(f"SELECT t.id FROM {snapshots} t WHERE NOT ({stays}) ORDER BY t.id LIMIT {BATCH}"):
        ids = [row[0] for row in batch]
        db.execute(f"DELETE FROM {markets} WHERE snapshot_id = ANY(%s)", (ids,))
        deleted += db.execute(f"DELETE FROM {snapshots} WHERE id = ANY(%s)", (ids,))
    return deleted


def apply(db: Database, days: int) -> None:
    """Delete, vacuum, rewrite: three steps, so that the report shows which of them frees space."""
    conditions = kept(db.now - timedelta(days=days))
    with db.step("DELETE"):
        deleted = sum(delete_snapshots(db, table, SNAPSHOTS[table], conditions[table]) for table in SNAPSHOTS)
        if not deleted:
            raise NothingToDoError(
                f"Nothing to delete: no snapshot is older than {days} days at {db.now:%Y-%m-%d %H:%M}."
            )
        db.execute(
            "UPDATE competitor_events SET betpawa_event_id = NULL WHERE betpawa_event_id IN"
            f" (SELECT t.id FROM events t WHERE NOT ({conditions['events']}))"
        )
        for table in SMALL:
            db.execute(f"DELETE FROM {table} t WHERE NOT ({conditions[table]})")
    with db.step("VACUUM"):
        db.execute("VACUUM")
    with db.step("VACUUM FULL"):
        for table in (*SNAPSHOTS, *SNAPSHOTS.values(), *SMALL):
            db.execute(f"VACUUM FULL {table}")


def keep(days: int) -> Scenario:
    """The variant that keeps `days` days."""
    return Scenario(
        title=f"Keep {days} days",
        category=Category.RETAIN,
        hypothesis="Old rows are never read; deleting them frees their share of the database, once rewritten.",
        apply=lambda db: apply(db, days),
        keeps=keeps(days),
        keeps_days=days,
        loses=f"snapshots, markets and logs older than {days} days, and events whose kick-off is",
        costs=(
            "VACUUM FULL holds ACCESS EXCLUSIVE and needs room for a second copy of what is kept.",
            "It saves once: the database grows back to its size under this retention, so look at bytes per retained row.",
        ),
    )


VARIANTS = {f"retention_{days}d": keep(days) for days in (7, 14, 30)}
