"""Rewrite every table and rebuild every index, and change nothing else.

VACUUM FULL squeezes out dead rows and rebuilds indexes that grew by random insertion, so every strategy that
rewrites gets this for free. What this control saves is bloat, not the merit of a strategy.
"""

from lab.scenario import Category, Database, Scenario


def apply(db: Database) -> None:
    """VACUUM FULL, then REINDEX, as two steps so that each shows its own part."""
    with db.step("VACUUM FULL"):
        db.execute("VACUUM FULL")
    with db.step("REINDEX"):
        db.execute("REINDEX SCHEMA public")


SCENARIO = Scenario(
    title="Rewrite only",
    category=Category.CONTROL,
    hypothesis="A freshly written database has little bloat; the indexes with random keys have some.",
    apply=apply,
    costs=("ACCESS EXCLUSIVE on each table while it is rewritten, and room for a second copy of the largest.",),
)
