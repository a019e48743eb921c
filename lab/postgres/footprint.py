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
    found = relations.read(database)
    labels = {relation.oid: relation.label for relation in found}
    tables: dict[str, list[Relation]] = defaultdict(list)
    for relation in found:
        if relation.stores:
            tables[labels[relation.root]].append(relation)
    footprints = (_rolled_up(name, parts) for name, parts in tables.items())
    return Footprint(tables=tuple(sorted(footprints, key=lambda table: (-table.total, table.table))))


def _rolled_up(name: str, parts: Sequence[Relation]) -> TableFootprint:
    footprint = TableFootprint(table=name, relations=len(parts), rowstore=_rowstore(parts), **_kinds(parts))
    total = sum(part.total for part in parts)
    if footprint.total != total:  # a kind of fork the lab does not know would be lost silently
        raise LabError(f"{name}: the kinds sum to {footprint.total} bytes, not {total}.")
    return footprint


def _rowstore(parts: Sequence[Relation]) -> Rowstore | None:
    """The chunks with rows beside those whose rows have gone into the columnstore."""
    if not any(part.compressed for part in parts):
        return None
    waiting = [part for part in parts if part.heap and not part.compressed]
    return Rowstore(rows=sum(part.rows for part in waiting), **_kinds(waiting))


def _kinds(parts: Sequence[Relation]) -> dict[str, Any]:
    sizes = {kind: sum(getattr(part, kind) for part in parts) for kind in KINDS}
    still = [_fixed(part) for part in parts]
    return sizes | {"fixed": {kind: sum(one[kind] for one in still) for kind in KINDS}}


def _fixed(part: Relation) -> dict[str, int]:
    """By kind, what stays as it is when rows are added: see `Kinds.fixed`."""
    half_pages = _HALF_PAGE * bool(part.heap)
    return {
        "heap": half_pages,
        "maps": part.maps,
        "toast": part.toast_fixed + 2 * _HALF_PAGE * (part.toast > part.toast_fixed),
        "indexes": part.index_fixed + half_pages * (part.index_fixed // PAGE) + PAGE * _roots(part),
    }


def _roots(part: Relation) -> int:
    """How many of its indexes have a root above their leaves: beside its first page, two leaves and a root are the least."""
    count, pages = part.index_fixed // PAGE, part.indexes // PAGE
    return max(0, min(count, (pages - 2 * count) // 2))
