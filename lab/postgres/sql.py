"""Names, text and per cent signs as SQL, and the size of a page."""

from __future__ import annotations

PAGE = 8192
"""Bytes of one page, as every build of PostgreSQL has it unless it was configured otherwise."""


def quoted(identifier: str) -> str:
    """The identifier as SQL."""
    return '"' + identifier.replace('"', '""') + '"'


def literal(text: str) -> str:
    """The text as an SQL string."""
    return "'" + text.replace("'", "''") + "'"


def escaped(sql: str) -> str:
    """SQL whose names may hold a %, for a statement that has parameters."""
    return sql.replace("%", "%%")
