"""Proves that a trial gives the same answers as its template.

Before a scenario is applied the clone is asked everything: every row of every table, and the application's reads.
Afterwards the same questions are asked again by the same names. What the scenario gives up on purpose is taken out of
the first set of answers only as far as it was declared, so that losing more, or less, is a difference.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from lab.errors import DatabaseError
from lab.postgres.database import Database, Row
from lab.postgres.sql import literal, quoted
from lab.trial.questions import Loss, Questions, compared, comparison, hidden_by, qualified, shadow_of
from lab.trial.settings import SETTINGS
from lab.values import Answer, Mismatch
from lab.workload import Dataset, Equality, Read

TABLE = "table "
"""Begins the name of the answer about a whole table."""

_COLUMNS = """
SELECT c.relname::text, a.attname::text, format_type(a.atttypid, NULL)
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE n.nspname = %s AND c.relkind IN ('r', 'p', 'v') AND NOT c.relispartition
ORDER BY c.relname, a.attnum
"""


@dataclass(frozen=True, kw_only=True)
class Response:
    """An answer in both of its forms."""

    written: Answer
    """Where documents go by their characters: equal characters have equal content."""
    answer: Answer
    """Where they go by their content."""


_NOTHING: Mapping[str, Response] = {}


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
    database.execute(
        f"SET statement_timeout = {round(seconds * 1000)}"
    )  # first: a default of 1 ms would end the others
    for name, value in SETTINGS.items():
        database.execute(f"SET {name} = {literal(value)}")
    database.execute(f"SET search_path = {quoted(schema)}")


def ask(
    database: Database, asked: Questions, loss: Loss, *, applied: bool, known: Mapping[str, Response] = _NOTHING
) -> tuple[Answer, ...]:
    """The answers of `responses`."""
    return tuple(response.answer for response in responses(database, asked, loss, applied=applied, known=known))


def responses(
    database: Database, asked: Questions, loss: Loss, *, applied: bool, known: Mapping[str, Response] = _NOTHING
) -> tuple[Response, ...]:
    """All answers without what `loss` says; where it is not `applied` yet, the query hides lost rows and values.

    What has the characters that are `known`, by the answer's name, is not read by its content, which takes six times as long.
    """
    hidden = asked.stand_ins if applied else hidden_by(asked, loss)
    shadow, written = shadow_of(hidden), _as_written(asked)

    def about(table: str) -> Response:
        as_written = _ask_table(database, table, written, loss, shadow, hidden=table in hidden)
        if not _has_documents(asked, table):
            return Response(written=as_written, answer=as_written)
        match = known.get(as_written.name)
        if match and match.written == as_written:
            return match
        by_content = _ask_table(database, table, asked, loss, shadow, hidden=table in hidden)
        return Response(written=as_written, answer=by_content)

    tables = tuple(about(table) for table in asked.columns)
    reads = (
        _ask(database, read.name, _hiding(shadow, read, loss), read.params, known.get(read.name))
        for read in asked.reads
    )
    return (*tables, *reads)


def _has_documents(asked: Questions, table: str) -> bool:
    """Whether any of its columns goes by its content."""
    return any(comparison(asked, table, *column) is Equality.CONTENT for column in asked.columns[table])


def _hiding(shadow: str, read: Read, loss: Loss) -> str:
    """The read with its placeholders; what a scenario declares has none."""
    return shadow.replace("%", "%%") + read.text(loss.columns)


def _as_written(asked: Questions) -> Questions:
    """The same questions, but documents go by their characters, not by their content."""
    places = ((table, column, kind) for table, columns in asked.columns.items() for column, kind in columns)
    texts = {
        f"{table}.{column}": Equality.TEXT
        for table, column, kind in places
        if comparison(asked, table, column, kind) is Equality.CONTENT
    }
    return replace(asked, comparisons={**asked.comparisons, **texts})


def ask_rows(  # noqa: PLR0913 - as `ask`, of some rows of one table
    database: Database, asked: Questions, loss: Loss, table: str, condition: str, *, applied: bool
) -> Answer:
    """The rows `t` of a table under that condition, as a number and one hash; otherwise as `ask`."""
    hidden = asked.stand_ins if applied else hidden_by(asked, loss)
    source = f"({hidden[table]})" if table in hidden else qualified(asked.schema, table)
    shadow = shadow_of({table: f"SELECT t.* FROM {source} t WHERE {condition}"})
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


def mismatch(expected: Answer, actual: Answer, *, name: str) -> Mismatch:
    """Two answers that should be equal, in short."""
    return Mismatch(name=name, expected=_text(expected), found=_text(actual))


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
        answer.name.removeprefix(TABLE): answer.rows
        for answer in answers
        if answer.name.startswith(TABLE) and answer.rows is not None
    }


def _ask_table(  # noqa: PLR0913 - what is asked, and what hides it
    database: Database, table: str, asked: Questions, loss: Loss, shadow: str, *, hidden: bool
) -> Answer:
    """Number of rows and one hash over all of them, independent of their order; of a `hidden` table, those that `shadow` shows."""
    source = quoted(table) if hidden else qualified(asked.schema, table)
    values = ", ".join(compared(asked, loss, table).values())
    # The hash of a row is linear in those of its columns: sums of it stay the same where two rows exchange a value.
    row_hash = f"hashint8extended(hash_record_extended(ROW({values}), 0), 0)"
    sql = f"SELECT count(*), coalesce(sum({row_hash}), 0)::text FROM {source}"

    try:
        ((rows, digest),) = database.fetch(shadow + sql)
    except DatabaseError as error:
        return _refused(TABLE + table, error)
    return Answer(name=TABLE + table, rows=rows, digest=digest)


def _ask(database: Database, name: str, sql: str, params: Sequence[object], known: Response | None) -> Response:
    """The server's refusal is in the place of both forms."""
    try:
        hashed, rows = database.hashed(sql, params)
        if known and known.written.digest == hashed:
            return known
        count, digest = _digest(rows())
    except DatabaseError as error:
        refused = _refused(name, error)
        return Response(written=refused, answer=refused)
    answer = Answer(name=name, rows=count, digest=digest)
    return Response(written=replace(answer, digest=hashed), answer=answer)


def _refused(name: str, error: DatabaseError) -> Answer:
    """The server's refusal in the place of an answer, which counts as a difference."""
    return Answer(name=name, rows=None, digest=error.message)


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
