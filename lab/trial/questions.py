"""What a trial is asked, as SQL: what is lost on purpose is hidden before, and what a client decoded stands in afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from lab.postgres.sql import quoted
from lab.workload import Equality, Read

_CAST = {Equality.TEXT: "text", Equality.CONTENT: "jsonb"}
"""The type whose equal values are equal in that sense; otherwise the column's own."""


@dataclass(frozen=True, kw_only=True)
class Loss:
    """The declared loss of a scenario: columns, all rows except those kept, and values of columns in some rows."""

    columns: tuple[str, ...] = ()
    """As 'table.column'."""
    kept: Mapping[str, str]
    """Table to the SELECT of the rows that must remain."""
    emptied: Mapping[str, str] = field(default_factory=dict)
    """Column, as 'table.column', to the condition under which a row `t` must have no value in it."""
    moved: Mapping[str, str] = field(default_factory=dict)
    """Column, as 'table.column', to the condition on a row `t` whose value must have left the database for files outside;
    nothing of it is lost, so answers show it."""
    words: tuple[str, ...] = ()
    """What is lost, in words."""

    @property
    def key(self) -> tuple[object, ...]:
        """Equal for losses that leave the same answers."""
        return self.columns, tuple(sorted(self.kept.items())), tuple(sorted(self.emptied.items()))


@dataclass(frozen=True, kw_only=True)
class Questions:
    """The questions to a database: its tables with the columns that must be readable, and the reads."""

    columns: Mapping[str, tuple[tuple[str, str], ...]]
    """Table to its (column, type)."""
    schema: str
    """The schema of the tables."""
    comparisons: Mapping[str, Equality]
    """Comparison by 'table.column', where it is not the usual one of the type."""
    reads: tuple[Read, ...]
    stand_ins: Mapping[str, str] = field(default_factory=dict)
    """Table to the SELECT that is read in its place after a strategy, because a client decoded some of its columns."""


def qualified(schema: str, table: str) -> str:
    """A table's name as SQL that no search path changes."""
    return f"{quoted(schema)}.{quoted(table)}"


def compared(asked: Questions, loss: Loss, table: str) -> dict[str, str]:
    """Each column of the table that must stay, to the expression whose equal values are equal answers."""
    return {
        column: f"{quoted(column)}::{_CAST.get(comparison(asked, table, column, kind), kind)}"
        for column, kind in asked.columns[table]
        if f"{table}.{column}" not in loss.columns
    }


def comparison(asked: Questions, table: str, column: str, kind: str) -> Equality:
    """How a column is compared. json has no hash, and goes by its content unless told."""
    usual = Equality.CONTENT if kind == "json" else Equality.VALUE
    return asked.comparisons.get(f"{table}.{column}", usual)


def rows_left(asked: Questions, loss: Loss, table: str) -> str:
    """The rows of the table that no declared loss takes away, for FROM."""
    return f"({loss.kept[table]})" if table in loss.kept else qualified(asked.schema, table)


def shadow_of(hidden: Mapping[str, str]) -> str:
    """A WITH clause whose names hide these tables."""
    if not hidden:
        return ""
    return "WITH " + ", ".join(f"{table} AS NOT MATERIALIZED ({select})" for table, select in hidden.items()) + "\n"


def hidden_by(asked: Questions, loss: Loss) -> dict[str, str]:
    """Table that loses rows or values to the SELECT of what remains of it."""
    hidden = dict(loss.kept)
    for table in dict.fromkeys(name.partition(".")[0] for name in loss.emptied):
        columns = ", ".join(_left(table, column, loss) for column, _ in asked.columns.get(table, ()))
        hidden[table] = f"SELECT {columns} FROM {rows_left(asked, loss, table)} t"
    return hidden


def _left(table: str, column: str, loss: Loss) -> str:
    """The column of a row `t`, NULL where it is to be emptied."""
    condition = loss.emptied.get(f"{table}.{column}")
    name = quoted(column)
    return f"t.{name}" if condition is None else f"CASE WHEN {condition} THEN NULL ELSE t.{name} END AS {name}"
