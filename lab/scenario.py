"""The contract of a strategy: all that a file in `scenarios/` may import of the project.

A scenario is a value with a function. It rearranges data and nothing else: cloning, settling, measuring,
verifying and cleaning up are done by the lab, once, the same for everyone. Its SQL is also the plan for a real database:
it names nothing of the sample, and it proves on that very database that nothing is lost before it drops or replaces.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from lab.errors import LabError, NothingToDoError
from lab.values.declared import Category, DeclaredLoss, Requirement, Shape

__all__ = [
    "Category",
    "Database",
    "DeclaredLoss",
    "LabError",
    "Need",
    "NothingToDoError",
    "Requirement",
    "Scenario",
    "Shape",
    "different_parts",
    "lost_column",
    "lost_index",
    "lost_rows",
    "unused_names",
]


class Need(StrEnum):
    """What a server must offer for the scenario to run there."""

    LZ4 = "TOAST compression lz4"
    COLUMNSTORE = "TimescaleDB Community (columnstore)"


class Database(Protocol):
    """What a scenario works on: one clone, all its own."""

    @property
    def now(self) -> datetime:
        """The case's last capture: the present, as the data sees it."""

    @property
    def now_sql(self) -> str:
        """`now` as an SQL expression of type timestamptz; recorded, and so printed in a plan, as `now()`."""

    def step(self, name: str, *, auxiliary: bool = False, final: bool = False) -> AbstractContextManager[None]:
        """Name a part of the work; its SQL, seconds, WAL, peak and footprint are recorded.

        `auxiliary` marks a measurement that is shown but does not count as the strategy's cost.
        `final` marks a step that drops what the way back needs: a plan carries it out after all checks.
        """

    def execute(self, sql: str) -> int:
        """Run one statement inside a step; returns the number of rows it touched."""

    def prove(self, name: str, sql: str) -> None:
        """Run a query that counts differences inside a step; anything but 0 ends the scenario.

        In a plan it is a statement that raises. Put it before every statement that drops or replaces. `name` says what
        must hold.
        """

    def fetch(self, sql: str) -> list[tuple[Any, ...]]:
        """Run one query and return its rows; outside of a step it can only read, and is no part of the plan."""

    def value(self, sql: str) -> Any:
        """The single value of a query that returns one row and one column."""

    def note(self, text: str) -> None:
        """Add a finding to the report, such as what was proved on the way."""


Keeps = Callable[[datetime], Mapping[str, str]]


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """One strategy.

    What it gives up must be declared, and is checked to be exactly that.
    """

    title: str
    category: Category
    hypothesis: str
    apply: Callable[[Database], None]
    what: str = ""
    """The same as an order, for lists of what could be done: 'Drop the column of whole responses'."""
    needs: frozenset[Need] = frozenset()
    changes: Mapping[str, Shape] = field(default_factory=dict)
    """Each table that it changes, to what stands under that name afterwards; it must find a plain table there."""
    needs_columns: tuple[str, ...] = ()
    """Columns that it must find, as 'table.column', where a table without them is possible."""
    requires: tuple[Requirement, ...] = ()
    """What must hold in the data, besides the tables and columns that it needs; asked before anything is changed."""
    losses: tuple[DeclaredLoss, ...] = ()
    """What it gives up: `lost_column`, `lost_rows`, `lost_index`."""
    keeps: Keeps | None = None
    """For a moment, each table that loses rows and the SELECT of the rows that must remain."""
    keeps_days: int | None = None
    """How many days of rows `keeps` keeps, where it goes by their age: a profile tells how much that is at full size."""
    costs: tuple[str, ...] = ()
    """What it costs besides bytes and seconds: keys, foreign keys, locks, application code."""
    origins: Mapping[str, str] = field(default_factory=dict)
    """New table to the table whose rows it grows with; one that is not named grows with the number of events."""
    varies_with: str | None = None
    """A parameter of the workload on which its savings depend, such as 'change rate': it is also measured at other values."""
    leads: bool = True
    """Whether it stands for its file where one strategy of each file is named; False of the other variants."""
    follows: frozenset[Category] = frozenset()
    """It is part of `all` as other+this, too, after each strategy of these categories that leaves it what it needs."""

    @property
    def drops(self) -> tuple[str, ...]:
        """The columns given up, as 'table.column'."""
        return tuple(f"{loss.table}.{loss.column}" for loss in self.losses if loss.column)

    @property
    def given_up(self) -> tuple[str, ...]:
        """In words, the data that are lost on purpose; an index is none."""
        return tuple(loss.words for loss in self.losses if loss.guarantee is None)

    @property
    def requirements(self) -> tuple[Requirement, ...]:
        """All that must hold before it may run: its tables, its columns, and what it requires of the data."""
        return (*_tables(self.changes), *_columns(self.needs_columns), *self.requires)


