"""The contract of a strategy: the only module of the project that a file in `scenarios/` may import.

A scenario is a value with a function. It rearranges data and does nothing else: the lab clones, settles, measures,
verifies and cleans up, in the same way for every scenario. Its SQL is also the plan for a real database: it names
nothing of the sample, and before it drops or replaces anything it proves on that very database that nothing is lost.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Protocol

from lab.errors import LabError, NothingToDoError
from lab.values.client import Archive, Client, ClientStep, Convert, Decode, Decoding, Fetch, Lookup, Row
from lab.values.declared import (
    Category,
    DeclaredLoss,
    Requirement,
    Shape,
    Writing,
    lost_column,
    lost_guarantee,
    lost_index,
    lost_rows,
    lost_values,
)
from lab.values.parameters import Choice, ScenarioParameter, Setting, Value, WholeNumber

__all__ = [
    "Archive",
    "Category",
    "Choice",
    "Client",
    "ClientStep",
    "Convert",
    "Database",
    "DeclaredLoss",
    "Decode",
    "Decoding",
    "Empties",
    "Family",
    "Fetch",
    "Keeps",
    "LabError",
    "Lookup",
    "Need",
    "NothingToDoError",
    "Requirement",
    "Row",
    "Scenario",
    "Shape",
    "WholeNumber",
    "Writing",
    "days_ago",
    "days_before",
    "different_parts",
    "lost_column",
    "lost_guarantee",
    "lost_index",
    "lost_rows",
    "lost_values",
    "moment",
    "unused_names",
]


class Need(StrEnum):
    """A feature that the server must offer for the scenario to run there."""

    LZ4 = "TOAST compression lz4"
    COLUMNSTORE = "TimescaleDB Community (columnstore)"


class Database(Protocol):
    """A clone that belongs to one scenario alone."""

    @property
    def now(self) -> datetime:
        """The case's last capture: the present, as the data sees it."""

    @property
    def now_sql(self) -> str:
        """`now` as an SQL expression of type timestamptz; a plan prints it as `now()`."""

    def step(self, name: str, *, auxiliary: bool = False, final: bool = False) -> AbstractContextManager[None]:
        """Name a part of the work; the lab records its SQL, seconds, WAL, peak disk and footprint.

        `auxiliary` marks a measurement that is shown but does not count as the strategy's cost.
        `final` marks a step that drops what a rollback needs: a plan carries it out after all checks.
        """

    def execute(self, sql: str) -> int:
        """Run one statement inside a step; returns the number of rows it touched."""

    def convert(self, step: ClientStep) -> int:
        """Let the client do that inside a step; returns the number of rows that it made. A plan has a program for it."""

    def prove(self, name: str, sql: str) -> None:
        """Run a query that counts differences inside a step; anything but 0 ends the scenario.

        In a plan it becomes a statement that raises. Put it before every statement that drops or replaces. `name` says
        what must hold.
        """

    def fetch(self, sql: str) -> list[tuple[Any, ...]]:
        """Run one query and return its rows. Outside of a step it can only read, and the plan leaves it out."""

    def value(self, sql: str) -> Any:
        """The single value of a query that returns one row and one column."""

    def note(self, text: str) -> None:
        """Add a finding to the report, such as a proof that held."""


Keeps = Callable[[datetime], Mapping[str, str]]
Empties = Callable[[datetime], Mapping[str, str]]


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """One strategy. It declares what it gives up; a trial that loses more or less than that fails verification."""

    title: str
    category: Category
    hypothesis: str
    apply: Callable[[Database], None]
    what: str = ""
    """The strategy as an order, for lists of what could be done: 'Drop the column of payloads'."""
    needs: frozenset[Need] = frozenset()
    changes: Mapping[str, Shape] = field(default_factory=dict)
    """Each table that it changes, to what has that name afterwards. Before, each must be a plain table."""
    needs_columns: tuple[str, ...] = ()
    """Columns that must exist, as 'table.column', where a table may also lack them."""
    requires: tuple[Requirement, ...] = ()
    """What must hold in the data, besides the tables and columns; checked before anything is changed."""
    losses: tuple[DeclaredLoss, ...] = ()
    """What it gives up: `lost_column`, `lost_rows`, `lost_values`, `lost_index`, `lost_guarantee`."""
    keeps: Keeps | None = None
    """For a moment, each table that loses rows and the SELECT of the rows that must remain."""
    keeps_days: int | None = None
    """How many days `keeps` keeps, where it selects by age. The profile says how many rows that is at full size."""
    empties: Empties | None = None
    """For a moment, each column that is emptied in some rows, as 'table.column', and the condition on such a row `t`."""
    empties_after_days: int | None = None
    """After how many days `empties` empties, where it selects by age. The profile says how many rows that is at full size."""
    costs: tuple[str, ...] = ()
    """Its price besides bytes and seconds: keys, foreign keys, locks, application code."""
    origins: Mapping[str, str] = field(default_factory=dict)
    """New table to the table whose rows it grows with."""
    grows_with_scale: tuple[str, ...] = ()
    """New tables that grow with the number of events, not with rows, such as a dictionary. One that is in neither is warned of."""
    write: Mapping[str, Writing] = field(default_factory=dict)
    """Table to how it is written afterwards, where that is not as before. Without it, the application's statements are tried."""
    decodes: Mapping[str, Decoding] = field(default_factory=dict)
    """Column, as 'table.column', to how a client reads it afterwards, where the database holds bytes in the place of its text."""
    archives: Mapping[str, Archive] = field(default_factory=dict)
    """Column, as 'table.column', to how a client reads the values that were moved out of the database into files."""
    archives_after_days: int | None = None
    """After how many days `archives` moves them, where it selects by age, as `empties_after_days`."""
    client: tuple[ClientStep, ...] = ()
    """What a client does in its steps (`Database.convert`): a plan has a program for each of these that a trial carried out."""
    undo: Callable[[Database], None] | None = None
    """The way back from what a client did, where only a client can go it. Wherever it was interrupted, it can be done again."""
    again: Callable[[Database], None] | None = None
    """What a client must do again and again, such as move what has become old; as `undo`, wherever it was interrupted."""
    recurring: tuple[str, ...] = ()
    """What must be run again and again, such as the compression of a day's rows; empty where nothing is left to do."""
    varies_with: tuple[str, ...] = ()
    """Parameters of the workload on which its savings depend, such as 'change rate'; it is also tried at other values."""
    leads: bool = True
    """Whether it represents its file where one strategy of each file is listed; False for the other variants."""
    follows: frozenset[Category] = frozenset()
    """`all` also includes the combination other+this for every strategy of these categories that does not conflict."""

    @property
    def drops(self) -> tuple[str, ...]:
        """The columns given up, as 'table.column'."""
        return tuple(f"{loss.table}.{loss.column}" for loss in self.losses if loss.whole_column)

    @property
    def emptied(self) -> tuple[str, ...]:
        """The columns that are emptied in some rows, as 'table.column'."""
        return tuple(f"{loss.table}.{loss.column}" for loss in self.losses if loss.rows is not None)

    @property
    def given_up(self) -> tuple[str, ...]:
        """The data that are lost on purpose, in words; a lost index, key or type is not data."""
        return tuple(loss.words for loss in self.losses if loss.guarantee is None)

    @property
    def requirements(self) -> tuple[Requirement, ...]:
        """Everything that must hold before it may run: its tables, its columns, and what it requires of the data."""
        return (*_tables(self.changes), *_columns(self.needs_columns), *self.requires)


