"""Rewrite every table and rebuild every index, and change nothing else.

VACUUM FULL removes dead rows and rebuilds indexes that grew by random insertion. Every strategy that rewrites a table
gets this for free, so the saving of this control is bloat and no merit of a strategy.
"""

from lab.scenario import Category, Database, Scenario


def apply(db: Database) -> None:
    """VACUUM FULL, then REINDEX, as two steps so that the report shows the effect of each."""
    with db.step("VACUUM FULL"):
        db.execute("VACUUM FULL")
    with db.step("REINDEX"):
        db.execute("REINDEX SCHEMA public")


SCENARIO = Scenario(
    title="Rewrite only",
    category=Category.CONTROL,
    hypothesis="A freshly loaded database has little bloat, except in indexes with random keys.",
    apply=apply,
    costs=(
        "VACUUM FULL holds ACCESS EXCLUSIVE on each table in turn, and needs disk space for a second copy of the largest.",
    ),
)