def lost_column(name: str) -> DeclaredLoss:
    """A column that is dropped, as 'table.column'."""
    table, _, column = name.partition(".")
    return DeclaredLoss(table=table, column=column, words=f"column {name}")


def lost_rows(words: str) -> DeclaredLoss:
    """The rows that `keeps` does not keep, in words."""
    return DeclaredLoss(table=None, column=None, words=words)


def lost_index(table: str, definition: str) -> DeclaredLoss:
    """An index that is dropped; `definition` as the server writes it after USING: 'btree (captured_at)'."""
    return DeclaredLoss(table=table, column=None, words=f"index {definition} of {table}", guarantee=definition)


def unused_names(*names: str) -> Requirement:
    """That no table, view, index or function has one of these names: a scenario may then drop what it created itself."""
    listed, public = ", ".join(f"'{name}'" for name in names), "namespace = 'public'::regnamespace"
    return Requirement(
        name=f"nothing is called {' or '.join(names)} yet",
        sql=f"SELECT (SELECT count(*) FROM pg_class WHERE relname IN ({listed}) AND rel{public})"
        f" + (SELECT count(*) FROM pg_proc WHERE proname IN ({listed}) AND pro{public})",
    )


def different_parts(old: str, new: str, value: str, *, of: str = "id") -> str:
    """A query for `Database.prove`: how many parts of 1,000 ids differ between two tables, in rows or their content.

    `old` and `new` are tables, views or queries in parentheses; `value` is the hash of a row `t` as a bigint, by which
    its content is compared; `of` is the integer column that both are divided by. Each side is read once, and nothing
    of the size of a table is sorted. The hash is hashed again before it is added up: `hash_record_extended` is linear in its
    columns, so that its sum stays the same where two rows exchange a value.
    """
    parts = (
        f"(SELECT {of} / 1000 AS part, count(*) AS rows, sum(hashint8extended({value}, 0)) AS content FROM {side} t GROUP BY 1)"
        for side in (old, new)
    )
    return (
        f"SELECT count(*) FROM {next(parts)} a FULL JOIN {next(parts)} b USING (part)"
        " WHERE (a.rows, a.content) IS DISTINCT FROM (b.rows, b.content)"
    )


def _tables(changes: Mapping[str, Shape]) -> Iterator[Requirement]:
    """Each is a table, partitioned or not, and no view, foreign table or hypertable."""
    for table in changes:
        yield Requirement(
            name=f"{table} is a plain table",
            sql="SELECT count(*) FROM (SELECT) needed WHERE NOT EXISTS (SELECT FROM pg_class c"
            f" WHERE c.oid = to_regclass('{table}') AND c.relkind IN ('r', 'p') AND NOT EXISTS (SELECT FROM pg_inherits i"
            " JOIN pg_class chunk ON chunk.oid = i.inhrelid JOIN pg_namespace n ON n.oid = chunk.relnamespace"
            " WHERE i.inhparent = c.oid AND n.nspname = '_timescaledb_internal'))",
        )


def _columns(names: tuple[str, ...]) -> Iterator[Requirement]:
    for name in names:
        table, _, column = name.partition(".")
        yield Requirement(
            name=f"{table} has a column {column}",
            sql="SELECT count(*) FROM (SELECT) needed WHERE NOT EXISTS (SELECT FROM pg_attribute"
            f" WHERE attrelid = to_regclass('{table}') AND attname = '{column}' AND NOT attisdropped)",
        )
