"""Quoting for SQL and for COPY, and the size of a page."""

from __future__ import annotations

PAGE = 8192
"""Bytes of one page, unless a build of PostgreSQL was configured otherwise."""

FIRST_USER_OID = 16384
"""Objects with a lower oid are the system's, created by initdb; all others belong to users, whatever their schema."""


def quoted(identifier: str) -> str:
    """The identifier as SQL."""
    return '"' + identifier.replace('"', '""') + '"'


def literal(text: str) -> str:
    """The text as an SQL string."""
    return "'" + text.replace("'", "''") + "'"


def escaped(sql: str) -> str:
    """SQL with each % doubled, for a statement that has parameters."""
    return sql.replace("%", "%%")


def copy_escaped(text: str) -> str:
    """The text as a value in the text format of COPY."""
    # Four searches for a character are several times as fast as one table for all of them.
    return text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")
