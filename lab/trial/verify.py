"""Proves that a trial gives the same answers as its template.

Before a scenario is applied the clone is asked everything: every row of every table, and the application's reads.
Afterwards the same questions are asked again by the same names. What the scenario gives up on purpose is taken out of
the first set of answers only as far as it was declared, so that losing more, or less, is a difference.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from lab.errors import DatabaseError
from lab.postgres.database import Database, Row
from lab.postgres.sql import literal, quoted
from lab.trial.settings import SETTINGS
from lab.values import Answer, Mismatch
from lab.workload import Dataset, Equality, Read

_TABLE = "table "

_CAST = {Equality.TEXT: "text", Equality.CONTENT: "jsonb"}
"""The type whose equal values are equal in that sense; otherwise the column's own."""

_COLUMNS = """
SELECT c.relname::text, a.attname::text, format_type(a.atttypid, NULL)
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE n.nspname = %s AND c.relkind IN ('r', 'p', 'v') AND NOT c.relispartition
ORDER BY c.relname, a.attnum
"""


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


@dataclass(frozen=True, kw_only=True)
class Known:
    """The expected answer about a table whose documents go by their content."""

    written: Answer
    """The same answer where they go by their characters: equal characters have equal content."""
    answer: Answer


def questions(database: Database, dataset: Dataset) -> Questions:
    """The questions for every trial, read from the template (or a fresh clone of it)."""
    return Questions(
        columns=_columns(database, dataset.schema),
        schema=dataset.schema,
        comparisons=dataset.comparisons,
        reads=dataset.reads(),
    )


def state_settings(database: Database, schema: str, seconds: float = 0) -> None:
    """Set every setting that changes an answer, so that defaults of the database or role do not matter; once a connection.

    A statement that takes longer than `seconds` is cancelled; 0 is no limit.
    """
    for name, value in SETTINGS.items():
        database.execute(f"SET {name} = {literal(value)}")
    database.execute(f"SET search_path = {quoted(schema)}")
    database.execute(f"SET statement_timeout = {round(seconds * 1000)}")


def qualified(schema: str, table: str) -> str:
    """A table's name as SQL that no search path changes."""
    return f"{quoted(schema)}.{quoted(table)}"


def ask(
    database: Database, asked: Questions, loss: Loss, *, applied: bool, known: Mapping[str, Known] | None = None
) -> tuple[Answer, ...]:
    """All answers without what `loss` says; where it is not `applied` yet, the query hides lost rows and values.

    A table whose documents have the characters that are `known` is not read by their content, which takes six times as long.
    """
    hidden = asked.stand_ins if applied else _hidden(asked, loss)
    shadow = _shadow(hidden)
    written = _as_written(asked)

    def about(table: str) -> Answer:
        match = (known or {}).get(table)
        if match and match.written == _ask_table(database, table, written, loss, shadow, hidden=table in hidden):
            return match.answer
        return _ask_table(database, table, asked, loss, shadow, hidden=table in hidden)

    tables = tuple(about(table) for table in asked.columns)
    hiding = shadow.replace("%", "%%")  # a read has placeholders, and what a scenario declares has none
    answers = (_ask(database, read.name, hiding + read.text(loss.columns), read.params) for read in asked.reads)
    return (*tables, *answers)


def known(database: Database, asked: Questions, loss: Loss, answers: Sequence[Answer]) -> dict[str, Known]:
    """Each table with documents that go by their content; `answers` are those of `ask` before `loss` was applied."""
    hidden, written = _hidden(asked, loss), _as_written(asked)
    shadow = _shadow(hidden)
    return {
        table: Known(
            written=_ask_table(database, table, written, loss, shadow, hidden=table in hidden),
            answer=next(answer for answer in answers if answer.name == _TABLE + table),
        )
        for table, columns in asked.columns.items()
        if any(_comparison(asked, table, *column) is Equality.CONTENT for column in columns)
    }


def _as_written(asked: Questions) -> Questions:
    """The same questions, but documents go by their characters, not by their content."""
    places = ((table, column, kind) for table, columns in asked.columns.items() for column, kind in columns)
    texts = {
        f"{table}.{column}": Equality.TEXT
        for table, column, kind in places
        if _comparison(asked, table, column, kind) is Equality.CONTENT
    }
    return replace(asked, comparisons={**asked.comparisons, **texts})


def ask_rows(  # noqa: PLR0913 - as `ask`, of some rows of one table
    database: Database, asked: Questions, loss: Loss, table: str, condition: str, *, applied: bool
) -> Answer:
    """The rows `t` of a table under that condition, as a number and one hash; otherwise as `ask`."""
    hidden = asked.stand_ins if applied else _hidden(asked, loss)
    source = f"({hidden[table]})" if table in hidden else qualified(asked.schema, table)
    shadow = _shadow({table: f"SELECT t.* FROM {source} t WHERE {condition}"})
    return _ask_table(database, table, asked, loss, shadow, hidden=True)


