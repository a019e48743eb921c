"""The contract of a workload: the rows that a run loads, the reads that it asks, and how their answers are compared.

A workload generates a database at any size: `data_gen` holds the odds. It knows no server: stages are SQL and COPY data,
reads are SQL with parameters, writes
are rows with the SQL that stores them. The lab loads, clones, asks, weighs and compares, once, the same for every workload.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol, TypeAlias

from lab.values import CaseFacts, DatasetSpec, Note, WorkloadFacts
from lab.values.declared import Action, staged_name


@dataclass(frozen=True)
class Statement:
    """One SQL statement to be run outside a transaction."""

    sql: str


@dataclass(frozen=True)
class CopyIn:
    """Rows for `COPY table (columns) FROM STDIN`; `chunks` can be consumed once."""

    table: str
    columns: tuple[str, ...]
    chunks: Iterator[bytes]


Stage: TypeAlias = Statement | CopyIn


class Equality(StrEnum):
    """When two values of a column are equal."""

    TEXT = "text"
    """The same characters: of a document in a json column, its white space and the order of its keys, too."""
    CONTENT = "content"
    """The same JSON, whatever its white space and the order of its keys."""
    VALUE = "value"
    """Equal values of the column's type."""


@dataclass(frozen=True)
class Heavy:
    """A column that is most of what a read takes, such as a document: the read is measured with it and without it."""

    asked: str
    """Its expression as the application sends it."""
    compared: str
    """The expression whose value must stay the same: a hash of a long document; for a size on disk, that it is there."""


@dataclass(frozen=True, kw_only=True)
class Read:
    """One statement of a read of the application; its rows come back in a stated order."""

    name: str
    query: str
    """The application's read that it is a part of, such as 'Q1': their costs add up, and a report has one line for each.

    `WorkloadFacts.titles` says what it is in a few words.
    """
    sql: str
    """A SELECT, with `{list}` where one of `lists` goes."""
    params: tuple[object, ...] = ()
    lists: Mapping[str, Mapping[str, str | Heavy]] = field(default_factory=dict)
    """By placeholder, each column as 'table.column' with the expression that reads it: without those that are given up."""
    subject: str = ""
    """What it asks about, such as 'event 7', where one query asks about several; its cost is that of one of them."""

    def text(self, dropped: Collection[str] = ()) -> str:
        """The SQL whose answer is compared, without the columns in `dropped` ('table.column')."""
        return self._filled(dropped, lambda heavy: heavy.compared)

    def asked(self, dropped: Collection[str] = ()) -> str:
        """The SQL as the application sends it, without those columns."""
        return self._filled(dropped, lambda heavy: heavy.asked)

    @property
    def columns(self) -> frozenset[str]:
        """The columns of its lists, as 'table.column'."""
        return frozenset(column for name in self._used for column in self.lists[name])

    @property
    def heavy(self) -> frozenset[str]:
        """Those of them that are heavy."""
        pairs = (pair for name in self._used for pair in self.lists[name].items())
        return frozenset(column for column, expression in pairs if isinstance(expression, Heavy))

    @property
    def _used(self) -> list[str]:
        return [name for name in self.lists if f"{{{name}}}" in self.sql]

    def _filled(self, dropped: Collection[str], choose: Callable[[Heavy], str]) -> str:
        text = self.sql
        for name in self._used:
            kept = (expression for column, expression in self.lists[name].items() if column not in dropped)
            words = (choose(expression) if isinstance(expression, Heavy) else expression for expression in kept)
            text = text.replace(f"{{{name}}}", ", ".join(words))
        return text


@dataclass(frozen=True, kw_only=True)
class TableWrite:
    """What a write does to one table. Its rows lie ready in the temporary table `inserted_…`, `updated_…` or `deleted_…`."""

    action: Action
    table: str
    columns: tuple[str, ...]
    """Columns of the table: all of a new row; of a changed one its key and the new values; of a deleted one its key."""
    chunks: tuple[bytes, ...]
    """The rows as COPY text."""
    sql: str
    """The application's statement, with `{columns}` for those of a new row that a strategy has not given up."""

    @property
    def staged(self) -> str:
        """The name of its temporary table."""
        return staged_name(self.action, self.table)


@dataclass(frozen=True, kw_only=True)
class Write:
    """One transaction of the application."""

    query: str
    """Such as 'W1': the transactions of one name are the samples of one measurement, the first of several a warm-up.

    `WorkloadFacts.titles` says what it is in a few words.
    """
    changes: tuple[TableWrite, ...]
    touched: Mapping[str, str]
    """By table, the condition of a row `t` that must read the same afterwards as where nothing but the writes was done."""


class Dataset(Protocol):
    """All that a trial needs of a workload: the same rows, to the byte, for the same spec on every machine."""

    @property
    def spec(self) -> DatasetSpec:
        """What makes this dataset again."""

    @property
    def facts(self) -> WorkloadFacts:
        """How its tables belong together, grow and are called; saved with every experiment."""

    @property
    def description(self) -> str:
        """In words, such as '24 events, change rate 4'."""

    @property
    def now(self) -> datetime:
        """What reads and strategies take for the present."""

    @property
    def schema(self) -> str:
        """The schema that holds its tables: `public`, because strategies and reports name a table without its schema."""

    @property
    def rows(self) -> Mapping[str, int]:
        """Planned rows by table; small tables may be left out."""

    @property
    def digest(self) -> str:
        """SHA-256 of all COPY streams; generates them where `stages` was not consumed to its end yet."""

    @property
    def comparisons(self) -> Mapping[str, Equality]:
        """By 'table.column', where it is not `CONTENT` of a json column and `VALUE` of any other."""

    def stages(self) -> Iterator[Stage]:
        """Everything to be done on an empty database, in order; each COPY must be consumed before the next stage."""

    def reads(self) -> tuple[Read, ...]:
        """The reads of the application that every strategy must still answer the same."""

    def writes(self) -> tuple[Write, ...]:
        """The application's writes after the loaded rows, in their order; none where it writes nothing.

        They depend on the spec alone. Errors: none, but `stages` is generated where it was not consumed to its end yet.
        """


class Workload(Protocol):
    """All that a run needs of a workload: a database that exists or existed, generated at any size."""

    @property
    def full_size(self) -> CaseFacts:
        """The database that it imitates, at full size."""

    @property
    def notes(self) -> tuple[Note, ...]:
        """Where its parameters come from; empty where they were published with the workload."""

    @property
    def case_text(self) -> str:
        """Everything that, with a spec, makes the same rows again; a run with notes saves it as case.json."""

    def plan(self, *, size_bytes: int, seed: int, parameters: Mapping[str, float]) -> Dataset:
        """The smallest dataset of at least that size, as far as can be predicted; other seeds share no row with it.

        Errors: `InputError` for a size that is too small, or a parameter that it does not have.
        """

    def dataset(self, spec: DatasetSpec) -> Dataset:
        """The dataset that was planned."""

    def variations(self, spec: DatasetSpec, parameter: str) -> tuple[DatasetSpec, ...]:
        """Small datasets that differ in that parameter, for scenarios whose savings depend on it; none where it has none."""
