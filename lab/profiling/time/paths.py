"""Finds the source of a row's age: a time column of its table, or of a table that it references."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Literal

from lab.profiling.catalog.session import ReadOnlySession
from lab.profiling.catalog.tables import Column, Table
from lab.sql.expressions import is_present
from lab.values import TimePath

_TIMES = ("timestamptz", "timestamp", "date")
_INTEGERS = ("int2", "int4", "int8")
_PREFERRED = (
    "captured_at",
    "created_at",
    "inserted_at",
    "recorded_at",
    "observed_at",
    "occurred_at",
    "scraped_at",
    "logged_at",
    "started_at",
    "time",
    "timestamp",
    "ts",
    "date",
)
"""Names of columns with the moment at which a row was written, unlike a kick-off or an expiry."""

_MOST = 0.5
"""Minimum share of non-NULL values for a nullable time column to be used as the row's age."""

Filled = Mapping[tuple[int, str], float]
"""By table and column, the share of sampled rows that have a value; a missing entry means all."""

_DIMENSIONS = """
SELECT p.partrelid::bigint, a.attname::text FROM pg_partitioned_table p
JOIN pg_attribute a ON a.attrelid = p.partrelid AND a.attnum = p.partattrs[0]
"""
_HYPERTABLES = """
SELECT c.oid::bigint, d.column_name::text
FROM _timescaledb_catalog.dimension d JOIN _timescaledb_catalog.hypertable h ON h.id = d.hypertable_id
JOIN pg_namespace n ON n.nspname = h.schema_name JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = h.table_name
WHERE d.interval_length IS NOT NULL ORDER BY d.id DESC
"""
_FOREIGN = """
SELECT k.conrelid::bigint, mine.attname::text, k.confrelid::bigint, theirs.attname::text
FROM pg_constraint k
JOIN pg_attribute mine ON mine.attrelid = k.conrelid AND mine.attnum = k.conkey[1]
JOIN pg_attribute theirs ON theirs.attrelid = k.confrelid AND theirs.attnum = k.confkey[1]
WHERE k.contype = 'f' AND k.conparentid = 0 AND array_length(k.conkey, 1) = 1
ORDER BY k.conrelid, mine.attnum
"""
_PRIMARY = """
SELECT i.indrelid::bigint, array_agg(a.attname::text) FROM pg_index i
JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey) WHERE i.indisprimary GROUP BY 1
"""


@dataclass(frozen=True, kw_only=True)
class Step:
    """A reference from a column to a table."""

    column: Column
    parent: Table
    key: Column
    rule: Literal["foreign key", "name"]


@dataclass(frozen=True, kw_only=True)
class AgePath:
    """The steps to a table with a time column; none where the table has one itself."""

    steps: tuple[Step, ...]
    time: Column
    rule: Literal["partition", "column", "foreign key", "name"]

    def value(self) -> TimePath:
        """The path as the profile states it."""
        through = tuple(f"{step.column.name} → {step.parent.label}" for step in self.steps)
        return TimePath(column=self.time.name, through=through, rule=self.rule)


@dataclass(frozen=True, kw_only=True)
class Keys:
    """Partition columns and references, by the `oid` of a table."""

    dimensions: Mapping[int, str]
    foreign: Mapping[int, tuple[Step, ...]]
    named: Mapping[int, tuple[Step, ...]]

    def steps(self, table: Table) -> tuple[Step, ...]:
        """Steps from that table, largest parent first: a row is as old as its youngest parent, whose table is largest."""
        steps = (*self.foreign.get(table.oid, ()), *self.named.get(table.oid, ()))
        certain = [step for step in steps if step.column.not_null]
        return tuple(sorted(certain or steps, key=lambda step: -step.parent.heap))


def keys(source: ReadOnlySession, tables: Sequence[Table]) -> Keys:
    """Partition columns and references between the tables."""
    by_oid = {table.oid: table for table in tables}
    dimensions: dict[int, str] = dict(source.fetch(_DIMENSIONS))
    if source.value("SELECT to_regclass('_timescaledb_catalog.dimension') IS NOT NULL"):
        dimensions |= dict(source.fetch(_HYPERTABLES))
    foreign: dict[int, tuple[Step, ...]] = {}
    for child, column, parent, key in source.fetch(_FOREIGN):
        if child in by_oid and parent in by_oid and by_oid[child].column(column).scalar:
            step = Step(
                column=by_oid[child].column(column),
                parent=by_oid[parent],
                key=by_oid[parent].column(key),
                rule="foreign key",
            )
            foreign[child] = (*foreign.get(child, ()), step)
    primary = dict(_primary(source, by_oid, dimensions))
    named = {table.oid: tuple(_named(table, foreign.get(table.oid, ()), primary)) for table in tables}
    return Keys(dimensions=dimensions, foreign=foreign, named=named)


