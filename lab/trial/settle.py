"""Bring a trial to rest, the same way for every scenario, before it is weighed."""

from __future__ import annotations

from lab.postgres.database import Database


def settle(database: Database) -> None:
    """Vacuum and analyze everything, then write it out: nothing is left to do behind the measurement's back."""
    database.execute("VACUUM (ANALYZE)")
    database.checkpoint()
