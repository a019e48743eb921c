"""What a scenario declares, as values that reports and plans can read without importing it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from lab.values.client import ClientStep

CHANGE_RATE = "change rate"
"""The parameter that says how often prices change."""
LIST_CHURN = "list churn"
"""The parameter that says how often lists of markets change."""


class Category(StrEnum):
    """What kind of strategy a scenario is."""

    CONTROL = "Control"
    ELIMINATE = "Eliminate"
    COMPRESS = "Compress"
    NORMALIZE = "Normalize"
    REARRANGE = "Rearrange"
    DEDUPLICATE = "Deduplicate"
    PARTITION = "Partition"
    RETAIN = "Retain"
    ARCHIVE = "Archive"


class Shape(StrEnum):
    """What stands under a table's name after a scenario."""

    TABLE = "table"
    """The same plain table, rewritten, or with columns or rows gone: it keeps every guarantee that was not declared lost."""
    NEW_TABLE = "new table"
    """Another table, partitioned or not, that was filled anew: it keeps every guarantee that was not declared lost."""
    HYPERTABLE = "hypertable"
    VIEW = "view"
    """A view over new tables."""


@dataclass(frozen=True, kw_only=True)
class Requirement:
    """Something that must hold in the data before a strategy may run."""

    name: str
    """What must hold, in words: 'No price is 0'."""
    sql: str
    """Read-only query of one number: how many rows break it; 0 means that it holds."""
    table: str = ""
    """The table whose shape it is about; empty of one that counts rows."""
    otherwise: str = ""
    """What is there instead, in words, where the table exists and it does not hold: 'it is a view'."""


@dataclass(frozen=True, kw_only=True)
class DeclaredLoss:
    """Something that a scenario gives up on purpose."""

    table: str | None
    """None where rows of several tables go by one rule."""
    column: str | None
    """None where rows or an index are given up."""
    words: str
    """As reports print it: 'column readings.payload'."""
    guarantee: str | None = None
    """The definition of an index, key, constraint or column type that is given up, as the server writes it; of an index,
    what follows USING. None where data are given up."""
    rows: str | None = None
    """In which rows the column is emptied, in words; None where the whole column goes, or none does."""

    @property
    def whole_column(self) -> bool:
        """Whether the column itself goes."""
        return self.column is not None and self.rows is None


def lost_column(name: str) -> DeclaredLoss:
    """A column that is dropped, as 'table.column'."""
    table, _, column = name.partition(".")
    return DeclaredLoss(table=table, column=column, words=f"column {name}")


def lost_rows(words: str) -> DeclaredLoss:
    """The rows that `keeps` does not keep, in words."""
    return DeclaredLoss(table=None, column=None, words=words)


def lost_values(name: str, rows: str) -> DeclaredLoss:
    """A column, as 'table.column', that `empties` sets to NULL; `rows` says in words where: 'of snapshots older than 7 days'."""
    table, _, column = name.partition(".")
    return DeclaredLoss(table=table, column=column, words=f"column {name} {rows}", rows=rows)


def lost_index(table: str, definition: str) -> DeclaredLoss:
    """An index that is dropped; `definition` as the server writes it after USING: 'btree (captured_at)'."""
    return DeclaredLoss(table=table, column=None, words=f"index {definition} of {table}", guarantee=definition)


def lost_guarantee(table: str, definition: str) -> DeclaredLoss:
    """A key, constraint or column type that is given up; `definition` as the server writes it: 'PRIMARY KEY (id)'."""
    return DeclaredLoss(table=table, column=None, words=f"{definition} of {table}", guarantee=definition)


@dataclass(frozen=True, kw_only=True)
class Note:
    """Where one parameter of a calibrated workload comes from."""

    parameter: str
    """Such as 'change rate'."""
    value: str
    source: Literal["profile", "assumed"]
    """Whether the profile gave it, or something else stands in for it."""
    words: str
    """Such as 'Events per cycle: 730.'"""

    @property
    def line(self) -> str:
        """As reports print it, with its source."""
        return f"{'From the profile' if self.source == 'profile' else 'Assumed'}: {self.words}"


class Action(StrEnum):
    """What a change does to the rows of a table, and how the temporary table that holds its rows is called."""

    INSERT = "inserted"
    UPDATE = "updated"
    DELETE = "deleted"


def staged_name(action: Action, table: str) -> str:
    """The temporary table that holds the rows which an action is about."""
    return f"{action}_{table}"


@dataclass(frozen=True, kw_only=True)
class Writing:
    """How a writer stores, changes and deletes the rows of one table, where the application's statements no longer do.

    The rows lie ready in temporary tables with the columns that the table had before: `inserted_<table>`,
    `updated_<table>` (the key and the new values) and `deleted_<table>` (the key). Those of the other tables of the same
    transaction are there too. An empty part: the application's own statement.
    """

    prepare: tuple[str, ...] = ()
    """Run once per connection, such as CREATE TEMP TABLE … ON COMMIT DELETE ROWS for what a writer keeps in its memory."""
    turn: tuple[str, ...] = ()
    """Before anything else, in each transaction that writes or deletes rows of the table: a LOCK by which those take turns who go
    on with what another one stores or removes. Who waits there holds nothing that others wait for."""
    client: tuple[ClientStep, ...] = ()
    """What the writer itself does with the new rows, such as pack them, before `insert`; it reads them from `inserted_<table>`."""
    insert: tuple[str, ...] = ()
    update: tuple[str, ...] = ()
    collect: tuple[str, ...] = ()
    """Before any rows are deleted, in the same transaction: note what nothing may need without them, such as a document that
    others refer to, or wait for whoever works on it."""
    delete: tuple[str, ...] = ()
    release: tuple[str, ...] = ()
    """After all rows were deleted, in the same transaction: remove of that what nothing needs any more.

    What a writer may refer to at that moment must stay: begin with a LOCK that waits for such writers, and makes new ones wait.
    """
