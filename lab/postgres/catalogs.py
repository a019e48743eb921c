"""The bytes of a database that no user's table explains: the system's catalogs, and what is in nobody's sight.

`pg_database_size` is the footprint, the catalogs, the sequences and a few files of the server's own. What a strategy hides
in names, comments, functions or views lies in the catalogs, so their growth is known, too.
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
"""By how much the content of the catalogs may grow without being counted: in all, for each relation with pages of its own
(which are counted, and weigh more), and for TimescaleDB. Strategies of the repository need a fourth of the first without the
extension, and 0.6 MB for the extension itself."""

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
    """The system's side of one database."""

    database_bytes: int
    """`pg_database_size`."""
    file_bytes: int
    """Of the catalogs and of all sequences."""
    content_bytes: int
    """Of the catalogs' rows, decompressed: what dead rows take is not in it, and what is hidden in a comment is."""
    relations: int
    """Tables, indexes and TOAST tables of users that have a page."""
    timescaledb: bool
    """Whether the extension is there."""

    def unexplained(self, footprint: Footprint) -> int:
        """Bytes of the database that belong to nothing that can be seen."""
        return self.database_bytes - self.file_bytes - footprint.total


def measure(database: Database) -> Catalogs:
    """Read now; a few hundredths of a second."""
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
    """The footprint with the growth of the catalogs' content, where that is more than tables and views need."""
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