def mismatches(
    database: Database, asked: Questions, expected: Sequence[Answer], answers: Sequence[Answer], loss: Loss
) -> Iterator[Mismatch]:
    """Every answer that differs, every declared column that is not gone, and columns whose order changed."""
    for before, after in zip(expected, answers, strict=True):
        if before != after:
            yield mismatch(before, after, name=before.name)
    present = _columns(database, asked.schema)
    for name in loss.columns:
        table, _, column = name.partition(".")
        if column in dict(present.get(table, ())):
            yield Mismatch(name=name, expected="no such column", found="still there")
    yield from _moved(asked, present)


def mismatch(expected: Answer, found: Answer, *, name: str) -> Mismatch:
    """Two answers that should be equal, in short."""
    return Mismatch(name=name, expected=_text(expected), found=_text(found))


def _moved(asked: Questions, present: Mapping[str, Sequence[tuple[str, str]]]) -> Iterator[Mismatch]:
    """Tables whose columns changed order; COPY and INSERT without a column list depend on the order."""
    for table, columns in asked.columns.items():
        now = [name for name, _ in present.get(table, ())]
        stay = [name for name, _ in columns if name in now]
        order = [name for name in now if name in stay]
        if stay != order:
            yield Mismatch(name=f"columns of {table}", expected=", ".join(stay), found=", ".join(order))


def rows_of_tables(answers: Sequence[Answer]) -> dict[str, int]:
    """Rows of each table that could be read."""
    return {
        answer.name.removeprefix(_TABLE): answer.rows
        for answer in answers
        if answer.name.startswith(_TABLE) and answer.rows is not None
    }


def rows_left(asked: Questions, loss: Loss, table: str) -> str:
    """The rows that remain of a table, as SQL; asked before anything is lost."""
    return f"({loss.kept[table]})" if table in loss.kept else qualified(asked.schema, table)


def _shadow(hidden: Mapping[str, str]) -> str:
    """A WITH clause whose names hide these tables."""
    if not hidden:
        return ""
    return "WITH " + ", ".join(f"{table} AS NOT MATERIALIZED ({select})" for table, select in hidden.items()) + "\n"


def _hidden(asked: Questions, loss: Loss) -> dict[str, str]:
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


def _ask_table(  # noqa: PLR0913 - what is asked, and what hides it
    database: Database, table: str, asked: Questions, loss: Loss, shadow: str, *, hidden: bool
) -> Answer:
    """Number of rows and one hash over all of them, independent of their order; of a `hidden` table, those that `shadow` shows."""
    source = quoted(table) if hidden else qualified(asked.schema, table)
    values = ", ".join(
        f"{quoted(column)}::{_CAST.get(_comparison(asked, table, column, kind), kind)}"
        for column, kind in asked.columns[table]
        if f"{table}.{column}" not in loss.columns
    )
    # The hash of a row is linear in those of its columns: sums of it stay the same where two rows exchange a value.
    row_hash = f"hashint8extended(hash_record_extended(ROW({values}), 0), 0)"
    sql = f"SELECT count(*), coalesce(sum({row_hash}), 0)::text FROM {source}"

    def answer() -> tuple[int, str]:
        ((rows, digest),) = database.fetch(shadow + sql)
        return rows, digest

    return _answered(_TABLE + table, answer)


def _comparison(asked: Questions, table: str, column: str, kind: str) -> Equality:
    """How a column is compared. json has no hash, and goes by its content unless told."""
    usual = Equality.CONTENT if kind == "json" else Equality.VALUE
    return asked.comparisons.get(f"{table}.{column}", usual)


def _ask(database: Database, name: str, sql: str, params: Sequence[object]) -> Answer:
    return _answered(name, lambda: _digest(database.fetch(sql, params)))


def _answered(name: str, answer: Callable[[], tuple[int, str]]) -> Answer:
    """The answer, or the server's refusal in its place, which counts as a difference."""
    try:
        rows, digest = answer()
    except DatabaseError as error:
        return Answer(name=name, rows=None, digest=error.message)
    return Answer(name=name, rows=rows, digest=digest)


def _digest(rows: Sequence[Row]) -> tuple[int, str]:
    """Number of rows and SHA-256 of them in order; numbers compare by value, objects without regard to key order."""
    digest = hashlib.sha256()
    for row in rows:
        values = json.loads(json.dumps(row, default=str), parse_int=float)
        digest.update(json.dumps(values, sort_keys=True).encode())
    return len(rows), digest.hexdigest()


def _columns(database: Database, schema: str) -> dict[str, tuple[tuple[str, str], ...]]:
    """Table to its (column, type), in order."""
    columns: dict[str, list[tuple[str, str]]] = {}
    for table, column, kind in database.fetch(_COLUMNS, (schema,)):
        columns.setdefault(table, []).append((column, kind))
    return {table: tuple(pairs) for table, pairs in columns.items()}


def _text(answer: Answer) -> str:
    return answer.digest if answer.rows is None else f"{answer.rows} rows, {answer.digest[:16]}"