@dataclass(frozen=True, kw_only=True)
class Family:
    """Scenarios that one function makes from the values of declared parameters, such as `retention(days=10)`."""

    make: Callable[..., Scenario]
    """Called with a value for every parameter, by name."""
    parameters: Mapping[str, ScenarioParameter]
    named: Mapping[str, Mapping[str, Value]] = field(default_factory=dict)
    """Names that stand for values and belong to `all`, one of them for the defaults; none: the file's name stands for these."""

    @property
    def defaults(self) -> dict[str, Value]:
        """Parameter to its default."""
        return {name: parameter.default for name, parameter in self.parameters.items()}

    def scenario(self, values: Mapping[str, Value]) -> Scenario:
        """The scenario with these values; of all of them, the one with the defaults represents its file."""
        return replace(self.make(**values), leads=values == self.defaults)

    def settings(self, family: str, values: Mapping[str, Value]) -> tuple[Setting, ...]:
        """The values as reports print them; `family` is the file's name."""
        return tuple(
            Setting(
                scenario=family,
                parameter=name,
                value=values[name],
                default=parameter.default,
                domain=parameter.domain,
                meaning=parameter.meaning,
            )
            for name, parameter in self.parameters.items()
        )


def unused_names(*names: str) -> Requirement:
    """No table, view, index or function has one of these names, so a scenario may drop what it created itself."""
    listed = ", ".join(f"'{name}'" for name in names)
    public = "namespace = 'public'::regnamespace"
    return Requirement(
        name=f"nothing is called {' or '.join(names)} yet",
        sql=f"SELECT (SELECT count(*) FROM pg_class WHERE relname IN ({listed}) AND rel{public})"
        f" + (SELECT count(*) FROM pg_proc WHERE proname IN ({listed}) AND pro{public})",
    )


def moment(at: datetime) -> str:
    """That moment as SQL of type timestamptz."""
    return f"'{at.isoformat()}'::timestamptz"


def days_before(now: datetime, days: int) -> str:
    """So many days before `now`, as SQL of type timestamptz."""
    return moment(now - timedelta(days=days))


def days_ago(db: Database, days: int) -> str:
    """So many days of 24 hours before the present of the data, as SQL of type timestamptz that a plan can repeat on any day."""
    return f"({db.now_sql} - interval '{24 * days} hours')"


def different_parts(old: str, new: str, value: str, *, of: str = "id") -> str:
    """A query for `Database.prove`: in how many parts of 1,000 ids two tables differ, in row count or content.

    `old` and `new` are tables, views or queries in parentheses. `value` is the hash of a row `t` as a bigint. `of` is the
    integer column that divides both into parts. Each side is read once. The hash is hashed again before it is summed:
    `hash_record_extended` is linear in its columns, so its sum stays the same where two rows exchange a value.
    """
    old_parts, new_parts = (
        f"(SELECT {of} / 1000 AS part, count(*) AS rows, sum(hashint8extended({value}, 0)) AS content FROM {side} t GROUP BY 1)"
        for side in (old, new)
    )
    return (
        f"SELECT count(*) FROM {old_parts} a FULL JOIN {new_parts} b USING (part)"
        " WHERE (a.rows, a.content) IS DISTINCT FROM (b.rows, b.content)"
    )


def _tables(changes: Mapping[str, Shape]) -> Iterator[Requirement]:
    """Each is a table, partitioned or not, and not a view, foreign table or hypertable."""
    for table in changes:
        yield Requirement(
            name=f"{table} is a plain table",
            table=table,
            otherwise="it is a hypertable",
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
            table=table,
            otherwise="the table has no such column",
            sql="SELECT count(*) FROM (SELECT) needed WHERE NOT EXISTS (SELECT FROM pg_attribute"
            f" WHERE attrelid = to_regclass('{table}') AND attname = '{column}' AND NOT attisdropped)",
        )
