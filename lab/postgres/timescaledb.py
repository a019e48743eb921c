"""Differences between versions of TimescaleDB since 2.18, the first with today's names of the columnstore.

Scenarios do not need this module: they use those names, which every version since 2.18 knows.
"""

from __future__ import annotations

from lab.postgres.database import Database

OLDEST = (2, 18)
"""The first version whose columnstore the lab can use."""

_BY_SETTINGS = """
SELECT compress_relid::oid::bigint, relid::oid::bigint
FROM _timescaledb_catalog.compression_settings WHERE compress_relid IS NOT NULL
"""  # since 2.19

_NAMED = """
WITH named AS (
    SELECT c.oid::bigint AS oid, n.nspname AS schema_name, c.relname AS table_name
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace)
SELECT smalls.oid, bigs.oid
FROM _timescaledb_catalog.{kind} big JOIN named bigs USING (schema_name, table_name)
JOIN _timescaledb_catalog.{kind} small ON small.id = big.compressed_{kind}_id
JOIN named smalls ON smalls.schema_name = small.schema_name AND smalls.table_name = small.table_name
"""  # to_regclass is an error for a role that may not use the schema

_BY_CHUNK = _NAMED.format(kind="chunk")  # until 2.28
_BY_HYPERTABLE = _NAMED.format(kind="hypertable")
"""Nothing where the internal tables of compressed chunks have no parent, as since 2.29."""


_HYPERTABLES = """
SELECT c.oid::bigint, a.user_view_schema::text, a.user_view_name::text
FROM _timescaledb_catalog.hypertable h LEFT JOIN _timescaledb_catalog.continuous_agg a ON a.mat_hypertable_id = h.id
JOIN pg_namespace n ON n.nspname = h.schema_name JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = h.table_name
"""


def hypertables(database: Database) -> dict[int, tuple[str, str] | None]:
    """Every hypertable by oid, mapped to schema and name of the continuous aggregate whose rows it holds, if any."""
    if database.value("SELECT to_regclass('_timescaledb_catalog.hypertable') IS NULL"):
        return {}
    return {oid: (schema, name) if name else None for oid, schema, name in database.fetch(_HYPERTABLES)}


def compressed(database: Database) -> dict[int, int]:
    """Internal tables of compressed rows, each mapped to its chunk or hypertable, both by oid."""
    if database.value("SELECT to_regclass('_timescaledb_catalog.chunk') IS NULL"):
        return {}
    by_settings = database.value(
        "SELECT count(*) = 1 FROM pg_attribute WHERE attname = 'compress_relid'"
        " AND attrelid = to_regclass('_timescaledb_catalog.compression_settings')"
    )
    return dict(database.fetch(_BY_SETTINGS if by_settings else _BY_CHUNK) + database.fetch(_BY_HYPERTABLE))


def is_too_old(version: str) -> bool:
    """Whether that version, such as '2.17.2', lacks the columnstore's names that scenarios use."""
    major, minor = (int(part) for part in version.split(".")[:2])
    return (major, minor) < OLDEST
