"""Carries out what a strategy lets a client do, a few rows at a time, so that memory does not grow with the table.

A trial and the program of a plan do it in this one way. In a trial, whoever calls holds a transaction open, and all of it is
one. Where the rows are read on a connection of their own, each batch is committed when it is copied.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import TypeAlias

from lab.errors import LabError
from lab.postgres.copying import row
from lab.postgres.database import Database, Row
from lab.scenario import Client, ClientStep, Convert

_ROWS = 16
"""Read and written at once: documents may be long."""

CopyIn: TypeAlias = Callable[[str, Sequence[str], Iterable[bytes]], None]
"""Copies chunks of COPY text into these columns of a table, all rows or none."""


@dataclass(kw_only=True)
class Work:
    """What a client has done of a step so far. Bytes are those of texts and byte strings."""

    rows_read: int = 0
    bytes_read: int = 0
    rows_written: int = 0
    bytes_written: int = 0


def carry_out(
    step: ClientStep, client: Client, reader: Database, copy_in: CopyIn, hear: Callable[[Work], None] = lambda _: None
) -> Work:
    """Do the step: read on `reader`, in one transaction, and copy what becomes of the rows.

    `hear` is told again and again how far it is, and may raise to end it. Errors: `LabError`, also for whatever the step raises.
    """
    work = Work()
    with reader.transaction():
        reader.execute(f"DECLARE client_rows NO SCROLL CURSOR FOR {step.read}")
        copy(step, opened(step, client), _rows(reader, work, hear), copy_in, work)
        reader.execute("CLOSE client_rows")
    return work


def opened(step: ClientStep, client: Client) -> Convert:
    """What converts its rows for this client."""
    with explained(step.name):
        return step.convert(client)


def copy(step: ClientStep, convert: Convert, rows: Iterable[Row], copy_in: CopyIn, work: Work | None = None) -> None:
    """Convert the rows, and copy what they become into the table of the step; counts it in `work`."""
    converted = iter(convert(rows))
    while batch := _next(step, converted):
        copy_in(step.into, step.columns, (row(*values) for values in batch))
        if work:
            work.rows_written += len(batch)
            work.bytes_written += sum(map(_bytes, batch))


def _rows(reader: Database, work: Work, hear: Callable[[Work], None]) -> Iterator[Row]:
    while batch := reader.fetch(f"FETCH {_ROWS} FROM client_rows"):
        work.rows_read += len(batch)
        work.bytes_read += sum(map(_bytes, batch))
        hear(work)
        yield from batch


def _bytes(values: Row) -> int:
    return sum(len(value) for value in values if isinstance(value, bytes | str))


def _next(step: ClientStep, rows: Iterator[Row]) -> Sequence[Row]:
    with explained(step.name):
        return list(islice(rows, _ROWS))


@contextmanager
def explained(do: str) -> Iterator[None]:
    """Whatever the block raises is a `LabError` that says what a client could not `do`, because it is somebody else's code."""
    try:
        yield
    except LabError:
        raise
    except Exception as error:
        raise LabError(f"The client could not {do}: {type(error).__name__}: {error}") from error
