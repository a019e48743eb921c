"""Names, text and per cent signs as SQL, text as COPY text, and the size of a page."""

from __future__ import annotations

PAGE = 8192
"""Bytes of one page, as every build of PostgreSQL has it unless it was configured otherwise."""

FIRST_USER_OID = 16384
"""Objects with a lower oid are the system's, made by initdb; all others are the users', whatever schema they hide in."""


def quoted(identifier: str) -> str:
    """The identifier as SQL."""
    return '"' + identifier.replace('"', '""') + '"'


def literal(text: str) -> str:
    """The text as an SQL string."""
    return "'" + text.replace("'", "''") + "'"


def escaped(sql: str) -> str:
    """SQL whose names may hold a %, for a statement that has parameters."""
    return sql.replace("%", "%%")


def copy_escaped(text: str) -> str:
    """The text as a value in the text format of COPY."""
    # Four searches for a character are several times as fast as one table for all of them.
    return text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")
