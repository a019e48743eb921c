"""The bytes of a database outside users' tables: the system's catalogs, and bytes that belong to no relation.

`pg_database_size` is the sum of the footprint, the catalogs, the sequences and a few files of the server. A strategy could
hide data in names, comments, functions or views. These lie in the catalogs, so the lab measures how much the catalogs grow.
"""

from __future__ import annotations

from dataclasses import dataclass

from lab.postgres.database import Database
from lab.postgres.sql import FIRST_USER_OID, quoted
from lab.values import KINDS, SYSTEM_CATALOGS, Footprint, TableFootprint

UNEXPLAINED = 1 << 20
"""Bytes of a database that may belong to no relation: `pg_internal.init` (a cache), `pg_filenode.map`, `PG_VERSION`."""

_FLAT = 256 << 10
_PER_RELATION = 4 << 10
_EXTENSION = 1 << 20
"""Growth of the catalogs' content that is not counted: in total, for each new relation with pages (its pages are counted,
and are larger), and for TimescaleDB. The repository's strategies need a quarter of the first, and 0.6 MB for the
extension."""

_SIZES = f"""
SELECT pg_database_size(current_database()),
       (SELECT sum(pg_total_relation_size(oid))::bigint FROM pg_class
        WHERE NOT relisshared AND (relkind = 'S' OR relkind = 'r' AND oid < {FIRST_USER_OID}
              AND (relname <> 'pg_largeobject' OR pg_relation_size(oid) = 0))),
       (SELECT count(*) FROM pg_class
        WHERE oid >= {FIRST_USER_OID} AND relkind IN ('r', 'i', 't', 'm') AND pg_relation_size(oid) > 0),
       EXISTS (SELECT FROM pg_extension WHERE extname = 'timescaledb')
"""

_READABLE = f"""
SELECT n.nspname::text, c.relname::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.oid < {FIRST_USER_OID} AND c.relkind = 'r' AND NOT c.relisshared AND c.relname <> 'pg_largeobject'
  AND has_table_privilege(c.oid, 'SELECT')
ORDER BY 1, 2
"""


@dataclass(frozen=True, kw_only=True)
class Catalogs:
    """The sizes of a database's system catalogs."""

    database_bytes: int
    """`pg_database_size`."""
    file_bytes: int
    """Size of the catalogs' files and of all sequences."""
    content_bytes: int
    """Size of the catalogs' live rows, decompressed. Data hidden in a comment is included; dead rows are not."""
    relations: int
    """Number of users' tables, indexes and TOAST tables that have at least one page."""
    timescaledb: bool
    """Whether the extension is installed in this database."""

    def unexplained(self, footprint: Footprint) -> int:
        """Bytes of the database that belong to no visible relation."""
        return self.database_bytes - self.file_bytes - footprint.total


def measure(database: Database) -> Catalogs:
    """Measure the catalogs; takes a few hundredths of a second."""
    ((size, files, relations, timescaledb),) = database.fetch(_SIZES)
    rows = (
        f"SELECT sum(pg_column_size(c.*)) FROM {quoted(schema)}.{quoted(name)} c"
        for schema, name in database.fetch(_READABLE)
    )
    content = database.value(f"SELECT sum(bytes)::bigint FROM ({' UNION ALL '.join(rows)}) catalogs (bytes)")
    return Catalogs(
        database_bytes=size,
        file_bytes=files,
        content_bytes=content,
        relations=relations,
        timescaledb=timescaledb,
    )


def counted(footprint: Footprint, before: Catalogs, after: Catalogs) -> Footprint:
    """The footprint, plus the growth of the catalogs' content if it exceeds what tables and views need."""
    growth = after.content_bytes - before.content_bytes
    new_relations = max(0, after.relations - before.relations)
    extension = _EXTENSION if after.timescaledb and not before.timescaledb else 0
    if growth <= _FLAT + _PER_RELATION * new_relations + extension:
        return footprint
    hidden = TableFootprint(
        table=SYSTEM_CATALOGS,
        relations=1,
        heap=growth,
        maps=0,
        toast=0,
        indexes=0,
        fixed=dict.fromkeys(KINDS, 0),
    )
    return Footprint(tables=tuple(sorted((*footprint.tables, hidden), key=lambda table: (-table.total, table.table))))
