"""Asks a started server whether it is the lab's own, and what it can do."""

from __future__ import annotations

from lab.errors import ServerError
from lab.postgres.database import Database
from lab.values import Capabilities

IDENTITY = "storage_lab.identity"
"""The setting that a server of the lab's own is started with; its value is random, so no other server has it."""


def require_identity(database: Database, identity: str) -> Database:
    """The connection, if the server behind it was started with that identity; asked before anything is written.

    Errors: `ServerError`, with the connection closed, if another server answered.
    """
    if database.value(f"SELECT current_setting('{IDENTITY}', true)") == identity:
        return database
    database.close()
    raise ServerError(
        "Another server answered than the one that the lab started: nothing was written to it.",
        hint="Look for a proxy or a forwarded port between the lab and its server.",
    )


def capabilities_of(database: Database) -> Capabilities:
    """What the server can do, as it says itself."""
    version = _timescale_version(database)
    return Capabilities(
        postgres=str(database.value("SHOW server_version")),
        lz4="lz4" in database.value("SELECT enumvals FROM pg_settings WHERE name = 'default_toast_compression'"),
        timescaledb=version,
        timescaledb_edition=_timescale_edition(database) if version else None,
    )


def _timescale_version(database: Database) -> str | None:
    rows = database.fetch("SELECT default_version FROM pg_available_extensions WHERE name = 'timescaledb'")
    return str(rows[0][0]) if rows else None


def _timescale_edition(database: Database) -> str | None:
    license_name = database.value("SELECT current_setting('timescaledb.license', true)")
    return {"timescale": "community", "apache": "apache"}.get(license_name)
