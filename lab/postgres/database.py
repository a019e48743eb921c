"""One connection to one database; the only module that uses psycopg's connections."""

from __future__ import annotations

import hashlib
import itertools
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Self, TypeAlias

import psycopg
from psycopg.copy import QueuedLibpqWriter
from psycopg.pq import ConnStatus, ExecStatus, TransactionStatus
from psycopg.pq.abc import PGresult
from psycopg.types.string import TextLoader

from lab.postgres.conninfo import hidden_variables, portable
from lab.postgres.translation import translated, translation

Row: TypeAlias = tuple[Any, ...]

_RECOVERING_S = 60.0
_RECOVERING = ("is starting up", "is in recovery mode", "is not yet accepting connections", "is shutting down")
"""Parts of a refusal after which to try again; libpq does not pass on the SQLSTATE of a refused connection."""


@dataclass(frozen=True, kw_only=True)
class Traced:
    """What a statement did, and what a query saw of it."""

    touched: int
    """Rows that the statement touched (-1 where the server states none)."""
    rows: list[Row]
    """Of its own answer; none where it has none."""
    trace: list[Row]
    """Of the query."""


class Database:
    """An autocommit connection; every statement is its own transaction, except inside `transaction`.

    Errors: `ServerError` where the connection is gone, `DatabaseError` where the server refused the statement.
    """

    def __init__(self, connection: psycopg.Connection[Row], *, diagnose: Callable[[], str] = str) -> None:
        self._connection = connection
        self._diagnose = diagnose

    @classmethod
    def connect(cls, conninfo: str, *, diagnose: Callable[[], str] = str) -> Self:
        """Open an autocommit connection; `conninfo` is a libpq connection string of `lab.postgres.conninfo`.

        Waits up to a minute for a server that recovers after a crash. When the server goes away, `diagnose` returns text
        to add to the error, such as the end of its log.
        """
        with translated("connecting", diagnose):
            return cls(_connect_with_retry(conninfo), diagnose=diagnose)

    @property
    def closed(self) -> bool:
        """Whether the connection was closed, by us or because the server ended."""
        return self._connection.closed

    @property
    def conninfo(self) -> str:
        """The connection string for another client of this database; without a password."""
        return portable(self._connection.info.get_parameters())

    def execute(self, sql: str, params: Sequence[object] | None = None) -> int:
        """Run one statement and return the number of rows it touched (-1 where the server states none)."""
        with translated(sql, self._diagnose):
            return self._connection.execute(sql, params).rowcount

    def fetch(self, sql: str, params: Sequence[object] | None = None) -> list[Row]:
        """Run one query and return all its rows."""
        with translated(sql, self._diagnose):
            return self._connection.execute(sql, params).fetchall()

    def named(self, sql: str, params: Sequence[object] | None = None) -> tuple[tuple[str, ...], list[Row]]:
        """Run one query and return the names of its columns and all its rows."""
        with translated(sql, self._diagnose):
            cursor = self._connection.execute(sql, params)
            return tuple(column.name for column in cursor.description or ()), cursor.fetchall()

    def hashed(self, sql: str, params: Sequence[object] | None = None) -> tuple[str, Callable[[], list[Row]]]:
        """Run one query; SHA-256 of its answer as the server sent it, with the types of its columns, and what makes its rows."""

        def rows() -> list[Row]:
            with translated(sql, self._diagnose):  # a value may be beyond Python's
                return cursor.fetchall()

        with translated(sql, self._diagnose):
            cursor = self._connection.execute(sql, params)
        return _hash(cursor), rows

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open that a statement began."""
        return self._connection.info.transaction_status is not TransactionStatus.IDLE

    @property
    def transaction_failed(self) -> bool:
        """Whether an error ended the open transaction: the server refuses everything but its end."""
        return self._connection.info.transaction_status is TransactionStatus.INERROR

    def traced(self, sql: str, trace: str) -> Traced:
        """Run one statement, and in its transaction the query `trace`.

        Both are sent at once, so that a statement which must not be in a transaction block is in none. `trace` then comes
        too late: it has a transaction of its own. So it has where `sql` is several statements.
        """
        with translated(sql, self._diagnose):
            try:
                with self._connection.pipeline():
                    ran = self._connection.execute(sql, prepare=False)
                    traced = self._connection.execute(trace, prepare=False)
            except psycopg.errors.SyntaxError:  # several statements are one: a pipeline takes them one by one
                if self.in_transaction:
                    raise
                ran = self._connection.execute(sql)
                traced = self._connection.execute(trace, prepare=False)
            rows = ran.fetchall() if ran.description else []
            return Traced(touched=ran.rowcount, rows=rows, trace=traced.fetchall())

    def seconds(self, sql: str, finish: Callable[[Sequence[str], list[Row]], None] | None = None) -> float:
        """How long one query takes until its whole answer is here, not yet as Python's values; it is planned every time.

        The time of `finish` is part of it: what the client does with the rows, beside the names of their columns.
        """
        if not finish:
            started = time.perf_counter()
            self._receive(sql)
            return time.perf_counter() - started
        with translated(sql, self._diagnose):
            cursor = self._connection.cursor()
            for kind in ("json", "jsonb"):  # who looks for the documents that are missing parses none of the others
                cursor.adapters.register_loader(kind, TextLoader)
            started = time.perf_counter()
            cursor.execute(sql.encode(), prepare=False)
            finish([column.name for column in cursor.description or ()], cursor.fetchall())
            return time.perf_counter() - started

    def write(self, sql: str) -> int:
        """As `execute`, of a statement that is timed and takes no longer than a transaction of the application.

        Only `cancel` ends the wait for it: a signal is answered when the statement is done.
        """
        touched = self._receive(sql).command_tuples
        return -1 if touched is None else touched

    def bound(self, sql: str, params: Sequence[object]) -> str:
        """The statement with its parameters as literals."""
        with translated(sql, self._diagnose):
            return psycopg.ClientCursor(self._connection).mogrify(sql, params)

    def _receive(self, sql: str) -> PGresult:
        """As a program in C receives an answer: psycopg's own loop would add a sixth to a query of a millisecond.

        A context manager that translates errors would add as much to one of 70 µs.
        """
        libpq = self._connection.pgconn
        try:
            result = libpq.exec_(sql.encode())
            if result.status == ExecStatus.FATAL_ERROR:
                if libpq.status == ConnStatus.BAD:
                    raise psycopg.OperationalError(libpq.get_error_message())
                raise psycopg.errors.error_from_result(result)
        except psycopg.Error as error:
            raise translation(error, sql, self._diagnose) from error
        return result

    def value(self, sql: str, params: Sequence[object] | None = None) -> Any:
        """The single value of a query that returns one row and one column."""
        ((value,),) = self.fetch(sql, params)
        return value

    @property
    def socket(self) -> int:
        """Readable when an answer may have come to what was sent."""
        return self._connection.pgconn.socket

    def send(self, sql: str) -> None:
        """Send one statement and do not wait for `answer`; nothing else may be asked until then."""
        with translated(sql, self._diagnose):
            self._connection.pgconn.send_query(sql.encode())

    def answer(self) -> list[tuple[str, ...]] | None:
        """The rows of what was sent, as text; None while the server works on it."""
        with translated("waiting", self._diagnose):
            libpq = self._connection.pgconn
            libpq.consume_input()
            if libpq.is_busy():
                return None
            rows: list[tuple[str, ...]] = []
            while result := libpq.get_result():
                if result.status == ExecStatus.FATAL_ERROR:  # a number, in the fast build of psycopg
                    raise psycopg.DatabaseError(result.get_error_message())
                rows += [
                    tuple((result.get_value(row, column) or b"").decode() for column in range(result.nfields))
                    for row in range(result.ntuples)
                ]
            return rows

    def checkpoint(self) -> None:
        """Write all dirty pages, if the role may request it; otherwise the server does so in its own time."""
        if self.value(_MAY_CHECKPOINT):
            self.execute("CHECKPOINT")

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Run the block as one transaction, rolled back on any error; inside of another one, as a part of it."""
        if self.in_transaction:
            with translated("transaction", self._diagnose), self._connection.transaction():
                yield
            return
        self._receive("BEGIN")
        try:
            yield
        except BaseException:
            if self.in_transaction and not self.closed:
                self._receive("ROLLBACK")
            raise
        self._receive("COMMIT")

    def copy_in(self, statement: str, chunks: Iterable[bytes]) -> None:
        """Send `chunks` of COPY text to `statement` (COPY … FROM STDIN).

        A thread sends while the caller produces, so that generation and loading overlap.
        """
        with translated(statement, self._diagnose), self._connection.cursor() as cursor:
            writer = QueuedLibpqWriter(cursor)
            with cursor.copy(statement, writer=writer) as copy:
                for chunk in chunks:
                    copy.write(chunk)

    def cancel(self) -> None:
        """Ask the server to end the statement that another thread waits for."""
        with translated("cancelling", self._diagnose):
            self._connection.cancel_safe(timeout=5)

    def close(self) -> None:
        """Close the connection; closing twice is harmless."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _hash(cursor: psycopg.Cursor[Row]) -> str:
    """Of all values in order, each with its length, so that no two answers run into the same bytes."""
    digest = hashlib.sha256(repr([column.type_code for column in cursor.description or ()]).encode())
    if result := cursor.pgresult:
        for row, column in itertools.product(range(result.ntuples), range(result.nfields)):
            value = result.get_value(row, column)
            digest.update(b"-" if value is None else b"%d %s" % (len(value), value))
    return digest.hexdigest()


_MAY_CHECKPOINT = """
SELECT rolsuper OR coalesce((SELECT pg_has_role(oid, 'USAGE') FROM pg_roles WHERE rolname = 'pg_checkpoint'), false)
FROM pg_roles WHERE rolname = current_user
"""


def _connect_with_retry(conninfo: str) -> psycopg.Connection[Row]:
    deadline = time.monotonic() + _RECOVERING_S
    while True:
        try:
            with hidden_variables:
                # Nothing is prepared behind our back: psycopg forgets such statements in transactions of their own.
                return psycopg.connect(conninfo, autocommit=True, prepare_threshold=None)
        except psycopg.OperationalError as error:
            if time.monotonic() > deadline or not any(sign in str(error) for sign in _RECOVERING):
                raise
        time.sleep(0.1)
