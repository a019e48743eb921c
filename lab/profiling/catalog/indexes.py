"""Indexes with their use; an index of a partition or a chunk belongs to the index of its parent."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from lab.postgres.database import Row
from lab.profiling.catalog.session import ReadOnlySession
from lab.profiling.catalog.tables import Table
from lab.values import IndexProfile

_INDEXES = """
SELECT i.indrelid::bigint, i.indexrelid::bigint, c.relname::text, pg_get_indexdef(i.indexrelid),
       pg_total_relation_size(i.indexrelid), pg_stat_get_numscans(i.indexrelid), i.indisunique, i.indisprimary,
       i.indisvalid, coalesce((SELECT h.inhparent::bigint FROM pg_inherits h WHERE h.inhrelid = i.indexrelid), 0),
       (SELECT a.attname::text FROM pg_attribute a WHERE a.attrelid = i.indrelid AND a.attnum = i.indkey[0])
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
WHERE i.indrelid = ANY (%s::oid[]) ORDER BY i.indexrelid
"""


@dataclass(frozen=True, kw_only=True)
class Index:
    """One index as the catalog describes it."""

    relation: int
    oid: int
    name: str
    definition: str
    bytes: int
    scans: int
    unique: bool
    primary: bool
    valid: bool
    parent: int
    leading: str | None
    """Its first column, None where that is an expression."""

    @classmethod
    def of(cls, row: Row) -> Index | None:
        """The index of a row of the query; None where it was dropped meanwhile."""
        relation, oid, name, definition, size, scans, unique, primary, valid, parent, leading = row
        if definition is None or size is None:
            return None
        return cls(
            relation=relation,
            oid=oid,
            name=name,
            definition=definition,
            bytes=size,
            scans=scans,
            unique=unique,
            primary=primary,
            valid=valid,
            parent=parent,
            leading=leading,
        )

    @property
    def shape(self) -> str:
        """The definition without names; equal for the same index of two chunks."""
        return f"{self.unique} {self.primary} {self.definition.partition(' USING ')[2]}"


def read(source: ReadOnlySession, tables: Sequence[Table]) -> Mapping[int, tuple[Index, ...]]:
    """The indexes of every table by its `oid`, with those of its parts."""
    owner = {part.oid: table.oid for table in tables for part in table.parts}
    owner |= {table.oid: table.oid for table in tables if table.oid}
    of_table: dict[int, list[Index]] = defaultdict(list)
    for row in source.fetch(_INDEXES, ([*owner],)):
        if index := Index.of(row):
            of_table[owner[index.relation]].append(index)
    return {oid: tuple(indexes) for oid, indexes in of_table.items()}


def profiles(table: Table, indexes: Sequence[Index]) -> tuple[IndexProfile, ...]:
    """The indexes as the table's owner knows them, largest first."""
    by_oid = {index.oid: index for index in indexes}
    shapes = dict(_numbered(indexes))
    by_shape = {shapes[index.oid]: index.oid for index in indexes if index.relation == table.oid}
    groups: dict[int | tuple[str, int], list[Index]] = defaultdict(list)
    for index in indexes:
        top = _top(index, by_oid)
        groups[top if by_oid[top].relation == table.oid else by_shape.get(shapes[top], shapes[top])].append(index)
    return tuple(sorted((_profile(group) for group in groups.values()), key=lambda index: (-index.bytes, index.name)))


def _top(index: Index, by_oid: Mapping[int, Index]) -> int:
    """The oid of its topmost parent, or its own; indexes of chunks have no link to a parent."""
    while index.parent in by_oid:
        index = by_oid[index.parent]
    return index.oid


def _numbered(indexes: Sequence[Index]) -> Iterator[tuple[int, tuple[str, int]]]:
    """By oid, the shape and its number among equal shapes; a chunk has its table's indexes in the same order."""
    seen: Counter[tuple[int, str]] = Counter()
    for index in indexes:
        yield index.oid, (index.shape, seen[index.relation, index.shape])
        seen[index.relation, index.shape] += 1


def _profile(group: Sequence[Index]) -> IndexProfile:
    head = group[0]
    return IndexProfile(
        name=head.name,
        definition=head.definition,
        bytes=sum(index.bytes for index in group),
        scans=sum(index.scans for index in group),
        unique=head.unique,
        primary=head.primary,
        valid=all(index.valid for index in group),
    )
