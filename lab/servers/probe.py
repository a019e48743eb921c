"""Asks a started server what it can do."""

from __future__ import annotations

from lab.postgres.database import Database
from lab.values import Capabilities


def capabilities_of(database: Database) -> Capabilities:
    """What the server can do, by its own word."""
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