def _primary(
    source: ReadOnlySession, by_oid: Mapping[int, Table], dimensions: Mapping[int, str]
) -> Iterator[tuple[Table, str]]:
    """Primary keys of one column, not counting the column that partitioning adds to the key."""
    for oid, columns in source.fetch(_PRIMARY):
        rest = [column for column in columns if column != dimensions.get(oid)] or columns
        if oid in by_oid and len(rest) == 1:
            yield by_oid[oid], rest[0]


def find(tables: Sequence[Table], references: Keys, *, filled: Filled = MappingProxyType({})) -> Mapping[int, AgePath]:
    """How to find the age of a row, by the `oid` of a table; tables from which nothing leads to a time are left out.

    A row is as old as what its table's best step points to, and that by the fewest steps. Columns that are not `filled`
    lead nowhere.
    """
    own = {table.oid: path for table in tables if (path := _own(table, references.dimensions.get(table.oid), filled))}
    reached = _reached(tables, references, own, filled)
    unsure = {oid for oid in (table.oid for table in tables) if oid not in reached or reached[oid].rule == "name"}
    own |= {
        table.oid: path for table in tables if table.oid in unsure - own.keys() and (path := _nullable(table, filled))
    }
    return _reached(tables, references, own, filled)


def _reached(
    tables: Sequence[Table], references: Keys, own: Mapping[int, AgePath], filled: Filled
) -> dict[int, AgePath]:
    """The paths of tables that have a time of their `own`, and of those from which steps lead there."""
    nearest = dict(own)
    added = dict(own)
    while added:  # one step farther each time
        others = [table for table in tables if table.oid not in nearest]
        added = {table.oid: path for table in others if (path := _by(table, references, nearest, filled))}
        nearest |= added
    best = {table.oid: path for table in tables if (path := _by(table, references, nearest, filled))}
    return best | dict(own)


def _by(table: Table, references: Keys, paths: Mapping[int, AgePath], filled: Filled) -> AgePath | None:
    """The path by the best step to a table whose own path is known and does not lead back."""
    for step in references.steps(table):
        rest = paths.get(step.parent.oid)
        back = rest is None or table.oid in (step.parent.oid, *(later.parent.oid for later in rest.steps))
        if rest and not back and filled.get((table.oid, step.column.name), 1.0) > 0:
            rules = {step.rule, *(later.rule for later in rest.steps)}
            return replace(rest, steps=(step, *rest.steps), rule="name" if "name" in rules else "foreign key")
    return None


def _own(table: Table, dimension: str | None, filled: Filled) -> AgePath | None:
    times = _times(table, filled)
    for column in times:
        if column.name == dimension:
            return AgePath(steps=(), time=column, rule="partition")
    named = sorted((c for c in times if c.name in _PREFERRED), key=lambda column: _PREFERRED.index(column.name))
    written = [column for column in times if is_present(column.default)]
    certain = [column for column in times if column.not_null]
    chosen = (*named, *written, *certain)
    return AgePath(steps=(), time=chosen[0], rule="column") if chosen else None


def _nullable(table: Table, filled: Filled) -> AgePath | None:
    """A time column chosen by its type only, if most rows have it; ranks below a foreign key and above a name."""
    times = _times(table, filled, least=_MOST)
    return AgePath(steps=(), time=times[0], rule="column") if times else None


def _times(table: Table, filled: Filled, *, least: float = 0.0) -> list[Column]:
    return [
        column
        for column in table.columns
        if column.base in _TIMES and filled.get((table.oid, column.name), 1.0) > least
    ]


def _named(table: Table, foreign: Sequence[Step], primary: Mapping[Table, str]) -> Iterator[Step]:
    """Steps from columns such as order_id without a foreign key to the table with the shortest matching name."""
    explained = {step.column.name for step in foreign}
    for column in table.columns:
        thing = column.name.removesuffix("_id")
        if column.name in explained or thing in ("", column.name) or column.base not in _INTEGERS:
            continue
        ends = (thing, f"{thing}s", f"_{thing}", f"_{thing}s")
        near = [parent for parent in primary if parent.name in ends[:2] or parent.name.endswith(ends[2:])]
        parents = [
            candidate
            for candidate in near
            if candidate is not table and candidate.column(primary[candidate]).base in _INTEGERS
        ]
        if parents:
            parent = min(parents, key=lambda candidate: (len(candidate.name), candidate.label))
            yield Step(column=column, parent=parent, key=parent.column(primary[parent]), rule="name")
