"""Brings a trial to rest before it is measured, the same way for every scenario."""

from __future__ import annotations

from lab.postgres.database import Database


def settle(database: Database) -> None:
    """Vacuum and analyze everything, then checkpoint, so that no background work disturbs the measurement."""
    database.execute("VACUUM (ANALYZE)")
    database.checkpoint()
