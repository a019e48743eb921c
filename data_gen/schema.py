"""Reads the production schema from schema.sql, whose sections are applied at different times of a load."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import resources

# schema.sql is the project's own and written in one form, so patterns read it; a parser would take longer than the rest.
_SECTION = re.compile(r"^-- section (.+)$", re.MULTILINE)
_CREATED = re.compile(r"CREATE TABLE (\w+) \(")
_INDEXABLE = re.compile(
    r"[(,]\s*(\w+) (?:bigserial|serial|bigint|int|varchar|float8|timestamptz|timestamp|boolean|text)\b"
)


def _sections() -> Iterator[tuple[str, tuple[str, ...]]]:
    """Each section's name and its statements, without comments and semicolons."""
    text = resources.files("data_gen").joinpath("schema.sql").read_text(encoding="utf-8")
    _, *parts = _SECTION.split(text)
    for name, body in zip(parts[::2], parts[1::2], strict=True):
        sql = "\n".join(line for line in body.splitlines() if line and not line.startswith("--"))
        yield name, tuple(statement.strip() for statement in sql.removesuffix(";").split(";\n"))


_BY_SECTION = dict(_sections())

TABLES = _BY_SECTION["tables"]
"""In the order of creation."""

INDEXES = _BY_SECTION["indexes"]
"""Created before the rows are loaded."""

BACKFILL = _BY_SECTION["backfill"]
"""Adds last_confirmed_at and fills it in."""

(LATE_INDEX,) = _BY_SECTION["late index"]
"""Created when most of a week was stored already."""

PACKED_INDEXES = _BY_SECTION["packed indexes"]
"""Created after all rows are loaded."""

FOREIGN_KEYS = _BY_SECTION["foreign keys"]
"""Added last."""

SEQUENCED = tuple(created[1] for sql in TABLES if (created := _CREATED.match(sql)) and "serial" in sql)
"""Tables whose ids come from a sequence."""


def indexable(table: str) -> frozenset[str]:
    """Columns of a table that can be indexed; none for an unknown table."""
    created = next((statement for statement in TABLES if statement.startswith(f"CREATE TABLE {table} (")), "")
    dropped = re.findall(rf"ALTER TABLE {table} DROP COLUMN (\w+)", "\n".join(TABLES))
    return frozenset(_INDEXABLE.findall(created)) - frozenset(dropped)


def next_ids(table: str) -> str:
    """SQL that makes the table's sequence continue after its last row."""
    return f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), coalesce(max(id), 0) + 1, false) FROM {table}"
