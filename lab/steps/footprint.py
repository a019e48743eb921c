"""Bytes on disk of every user table, by kind, from PostgreSQL's own size functions.

Partitions, chunks and the internal tables of compressed chunks are rolled up into the table they belong to, because a
partitioned parent reports 0 bytes and a hypertable next to nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from lab import timescaledb
from lab.database import Database
from lab.errors import LabError
from lab.values import EXTENSION_CATALOG, Footprint, TableFootprint

_RELATIONS = """
SELECT c.oid::bigint,
       n.nspname::text,
       c.relname::text,
       coalesce((SELECT i.inhparent::bigint FROM pg_inherits i WHERE i.inhrelid = c.oid LIMIT 1), 0),
       c.relkind IN ('r', 'm'),
       pg_relation_size(c.oid, 'main'),
       pg_relation_size(c.oid, 'fsm') + pg_relation_size(c.oid, 'vm') + pg_relation_size(c.oid, 'init'),
       CASE WHEN c.reltoastrelid = 0 THEN 0 ELSE pg_total_relation_size(c.reltoastrelid) END,
       CASE WHEN c.reltoastrelid = 0 THEN 0
            ELSE pg_relation_size(c.reltoastrelid, 'fsm') + pg_relation_size(c.reltoastrelid, 'vm') END,
       pg_indexes_size(c.oid),
       8192 * ((SELECT count(*) FROM pg_index i WHERE i.indrelid = c.oid) + (c.reltoastrelid <> 0)::int),
       pg_total_relation_size(c.oid)
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'm', 'p')
  -- Large objects are the users' data, although their table is the system's.
  AND (n.nspname NOT IN ('pg_catalog', 'information_schema')
       OR (c.relname = 'pg_largeobject' AND pg_relation_size(c.oid) > 0))
  AND n.nspname NOT LIKE 'pg\\_toast%'
  AND n.nspname NOT LIKE 'pg\\_temp%'
"""


def measure(database: Database) -> Footprint:
    """The footprint of every user table; its total equals the sum of `pg_total_relation_size`."""
    relations = database.fetch(_RELATIONS)
    parents = {oid: parent for oid, _, _, parent, *_ in relations if parent} | timescaledb.compressed(database)
    names = {oid: _name(schema, table) for oid, schema, table, *_ in relations}
    tables: dict[str, list[tuple[int, ...]]] = defaultdict(list)
    for oid, _, _, _, stores, *sizes in relations:
        if stores:
            tables[names[_root(oid, parents)]].append(tuple(sizes))
    footprints = (_rolled_up(name, sizes) for name, sizes in tables.items())
    return Footprint(tables=tuple(sorted(footprints, key=lambda table: (-table.total, table.table))))


def _name(schema: str, table: str) -> str:
    if schema == "public":
        return table
    return EXTENSION_CATALOG if schema.startswith("_timescaledb_") else f"{schema}.{table}"


def _root(oid: int, parents: dict[int, int]) -> int:
    while oid in parents:
        oid = parents[oid]
    return oid


def _rolled_up(name: str, sizes: Iterable[tuple[int, ...]]) -> TableFootprint:
    rows = list(sizes)
    heap, maps, toast, toast_maps, indexes, first_pages, total = (sum(column) for column in zip(*rows, strict=True))
    if heap + maps + toast + indexes != total:  # a kind of fork the lab does not know would be lost silently
        raise LabError(f"{name}: the kinds sum to {heap + maps + toast + indexes} bytes, not {total}.")
    return TableFootprint(
        table=name,
        relations=len(rows),
        heap=heap,
        maps=maps,
        toast=toast,
        indexes=indexes,
        fixed=maps + toast_maps + first_pages,
    )
