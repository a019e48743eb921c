"""Indexes one by one, with their use; those of partitions and chunks belong to the index of their parent."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from lab.profiling.catalog.session import Source
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

    @property
    def shape(self) -> str:
        """What is left of the definition without names: equal for the same index of two chunks."""
        return f"{self.unique} {self.primary} {self.definition.partition(' USING ')[2]}"


def read(source: Source, tables: Sequence[Table]) -> Mapping[int, tuple[Index, ...]]:
    """The indexes of every table by its `oid`, with those of its parts."""
    owner = {part.oid: table.oid for table in tables for part in table.parts}
    owner |= {table.oid: table.oid for table in tables if table.oid}
    names = ("relation", "oid", "name", "definition", "bytes", "scans", "unique", "primary", "valid", "parent")
    found: dict[int, list[Index]] = defaultdict(list)
    for row in source.fetch(_INDEXES, ([*owner],)):
        index = Index(**dict(zip((*names, "leading"), row, strict=True)))
        if None not in (index.definition, index.bytes):  # else it was dropped meanwhile
            found[owner[index.relation]].append(index)
    return {oid: tuple(indexes) for oid, indexes in found.items()}


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
    """The oid of the index that it is a part of in the end, its own where none; those of chunks have no such link."""
    while index.parent in by_oid:
        index = by_oid[index.parent]
    return index.oid


def _numbered(indexes: Sequence[Index]) -> Iterator[tuple[int, tuple[str, int]]]:
    """By oid, the shape, and its number among those of that shape: chunks have the indexes of their table in the same order."""
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
