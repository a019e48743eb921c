"""Turns psycopg's errors into the lab's, with the beginning of the statement and what the server said of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg

from lab.errors import DatabaseError, ServerError
from lab.values import Refusal


@contextmanager
def translated(doing: str, diagnose: Callable[[], str]) -> Iterator[None]:
    """Turn the errors of the block into the lab's; where the server is gone, `diagnose` returns text to add."""
    try:
        yield
    except psycopg.Error as error:
        raise translation(error, doing, diagnose) from error


def translation(error: psycopg.Error, doing: str, diagnose: Callable[[], str]) -> ServerError | DatabaseError:
    """The lab's error for one of psycopg's, as `translated`."""
    if not isinstance(error, psycopg.OperationalError):
        state = f" (SQLSTATE {error.sqlstate})" if error.sqlstate else ""
        return DatabaseError(
            f"The server refused {_short(doing)}: {_first(error)}{state}", refusal=_refusal(doing, error)
        )
    lost = error.sqlstate is None or error.sqlstate.startswith("57P")
    what = "The server went away or refused a connection" if lost else "The server could not go on"
    words = f"{what} while {_short(doing)}: {_first(error)}{diagnose() if lost else ''}"
    return ServerError(words, refusal=None if lost else _refusal(doing, error))


def _refusal(sql: str, error: psycopg.Error) -> Refusal | None:
    """What the server said of the statement; None where it said nothing. With parameters, it points to no place of `sql`."""
    said = error.diag
    if said.message_primary is None:
        return None
    position = said.statement_position
    return Refusal(
        sql=sql,
        message=said.message_primary,
        sqlstate=said.sqlstate,
        position=int(position) if position and "%s" not in sql else None,
        detail=said.message_detail or "",
        hint=said.message_hint or "",
        context=said.context or "",
    )


def _short(text: str) -> str:
    words = " ".join(text.split())
    return words if len(words) <= 120 else words[:117] + "…"


def _first(error: psycopg.Error) -> str:
    """The first line of the message; with the second where the first ends in a colon, as for several addresses."""
    first, *rest = str(error).strip().splitlines() or [type(error).__name__]
    return f"{first} {rest[0]}" if rest and first.endswith(":") else first
