"""Prove that a trial still answers what its template answers.

Before a scenario is applied the clone is asked everything: every row of every table, and the application's reads.
Afterwards the same questions are asked again by the same names. What the scenario gives up on purpose is taken out of
the first set of answers only as far as it was declared, so that losing more, or less, is a difference.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from lab.errors import DatabaseError
from lab.postgres.database import Database, Row
from lab.postgres.sql import quoted
from lab.values import Answer, Mismatch, Verdict, Verification
from lab.workload import Comparison, Dataset, Read

_TABLE = "table "

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
    """What a scenario gives up on purpose: columns, and the rows that are not among those kept."""

    columns: tuple[str, ...] = ()
    """As 'table.column'."""
    kept: Mapping[str, str]
    """Table to the SELECT of the rows that must remain."""
    words: tuple[str, ...] = ()
    """The same in words."""

    @property
    def key(self) -> tuple[object, ...]:
        """Equal for losses that leave the same answers."""
        return self.columns, tuple(sorted(self.kept.items()))


@dataclass(frozen=True, kw_only=True)
class Questions:
    """What is asked of a database: its tables with the columns that must be readable, and the reads."""

    columns: Mapping[str, tuple[tuple[str, str], ...]]
    """Table to its (column, type)."""
    schema: str
    """Where the tables are."""
    comparisons: Mapping[str, Comparison]
    """By 'table.column', where it is not the usual one of its type."""
    reads: tuple[Read, ...]


def questions(database: Database, dataset: Dataset) -> Questions:
    """What to ask of every trial, read off the template (or a fresh clone of it)."""
    columns: dict[str, list[tuple[str, str]]] = {}
    for table, column, kind in database.fetch(_COLUMNS, (dataset.schema,)):
        columns.setdefault(table, []).append((column, kind))
    return Questions(
        columns={table: tuple(of) for table, of in columns.items()},
        schema=dataset.schema,
        comparisons=dataset.comparisons,
        reads=dataset.reads(),
    )


def ask(database: Database, asked: Questions, loss: Loss, *, applied: bool) -> tuple[Answer, ...]:
    """All answers without what `loss` names; where it is not `applied` yet, the lost rows are hidden by the query."""
    database.execute(f"SET search_path = {quoted(asked.schema)}")  # whatever the scenario made the database's default
    shadow = "" if applied else _shadow(loss.kept)
    tables = (_ask_table(database, table, asked, loss, shadow) for table in asked.columns)
    answers = (_ask(database, read.name, shadow + read.text(loss.columns), read.params) for read in asked.reads)
    return (*tables, *answers)


def compare(
    database: Database,
    asked: Questions,
    expected: Sequence[Answer],
    found: Sequence[Answer],
    loss: Loss,
) -> Verification:
    """The verdict: every answer equal, and the columns given up really gone."""
    by_name = {answer.name: answer for answer in found}
    mismatches = [
        Mismatch(name=answer.name, expected=_text(answer), found=_text(by_name[answer.name]))
        for answer in expected
        if answer != by_name[answer.name]
    ]
    mismatches += [
        Mismatch(name=name, expected="no such column", found="still there")
        for name in _still_there(database, asked.schema, loss)
    ]
    fine = Verdict.AS_DECLARED if loss.words else Verdict.EXACT
    return Verification(
        verdict=Verdict.DIFFERS if mismatches else fine,
        checks=sum(answer.rows != 0 for answer in expected) + len(loss.columns),
        given_up=loss.words,
        mismatches=tuple(mismatches),
    )


def rows_of_tables(answers: Sequence[Answer]) -> dict[str, int]:
    """Rows of each table that could be asked."""
    return {
        answer.name.removeprefix(_TABLE): answer.rows
        for answer in answers
        if answer.name.startswith(_TABLE) and answer.rows is not None
    }


def _shadow(kept: Mapping[str, str]) -> str:
    """A WITH clause whose names hide the tables that lose rows."""
    if not kept:
        return ""
    return "WITH " + ", ".join(f"{table} AS NOT MATERIALIZED ({select})" for table, select in kept.items()) + "\n"


def _ask_table(database: Database, table: str, asked: Questions, loss: Loss, shadow: str) -> Answer:
    """Number of rows and one hash over all of them, independent of their order."""
    values = ", ".join(
        _comparable(column, kind, asked.comparisons.get(f"{table}.{column}"))
        for column, kind in asked.columns[table]
        if f"{table}.{column}" not in loss.columns
    )
    sql = f"SELECT count(*), coalesce(sum(hash_record_extended(ROW({values}), 0)), 0)::text FROM {table}"

    def answer() -> tuple[int, str]:
        ((rows, digest),) = database.fetch(shadow + sql)
        return rows, digest

    return _answered(_TABLE + table, answer)


def _comparable(column: str, kind: str, comparison: Comparison | None) -> str:
    """An expression whose hash is equal where the values are: json has none, and goes by its content unless told."""
    usual = Comparison.CONTENT if kind == "json" else Comparison.VALUE
    cast = {Comparison.TEXT: "text", Comparison.CONTENT: "jsonb", Comparison.VALUE: kind}[comparison or usual]
    return f"{quoted(column)}::{cast}"


def _ask(database: Database, name: str, sql: str, params: Sequence[object]) -> Answer:
    return _answered(name, lambda: _digest(database.fetch(sql, params)))


def _answered(name: str, answer: Callable[[], tuple[int, str]]) -> Answer:
    """The answer, or the server's refusal in its place: a question that cannot be asked any more is a difference."""
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


def _still_there(database: Database, schema: str, loss: Loss) -> list[str]:
    """Columns that were to be given up and are still readable."""
    present = {f"{table}.{column}" for table, column, _ in database.fetch(_COLUMNS, (schema,))}
    return [column for column in loss.columns if column in present]


def _text(answer: Answer) -> str:
    return answer.digest if answer.rows is None else f"{answer.rows} rows, {answer.digest[:16]}"
