"""Reads every table from the catalog and the statistics: parts, columns, dead rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from lab.postgres import relations
from lab.postgres.relations import Relation
from lab.postgres.sql import PAGE, quoted
from lab.profiling.catalog.absent import Absent
from lab.profiling.catalog.session import ReadOnlySession
from lab.values import EXTENSION_CATALOG

_COLUMNS = """
WITH RECURSIVE domains AS (
  SELECT d.oid, d.typbasetype AS base FROM pg_type d WHERE d.typtype = 'd'
  UNION ALL SELECT domains.oid, d.typbasetype FROM domains JOIN pg_type d ON d.oid = domains.base WHERE d.typtype = 'd'),
made_of AS (SELECT domains.* FROM domains JOIN pg_type d ON d.oid = domains.base WHERE d.typtype <> 'd')
SELECT a.attrelid::bigint, a.attisdropped, a.attname::text, format_type(a.atttypid, a.atttypmod), a.attlen::int,
       a.attnotnull, a.attstorage::text, a.attalign::text, t.typname::text,
       coalesce(pg_get_expr(d.adbin, d.adrelid), ''), a.atthasmissing
FROM pg_attribute a
LEFT JOIN made_of m ON m.oid = a.atttypid LEFT JOIN pg_type t ON t.oid = coalesce(m.base, a.atttypid)
LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE a.attrelid = ANY (%s::oid[]) AND a.attnum > 0 AND a.attgenerated <> 'v'
ORDER BY a.attrelid, a.attnum
"""

_RELATIONS = """
SELECT c.oid::bigint,
       has_table_privilege(c.oid, 'SELECT') AND has_schema_privilege(c.relnamespace, 'USAGE'),
       pg_stat_get_live_tuples(c.oid), pg_stat_get_dead_tuples(c.oid),
       CASE WHEN c.reltoastrelid = 0 THEN 0 ELSE pg_relation_size(c.reltoastrelid) END
FROM pg_class c WHERE c.oid = ANY (%s::oid[])
"""


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column as the catalog describes it."""

    name: str
    type: str
    base: str
    """The type's internal name, such as 'timestamptz'; for a domain, the name of its base type."""
    length: int
    """Bytes of every value, -1 where it varies."""
    not_null: bool
    storage: str
    align: str
    default: str
    late: bool
    """Whether rows older than the column show its default without storing it."""

    @property
    def sql(self) -> str:
        """The name in a statement."""
        return quoted(self.name)

    @property
    def compressible(self) -> bool:
        """Whether TOAST may compress its values."""
        return self.length == -1 and self.storage in "xm"

    @property
    def json(self) -> bool:
        """Whether it holds documents."""
        return self.base in ("json", "jsonb")

    @property
    def scalar(self) -> bool:
        """Whether a value can be looked up; false for arrays, documents and multiranges."""
        return not (self.json or self.base.startswith("_") or self.base.endswith("multirange"))


@dataclass(frozen=True, kw_only=True)
class StoredRelation:
    """One relation with storage: a table, a partition, a chunk, or the columnstore of a chunk."""

    oid: int
    sql: str
    blocks: int
    readable: bool
    compressed: bool
    columns: tuple[Column, ...]


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table as its owner knows it, with all its parts."""

    oid: int
    label: str
    name: str
    sql: str
    columns: tuple[Column, ...]
    dropped: bool
    """Whether a column was dropped: every row then has a null bitmap."""
    parts: tuple[StoredRelation, ...]
    whole: bool
    """False where a part was skipped, so that its bytes and rows are missing."""
    relations: tuple[Relation, ...]
    dead_rows: int | None
    toast_heap: int
    """Bytes of the TOAST tables without index and maps."""

    @property
    def total(self) -> int:
        """Bytes of all kinds."""
        return sum(relation.total for relation in self.relations)

    @property
    def heap(self) -> int:
        """Bytes of the heap, without TOAST."""
        return sum(relation.heap for relation in self.relations)

    @property
    def gone(self) -> int:
        """How many of its relations were dropped after their size was read."""
        return len(self.relations) - len(self.parts) if self.oid else 0

    @property
    def readable(self) -> bool:
        """Whether every part still exists and may be read."""
        return not self.gone and all(part.readable for part in self.parts)

    def column(self, name: str) -> Column:
        """The column of that name, which exists."""
        return next(column for column in self.columns if column.name == name)


def read_tables(source: ReadOnlySession, *, without: Sequence[Absent], standby: bool) -> tuple[Table, ...]:
    """Every table with storage, largest first; the extension's catalog counts as one table, without columns."""
    by_oid = {relation.oid: relation for relation in relations.read(source, without=[absent.oid for absent in without])}
    groups: dict[int, list[Relation]] = defaultdict(list)
    for relation in by_oid.values():
        if relation.stores:
            groups[_owner(relation, by_oid)].append(relation)
    describe = _Description(source, [*by_oid], standby=standby, torn={absent.root for absent in without})
    tables = [describe.table(by_oid[oid], parts) for oid, parts in groups.items() if oid]
    tables += _extension(groups[0]) if 0 in groups else []
    return tuple(sorted(tables, key=lambda table: (-table.total, table.label)))


