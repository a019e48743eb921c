"""A statement that a server refused."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """The statement as it was sent, and the server's own words about it."""

    sql: str
    message: str
    sqlstate: str | None
    position: int | None
    """The character of `sql`, counted from 1, that the server points to; None where it points to none."""
    detail: str = ""
    hint: str = ""
    context: str = ""
    """Where in a function or block the server was."""
