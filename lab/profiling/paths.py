"""Where the age of a row is read from: a time column of its own, or one of a table that it points to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from lab.profiling.catalog import Column, Table
from lab.profiling.session import Source
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
"""Names of the moment a row was written; a kick-off or an expiry is not."""

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
SELECT i.indrelid::bigint, a.attname::text FROM pg_index i
JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0] WHERE i.indisprimary
"""


@dataclass(frozen=True, kw_only=True)
class Step:
    """From a column to the table it points to."""

    column: Column
    parent: Table
    key: Column
    rule: Literal["foreign key", "name"]


@dataclass(frozen=True, kw_only=True)
class Path:
    """The steps to a table with a time column; none where the table has one itself."""

    steps: tuple[Step, ...]
    time: Column
    rule: Literal["partition", "column", "foreign key", "name"]

    def value(self) -> TimePath:
        """As the profile states it."""
        through = tuple(f"{step.column.name} → {step.parent.label}" for step in self.steps)
        return TimePath(column=self.time.name, through=through, rule=self.rule)


@dataclass(frozen=True, kw_only=True)
class Keys:
    """What points where, by the `oid` of a table."""

    dimensions: Mapping[int, str]
    foreign: Mapping[int, tuple[Step, ...]]
    named: Mapping[int, tuple[Step, ...]]

    def steps(self, table: Table) -> tuple[Step, ...]:
        """All steps from that table, those to the largest tables first: a row is as old as what there is most of."""
        found = (*self.foreign.get(table.oid, ()), *self.named.get(table.oid, ()))
        certain = [step for step in found if step.column.not_null]
        return tuple(sorted(certain or found, key=lambda step: -step.parent.total))


def keys(source: Source, tables: Sequence[Table]) -> Keys:
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
    primary = {by_oid[oid]: column for oid, column in source.fetch(_PRIMARY) if oid in by_oid}
    named = {table.oid: tuple(_named(table, foreign.get(table.oid, ()), primary)) for table in tables}
    return Keys(dimensions=dimensions, foreign=foreign, named=named)


def find(tables: Sequence[Table], keys_: Keys) -> Mapping[int, Path]:
    """How to find the age of a row, by the `oid` of a table; tables from which nothing leads to a time are left out.

    A row is as old as what its table's best step points to, and that by the fewest steps.
    """
    own = {table.oid: _own(table, keys_.dimensions.get(table.oid)) for table in tables}
    nearest = {oid: path for oid, path in own.items() if path}
    times, found = dict(nearest), dict(nearest)
    while found:  # one step farther each time
        found = {
            table.oid: path for table in tables if table.oid not in nearest and (path := _by(table, keys_, nearest))
        }
        nearest |= found
    best = {table.oid: _by(table, keys_, nearest) for table in tables if table.oid in nearest}
    return nearest | {oid: path for oid, path in best.items() if path} | times


def _by(table: Table, keys_: Keys, known: Mapping[int, Path]) -> Path | None:
    """By the best step to a table whose path is known and does not lead back."""
    for step in keys_.steps(table):
        rest = known.get(step.parent.oid)
        if rest and table.oid not in (step.parent.oid, *(one.parent.oid for one in rest.steps)):
            rules = {step.rule, *(one.rule for one in rest.steps)}
            return replace(rest, steps=(step, *rest.steps), rule="name" if "name" in rules else "foreign key")
    return None


def _own(table: Table, dimension: str | None) -> Path | None:
    times = [column for column in table.columns if column.base in _TIMES]
    for column in times:
        if column.name == dimension:
            return Path(steps=(), time=column, rule="partition")
    named = sorted((c for c in times if c.name in _PREFERRED), key=lambda column: _PREFERRED.index(column.name))
    written = [column for column in times if "now()" in column.default or "CURRENT_TIMESTAMP" in column.default]
    certain = [column for column in times if column.not_null]
    chosen = (*named, *written, *certain)
    return Path(steps=(), time=chosen[0], rule="column") if chosen else None


def _named(table: Table, foreign: Sequence[Step], primary: Mapping[Table, str]) -> Iterator[Step]:
    """Columns such as snapshot_id that no foreign key explains, and the shortest table name that ends like them."""
    explained = {step.column.name for step in foreign}
    for column in table.columns:
        thing = column.name.removesuffix("_id")
        if column.name in explained or thing in ("", column.name) or column.base not in _INTEGERS:
            continue
        ends = (thing, f"{thing}s", f"_{thing}", f"_{thing}s")
        near = [one for one in primary if one.name in ends[:2] or one.name.endswith(ends[2:])]
        parents = [one for one in near if one is not table and one.column(primary[one]).base in _INTEGERS]
        if parents:
            parent = min(parents, key=lambda one: (len(one.name), one.label))
            yield Step(column=column, parent=parent, key=parent.column(primary[parent]), rule="name")
