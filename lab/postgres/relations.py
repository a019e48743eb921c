"""The relations that hold users' data, with their bytes by kind and the relation that each is a part of.

A partitioned parent reports 0 bytes and a hypertable next to nothing, so the size of a table is the sum of its parts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from lab.postgres import timescaledb
from lab.postgres.database import Database
from lab.postgres.sql import FIRST_USER_OID, PAGE
from lab.values import EXTENSION_CATALOG

_RELATIONS = f"""
SELECT c.oid::bigint,
       n.nspname::text,
       c.relname::text,
       coalesce((SELECT i.inhparent::bigint FROM pg_inherits i WHERE i.inhrelid = c.oid LIMIT 1), 0),
       c.relispartition,
       c.relkind IN ('r', 'm'),
       pg_relation_size(c.oid, 'main'),
       pg_relation_size(c.oid, 'fsm') + pg_relation_size(c.oid, 'vm') + pg_relation_size(c.oid, 'init'),
       CASE WHEN c.reltoastrelid = 0 THEN 0 ELSE pg_total_relation_size(c.reltoastrelid) END,
       CASE WHEN c.reltoastrelid = 0 THEN 0
            ELSE pg_relation_size(c.reltoastrelid, 'fsm') + pg_relation_size(c.reltoastrelid, 'vm') + {PAGE} END,
       pg_indexes_size(c.oid),
       {PAGE} * (SELECT count(*) FROM pg_index i WHERE i.indrelid = c.oid),
       c.reltuples::bigint,
       pg_total_relation_size(c.oid)
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'm', 'p')
  AND c.oid <> ALL (%s::bigint[])
  -- Large objects are the users' data, although their table is the system's; a table in a schema of the system is theirs.
  AND (c.oid >= {FIRST_USER_OID} OR (c.relname = 'pg_largeobject' AND pg_relation_size(c.oid) > 0))
  AND NOT starts_with(n.nspname, 'pg_toast')
  AND NOT starts_with(n.nspname, 'pg_temp')
ORDER BY 1
"""


@dataclass(frozen=True, kw_only=True)
class Relation:
    """One relation with its own bytes, and the table that it is a part of."""

    oid: int
    schema: str
    name: str
    root: int
    """`oid` of the table of which this is a partition, a chunk or a compressed chunk; its own `oid` otherwise.

    A table that merely inherits may have more columns, so it is a table of its own.
    """
    compressed: bool
    """Whether it holds the columnstore of a chunk; each of its rows is then a batch of rows."""
    stores: bool
    """False for a partitioned parent, which has no storage."""
    heap: int
    maps: int
    """Free-space and visibility maps of the heap."""
    toast: int
    """The TOAST table with its maps and its index."""
    toast_fixed: int
    """The part of `toast` that exists even when it is empty: its maps and the first page of its index."""
    indexes: int
    index_fixed: int
    """The first page of each index."""
    rows: int
    """The server's estimate, exact after VACUUM; -1 where the server never counted."""
    total: int
    """`pg_total_relation_size`."""
    view: str | None
    """The name of the continuous aggregate whose rows it holds, as people write it."""

    @property
    def label(self) -> str:
        """The name as people write it; all tables of the extension share one label."""
        if self.view:
            return self.view
        return EXTENSION_CATALOG if self.schema.startswith("_timescaledb_") else named(self.schema, self.name)


def named(schema: str, name: str) -> str:
    """A table's name as people write it; a name that contains a dot is quoted."""
    parts = (name,) if schema == "public" else (schema, name)
    return ".".join(f'"{part}"' if "." in part else part for part in parts)


def read(database: Database, *, without: Sequence[int] = ()) -> tuple[Relation, ...]:
    """Every relation of every schema except the system's.

    Reading a size waits for locks, so `without` names relations to skip, by their `oid`.
    """
    rows = database.fetch(_RELATIONS, (list(without),))
    existing = [row for row in rows if None not in row]  # a relation dropped meanwhile has no size
    compressed, hypertables = timescaledb.compressed(database), timescaledb.hypertables(database)
    views = {oid: named(*view) for oid, view in hypertables.items() if view}
    parents = {oid: parent for oid, _, _, parent, part, *_ in existing if part or parent in hypertables} | compressed
    return tuple(_relation(row, _root(row[0], parents), row[0] in compressed, views.get(row[0])) for row in existing)


def _relation(row: tuple[Any, ...], root: int, compressed: bool, view: str | None) -> Relation:
    oid, schema, name, _, _, stores, heap, maps, toast, toast_fixed, indexes, index_fixed, rows, total = row
    return Relation(
        oid=oid,
        schema=schema,
        name=name,
        root=root,
        compressed=compressed,
        stores=stores,
        heap=heap,
        maps=maps,
        toast=toast,
        toast_fixed=toast_fixed,
        indexes=indexes,
        index_fixed=index_fixed,
        rows=rows,
        total=total,
        view=view,
    )


def _root(oid: int, parents: dict[int, int]) -> int:
    while oid in parents:
        oid = parents[oid]
    return oid
