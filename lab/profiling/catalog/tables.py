"""What the catalog and the statistics say about every table: parts, columns, keys, indexes, dead rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from lab.postgres import relations
from lab.postgres.relations import Relation
from lab.postgres.sql import PAGE, quoted
from lab.profiling.catalog.absent import Absent
from lab.profiling.catalog.session import Source
from lab.values import EXTENSION_CATALOG

_COLUMNS = """
WITH RECURSIVE domains AS (
  SELECT d.oid, d.typbasetype AS base FROM pg_type d WHERE d.typtype = 'd'
  UNION ALL SELECT domains.oid, d.typbasetype FROM domains JOIN pg_type d ON d.oid = domains.base WHERE d.typtype = 'd'),
made_of AS (SELECT domains.* FROM domains JOIN pg_type d ON d.oid = domains.base WHERE d.typtype <> 'd')
SELECT a.attrelid::bigint, a.attname::text, format_type(a.atttypid, a.atttypmod), a.attlen::int, a.attnotnull,
       a.attstorage::text, a.attalign::text, a.attisdropped, t.typname::text,
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
    """The type's internal name, such as 'timestamptz'; of a domain, that of what it is made of."""
    length: int
    """Bytes of every value, -1 where it varies."""
    not_null: bool
    storage: str
    align: str
    default: str
    late: bool
    """Whether rows from before it was added do not store it, and yet show its default."""

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
        """Whether a value is one thing, which can be looked up, and neither an array, a document nor a set of ranges."""
        return not (self.json or self.base.startswith("_") or self.base.endswith("multirange"))


@dataclass(frozen=True, kw_only=True)
class Part:
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
    parts: tuple[Part, ...]
    whole: bool
    """False where a part was left out, and so neither weighed nor counted."""
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
        """Bytes of the rows without what lies in TOAST."""
        return sum(relation.heap for relation in self.relations)

    @property
    def gone(self) -> int:
        """How many of its relations were dropped after they were weighed."""
        return len(self.relations) - len(self.parts) if self.oid else 0

    @property
    def readable(self) -> bool:
        """Whether every part is there and may be read."""
        return not self.gone and all(part.readable for part in self.parts)

    def column(self, name: str) -> Column:
        """The column of that name, which exists."""
        return next(column for column in self.columns if column.name == name)


def read_tables(source: Source, *, without: Sequence[Absent], standby: bool) -> tuple[Table, ...]:
    """Every table with storage, largest first; the extension's own catalog is one, without columns."""
    found = relations.read(source, without=[absent.oid for absent in without])
    known = {relation.oid: relation for relation in found}
    groups: dict[int, list[Relation]] = defaultdict(list)
    for relation in found:
        if relation.stores:
            groups[_owner(relation, known)].append(relation)
    describe = _Description(source, [*known], standby=standby, torn={absent.root for absent in without})
    made = [describe.table(known[oid], parts) for oid, parts in groups.items() if oid]
    made += _extension(groups[0]) if 0 in groups else []
    return tuple(sorted(made, key=lambda table: (-table.total, table.label)))


def _owner(relation: Relation, known: dict[int, Relation]) -> int:
    root = known.get(relation.root, relation)  # the parent of a chunk may be locked, and so unknown
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


class _Description:
    """The catalog's rows about many relations, asked for at once."""

    def __init__(self, source: Source, oids: list[int], *, standby: bool, torn: set[int]) -> None:
        self._columns: dict[int, list[Column]] = defaultdict(list)
        self._dropped: set[int] = set()
        names = ("name", "type", "length", "not_null", "storage", "align", "base", "default", "late")
        for oid, name, type_, length, not_null, storage, align, gone, *rest in source.fetch(_COLUMNS, (oids,)):
            if gone:
                self._dropped.add(oid)
                continue
            values = (name, type_, length, not_null, storage, align, *rest)
            self._columns[oid].append(Column(**dict(zip(names, values, strict=True))))
        self._stats = {oid: rest for oid, *rest in source.fetch(_RELATIONS, (oids,)) if None not in rest}
        self._standby = standby
        self._torn = torn

    def table(self, root: Relation, parts: Sequence[Relation]) -> Table:
        there = [part for part in parts if part.oid in self._stats]
        return Table(
            oid=root.oid,
            label=root.label,
            name=root.name,
            sql=f"{quoted(root.schema)}.{quoted(root.name)}",
            columns=tuple(self._columns[root.oid]),
            dropped=bool(self._dropped & {part.oid for part in parts}),
            parts=tuple(self._part(part) for part in there),
            whole=root.oid not in self._torn,
            relations=tuple(parts),
            dead_rows=_summed(self._dead(part) for part in there),
            toast_heap=sum(self._stats[part.oid][3] for part in there),
        )

    def _part(self, relation: Relation) -> Part:
        return Part(
            oid=relation.oid,
            sql=f"{quoted(relation.schema)}.{quoted(relation.name)}",
            blocks=relation.heap // PAGE,
            readable=self._stats[relation.oid][0],
            compressed=relation.compressed,
            columns=tuple(self._columns[relation.oid]),
        )

    def _dead(self, relation: Relation) -> int | None:
        """By the statistics; a replica has none, and neither has a table that was not touched since they were lost."""
        _, live, dead, _ = self._stats[relation.oid]
        unknown = self._standby or (relation.heap > 0 and live == dead == 0)
        return None if unknown else int(dead)


def _summed(counts: Iterable[int | None]) -> int | None:
    found = list(counts)
    return None if None in found else sum(count for count in found if count is not None)


def unreadable(tables_: Sequence[Table]) -> Iterator[str]:
    """In words, which tables may not be read, or cannot be any more."""
    for table in tables_:
        closed, all_ = sum(not part.readable for part in table.parts), len(table.relations)
        if closed:
            which = "it" if closed == all_ == 1 else f"{closed} of its {all_} parts"
            yield f"{table.label}: this role may not SELECT from {which}; sizes only."
        if table.gone:
            which = "it" if table.gone == all_ == 1 else f"{table.gone} of its {all_} parts"
            yield f"{table.label}: {which} went away meanwhile; sizes only."
