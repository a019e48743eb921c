"""Checks that a started server is the lab's own, and reads its capabilities."""

from __future__ import annotations

from lab.errors import ServerError
from lab.postgres.database import Database
from lab.values import Capabilities

IDENTITY = "storage_lab.identity"
"""A setting that the lab gives to each server that it starts; its value is random, so no other server has it."""


def require_identity(database: Database, identity: str) -> Database:
    """The connection, if its server was started with that identity; checked before anything is written.

    Errors: `ServerError`, with the connection closed, if another server answered.
    """
    if database.value(f"SELECT current_setting('{IDENTITY}', true)") == identity:
        return database
    database.close()
    raise ServerError(
        "The server that answered is not the one that the lab started. Nothing was written to it.",
        hint="Look for a proxy or a forwarded port between the lab and its server.",
    )


def capabilities_of(database: Database) -> Capabilities:
    """The capabilities that the server reports to this connection."""
    version = _timescale_version(database)
    return Capabilities(
        postgres=str(database.value("SHOW server_version")),
        lz4="lz4" in database.value("SELECT enumvals FROM pg_settings WHERE name = 'default_toast_compression'"),
        timescaledb=version,
        timescaledb_edition=_timescale_edition(database) if version else None,
    )


def _timescale_version(database: Database) -> str | None:
    rows = database.fetch(
        "SELECT coalesce(installed_version, default_version) FROM pg_available_extensions WHERE name = 'timescaledb'"
    )
    return str(rows[0][0]) if rows else None


def _timescale_edition(database: Database) -> str | None:
    license_name = database.value("SELECT current_setting('timescaledb.license', true)")
    return {"timescale": "community", "apache": "apache"}.get(license_name)
