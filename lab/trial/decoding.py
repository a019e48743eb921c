"""Reads what a strategy stores as bytes the way a client does, so that the same questions can be asked as before."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace

from lab.postgres.database import Database
from lab.postgres.sql import quoted
from lab.scenario import ClientStep, Decoding
from lab.servers import Server
from lab.trial import client
from lab.trial.verify import Questions, qualified


@contextmanager
def decoded(
    server: Server,
    database: Database,
    asked: Questions,
    decodes: Mapping[str, Decoding],
    rows: Mapping[str, str] | None = None,
) -> Iterator[Questions]:
    """The questions to a database whose columns ('table.column') were decoded into temporary tables.

    `rows` says by table which rows `t` are asked about; all where it says nothing. Errors: `LabError` for a value that cannot
    be decoded.
    """
    wanted: defaultdict[str, dict[str, Decoding]] = defaultdict(dict)
    for name, decoding in decodes.items():
        table, _, column = name.partition(".")
        if table in asked.columns and (rows is None or table in rows):
            wanted[table][column] = decoding
    copies = {
        (table, column): _copy(server, database, asked, table, column, decoding, (rows or {}).get(table, "true"))
        for table, columns in wanted.items()
        for column, decoding in columns.items()
    }
    try:
        yield replace(asked, stand_ins={table: _select(asked, table, columns) for table, columns in wanted.items()})
    finally:
        if not database.closed:
            for copy in copies.values():
                database.execute(f"DROP TABLE {copy}")


def _copy(  # noqa: PLR0913, PLR0917 - which column of which rows, and where
    server: Server, database: Database, asked: Questions, table: str, column: str, decoding: Decoding, condition: str
) -> str:
    """The name of a temporary table with the key and the text of each of these rows that has a value."""
    name, key = _name(table, column), quoted(decoding.key)
    source, value = qualified(asked.schema, table), quoted(column)
    database.execute(f"CREATE TEMP TABLE {name} (key bigint PRIMARY KEY, value text)")
    database.execute(f"ALTER TABLE {name} ALTER COLUMN value SET STORAGE EXTERNAL")
    step = ClientStep(
        name=f"decode {table}.{column}",
        read=f"SELECT t.{key}, t.{value} FROM {source} t WHERE t.{value} IS NOT NULL AND ({condition})",
        convert=decoding.convert,
        into=name,
        columns=("key", "value"),
    )
    client.carry_out(server, database, step)
    database.execute(f"ANALYZE {name}")
    return name


def _select(asked: Questions, table: str, decodes: Mapping[str, Decoding]) -> str:
    """The table with its columns of before."""
    columns, joins = [], []
    for column, kind in asked.columns[table]:
        name = quoted(column)
        if column not in decodes:
            columns.append(f"t.{name}")
            continue
        copy = _name(table, column)
        joins.append(f" LEFT JOIN {copy} ON {copy}.key = t.{quoted(decodes[column].key)}")
        columns.append(f"{copy}.value::{kind} AS {name}")
    return f"SELECT {', '.join(columns)} FROM {qualified(asked.schema, table)} t{''.join(joins)}"


def _name(table: str, column: str) -> str:
    return f"decoded_{table}_{column}"