def _owner(relation: Relation, by_oid: dict[int, Relation]) -> int:
    root = by_oid.get(relation.root, relation)  # the parent of a chunk may be locked, and so missing here
    return 0 if root.label == EXTENSION_CATALOG else root.oid


def _extension(parts: list[Relation]) -> list[Table]:
    return [
        Table(
            oid=0,
            label=EXTENSION_CATALOG,
            name="",
            sql="",
            columns=(),
            dropped=False,
            parts=(),
            whole=True,
            relations=tuple(parts),
            dead_rows=None,
            toast_heap=0,
        )
    ]


class _Statistics(NamedTuple):
    readable: bool
    live_rows: int
    dead_rows: int
    toast_heap: int


class _Description:
    """Describes many relations from rows of the catalog that are fetched at once."""

    def __init__(self, source: ReadOnlySession, oids: list[int], *, standby: bool, torn: set[int]) -> None:
        self._columns: dict[int, list[Column]] = defaultdict(list)
        self._dropped: set[int] = set()
        for oid, dropped, *values in source.fetch(_COLUMNS, (oids,)):
            if dropped:
                self._dropped.add(oid)
            else:
                self._columns[oid].append(_column(values))
        rows = source.fetch(_RELATIONS, (oids,))
        self._statistics = {oid: _Statistics(*values) for oid, *values in rows if None not in values}
        self._standby = standby
        self._torn = torn

    def table(self, root: Relation, parts: Sequence[Relation]) -> Table:
        existing = [part for part in parts if part.oid in self._statistics]
        return Table(
            oid=root.oid,
            label=root.label,
            name=root.name,
            sql=f"{quoted(root.schema)}.{quoted(root.name)}",
            columns=tuple(self._columns[root.oid]),
            dropped=bool(self._dropped & {part.oid for part in parts}),
            parts=tuple(self._part(part) for part in existing),
            whole=root.oid not in self._torn,
            relations=tuple(parts),
            dead_rows=_summed(self._dead(part) for part in existing),
            toast_heap=sum(self._statistics[part.oid].toast_heap for part in existing),
        )

    def _part(self, relation: Relation) -> StoredRelation:
        return StoredRelation(
            oid=relation.oid,
            sql=f"{quoted(relation.schema)}.{quoted(relation.name)}",
            blocks=relation.heap // PAGE,
            readable=self._statistics[relation.oid].readable,
            compressed=relation.compressed,
            columns=tuple(self._columns[relation.oid]),
        )

    def _dead(self, relation: Relation) -> int | None:
        """Dead rows by the statistics; None on a replica, and for a table not touched since statistics were lost."""
        statistics = self._statistics[relation.oid]
        unknown = self._standby or (relation.heap > 0 and statistics.live_rows == statistics.dead_rows == 0)
        return None if unknown else statistics.dead_rows


def _column(values: Sequence[Any]) -> Column:
    name, type_name, length, not_null, storage, align, base, default, late = values
    return Column(
        name=name,
        type=type_name,
        base=base,
        length=length,
        not_null=not_null,
        storage=storage,
        align=align,
        default=default,
        late=late,
    )


def _summed(counts: Iterable[int | None]) -> int | None:
    all_counts = list(counts)
    return None if None in all_counts else sum(count for count in all_counts if count is not None)


def unreadable(tables: Sequence[Table]) -> Iterator[str]:
    """A sentence for each table that this role may not read, or that was dropped meanwhile."""
    for table in tables:
        closed = sum(not part.readable for part in table.parts)
        if closed:
            yield f"{table.label}: only sizes are known. This role may not SELECT from {_parts(table, closed)}."
        if table.gone:
            yield f"{table.label}: only sizes are known. Somebody dropped {_parts(table, table.gone)} meanwhile."


def _parts(table: Table, count: int) -> str:
    total = len(table.relations)
    return "it" if count == total == 1 else f"{count} of its {total} parts"
