"""Bytes on disk of every user table, by kind, from PostgreSQL's own size functions.

Partitions, chunks and the internal tables of compressed chunks are rolled up into the table they belong to.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from lab import relations
from lab.database import Database
from lab.errors import LabError
from lab.relations import Relation
from lab.values import Footprint, TableFootprint


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
    footprint = TableFootprint(
        table=name,
        relations=len(parts),
        heap=sum(part.heap for part in parts),
        maps=sum(part.maps for part in parts),
        toast=sum(part.toast for part in parts),
        indexes=sum(part.indexes for part in parts),
        fixed=sum(part.maps + part.toast_maps + part.first_pages for part in parts),
    )
    total = sum(part.total for part in parts)
    if footprint.total != total:  # a kind of fork the lab does not know would be lost silently
        raise LabError(f"{name}: the kinds sum to {footprint.total} bytes, not {total}.")
    return footprint
