"""Bytes on disk of every user table, by kind, from PostgreSQL's own size functions.

Partitions, chunks and the internal tables of compressed chunks are rolled up into the table they belong to.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from lab.errors import LabError
from lab.postgres import relations
from lab.postgres.database import Database
from lab.postgres.relations import Relation
from lab.postgres.sql import PAGE
from lab.values import KINDS, Footprint, Rowstore, TableFootprint

_HALF_PAGE = PAGE // 2


def measure(database: Database) -> Footprint:
    """The footprint of every user table; its total equals the sum of `pg_total_relation_size`."""
    all_relations = relations.read(database)
    labels = {relation.oid: relation.label for relation in all_relations}
    tables: dict[str, list[Relation]] = defaultdict(list)
    for relation in all_relations:
        if relation.stores:
            tables[labels[relation.root]].append(relation)
    footprints = (_rolled_up(name, parts) for name, parts in tables.items())
    return Footprint(tables=tuple(sorted(footprints, key=lambda table: (-table.total, table.table))))


def _rolled_up(name: str, parts: Sequence[Relation]) -> TableFootprint:
    footprint = TableFootprint(table=name, relations=len(parts), rowstore=_rowstore(parts), **_kinds(parts))
    total = sum(part.total for part in parts)
    if footprint.total != total:  # an unknown kind of fork would be lost silently
        raise LabError(f"{name}: the kinds sum to {footprint.total} bytes, not {total}.")
    return footprint


def _rowstore(parts: Sequence[Relation]) -> Rowstore | None:
    """The uncompressed chunks with rows of a table that has a columnstore; None for a table without one."""
    if not any(part.compressed for part in parts):
        return None
    uncompressed = [part for part in parts if part.heap and not part.compressed]
    return Rowstore(rows=sum(part.rows for part in uncompressed), **_kinds(uncompressed))


def _kinds(parts: Sequence[Relation]) -> dict[str, Any]:
    sizes = {kind: sum(getattr(part, kind) for part in parts) for kind in KINDS}
    constant_bytes = [_fixed(part) for part in parts]
    return sizes | {"fixed": {kind: sum(by_kind[kind] for by_kind in constant_bytes) for kind in KINDS}}


def _fixed(part: Relation) -> dict[str, int]:
    """By kind, the bytes that do not grow with the rows: see `Kinds.fixed`."""
    half_page = _HALF_PAGE if part.heap else 0
    toast_half_pages = 2 * _HALF_PAGE if part.toast > part.toast_fixed else 0
    return {
        "heap": half_page,
        "maps": part.maps,
        "toast": part.toast_fixed + toast_half_pages,
        "indexes": part.index_fixed + half_page * (part.index_fixed // PAGE) + PAGE * _roots(part),
    }


def _roots(part: Relation) -> int:
    """Number of indexes with a root above their leaves; such an index has its first page, a root and at least two leaves."""
    count, pages = part.index_fixed // PAGE, part.indexes // PAGE
    return max(0, min(count, (pages - 2 * count) // 2))
