"""Carries out what a strategy lets a client do, a few rows at a time, so that memory does not grow with the table."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

from lab.errors import LabError
from lab.postgres.copying import row
from lab.postgres.database import Database, Row
from lab.scenario import Client, ClientStep, Convert
from lab.servers import Server

_ROWS = 16
"""Read and written at once: documents may be long."""


def carry_out(
    server: Server, database: Database, step: ClientStep, outside: Path, *, keep_on: Callable[[], None] = lambda: None
) -> int:
    """Do the step in one transaction; returns the number of rows that it made. `outside` is the folder for its files.

    `keep_on` is called again and again, and may raise to end it. Errors: `LabError`, also for whatever the step raises.
    """
    with database.transaction():
        database.execute(f"DECLARE client_rows NO SCROLL CURSOR FOR {step.read}")
        made = copy(server, database, step, opened(database, step, outside), _rows(database, keep_on))
        database.execute("CLOSE client_rows")
    return made


def opened(database: Database, step: ClientStep, outside: Path) -> Convert:
    """What converts its rows on this connection."""
    with _explained(step):
        return step.convert(Client(fetch=database.fetch, outside=outside))


def copy(server: Server, database: Database, step: ClientStep, convert: Convert, rows: Iterable[Row]) -> int:
    """Convert the rows, and copy what they become into the table of the step; returns their number."""
    made, count = convert(rows), 0
    while batch := _next(step, made):
        server.copy_in(database, step.into, step.columns, (row(*values) for values in batch))
        count += len(batch)
    return count


def _rows(database: Database, keep_on: Callable[[], None]) -> Iterator[Row]:
    while batch := database.fetch(f"FETCH {_ROWS} FROM client_rows"):
        keep_on()
        yield from batch


def _next(step: ClientStep, made: Iterator[Row]) -> Sequence[Row]:
    with _explained(step):
        return list(islice(made, _ROWS))


@contextmanager
def _explained(step: ClientStep) -> Iterator[None]:
    """Whatever it raises is a `LabError`, because it is somebody else's code."""
    try:
        yield
    except LabError:
        raise
    except Exception as error:
        raise LabError(f"The client could not {step.name}: {type(error).__name__}: {error}") from error
