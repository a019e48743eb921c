"""A database of a user, in the hands of a program that its owner runs: only here does the lab write to one.

The programs that lie among the files of a plan use it. Each names its database first, and the owner has typed that name.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from lab.client import Work, carry_out
from lab.errors import InputError, LabError
from lab.postgres.conninfo import SERVICE, hidden_variables, parts_of, users_server
from lab.postgres.database import Database, Row
from lab.postgres.sql import quoted
from lab.scenario import Client, ClientStep, Scenario

_SETTINGS = (
    "SET search_path = public",
    "SET lock_timeout = '5s'",
    "SET statement_timeout = 0",
    "SET idle_in_transaction_session_timeout = 0",
    "SET row_security = off",
)
"""As in the plan's files; the reading transaction lasts as long as the work, and a row that is hidden would be missing."""
_ALONE = "SELECT pg_try_advisory_lock(hashtext('lab'), hashtext(%s))"
_COLUMNS = "SELECT attname::text FROM pg_attribute WHERE attrelid = to_regclass(%s) AND attnum > 0 AND NOT attisdropped"


@dataclass(frozen=True, kw_only=True)
class OwnedDatabase:
    """A client's two connections to it."""

    database: Database
    """What is written here is committed at once."""
    reader: Database
    """Keeps one transaction open, in which it reads what the other one commits the results of."""
    outside: Path | None
    """The folder for files outside of the database, where its owner named one."""
    say: Callable[[str], None] = lambda _: None
    """Hears what is done, in words."""
    hear: Callable[[Work], None] = lambda _: None
    """Hears again and again how far a client's step is."""

    @property
    def words(self) -> str:
        """Which database it is: 'odds at db.example:5432, as owner'."""
        parts = parts_of(self.database.conninfo)
        name, user = self.database.fetch("SELECT current_database()::text, current_user::text")[0]
        return f"{name} at {parts.get('host') or 'the local socket'}:{parts.get('port', '5432')}, as {user}"

    def left(self, step: ClientStep) -> int:
        """How many rows the step has still to read. Errors: `LabError` where what comes before it was not done."""
        there = {name for (name,) in self.database.fetch(_COLUMNS, (step.into,))}
        if not there >= set(step.columns):
            raise LabError(
                f"{self.words}: there is no table {step.into} ({', '.join(step.columns)}).",
                hint="Execute the files before this program first. If those after it were executed as well, it has nothing to do.",
            )
        return int(self.database.value(f"SELECT count(*) FROM ({step.read}) left_to_do"))

    def carry_out(self, step: ClientStep) -> Work:
        """Do what is left of the step; each batch of rows is committed.

        Errors: `LabError`, also where another program does it meanwhile, and where rows are left at its end. What was
        committed stays: the next attempt goes on from there.
        """
        client = Client(fetch=self.database.fetch, outside=self._folder(step.name, step.files))
        if not self.database.value(_ALONE, (step.into,)):
            raise LabError(f"Another program is at work to {step.name}.", hint="Wait for its end, or end it.")
        if not self.left(step):
            return Work()
        work = carry_out(step, client, self.reader, self._copy_in, self.hear)
        if left := self.left(step):
            raise LabError(f"{left} rows are left: they came meanwhile.", hint="Stop the writers, and run it again.")
        return work

    @property
    def now(self) -> datetime:
        """The server's."""
        at: datetime = self.database.value(f"SELECT {self.now_sql}")
        return at

    @property
    def now_sql(self) -> str:
        """As SQL of type timestamptz."""
        return "now()"

    @contextmanager
    def step(self, name: str, *, auxiliary: bool = False, final: bool = False) -> Iterator[None]:
        """Say the name of the step, then do it; here no step waits for another phase."""
        del auxiliary, final
        self.say(name)
        yield

    def execute(self, sql: str) -> int:
        """Run one statement; returns the number of rows it touched."""
        return self.database.execute(sql)

    def convert(self, step: ClientStep) -> int:
        """Do what is left of a client's step; returns the number of rows that it made."""
        return self.carry_out(step).rows_written

    def prove(self, name: str, sql: str) -> None:
        """Run a query that must count 0 differences. Errors: `LabError` where it counts any."""
        if (differences := self.database.value(sql)) != 0:
            raise LabError(f"Not proved: {name} ({differences} differences).", hint="Nothing was replaced after that.")

    def fetch(self, sql: str) -> list[Row]:
        """Run one query and return its rows."""
        return self.database.fetch(sql)

    def value(self, sql: str) -> Any:
        """The single value of a query that returns one row and one column."""
        return self.database.value(sql)

    def note(self, text: str) -> None:
        """Say a finding."""
        self.say(text)

    def texts(self, scenario: Scenario, column: str, keys: Sequence[int]) -> dict[int, str]:
        """The texts of a column, as 'table.column', after that strategy, by their keys; a key without one is absent.

        All of it is read as it was at one moment, because a retention may remove meanwhile what a value refers to.

        Errors: `InputError` where a client reads the column as before, or no folder was named.
        """
        decoding, archive = scenario.decodes.get(column), scenario.archives.get(column)
        if not (decoding or archive):
            named = " or ".join(dict.fromkeys((*scenario.decodes, *scenario.archives)))
            raise InputError(f"{column} is read by SQL, as before.", hint=f"Name {named}." if named else "")
        table, _, name = column.partition(".")
        key = quoted((decoding or archive).key)  # type: ignore[union-attr]
        kept = "" if decoding else "::text"
        client = Client(fetch=self.database.fetch, outside=self._folder(f"read {column}", bool(archive)))
        with self.database.transaction():
            self.database.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            rows = self.database.fetch(
                f"SELECT {key}, {quoted(name)}{kept} FROM {quoted(table)} WHERE {key} = ANY(%s) AND {quoted(name)} IS NOT NULL",
                (list(keys),),
            )
            texts: dict[int, str] = dict(decoding.convert(client)(rows)) if decoding else dict(rows)
        if archive and (moved := [number for number in keys if number not in texts]):
            texts |= dict(archive.convert(client)((number,) for number in moved))
        return texts

    def _folder(self, do: str, needed: bool) -> Path:
        """The folder for files, where there is work with any."""
        if not needed:
            return Path(os.devnull)
        if self.outside is None:
            raise InputError(f"No folder was named to {do}.", hint="Name it with --outside.")
        if not self.outside.is_dir():
            raise InputError(f"There is no folder {self.outside}.", hint="Make it, where every reader reaches it.")
        return self.outside

    def _copy_in(self, table: str, columns: Sequence[str], chunks: Iterable[bytes]) -> None:
        self.database.copy_in(f"COPY {quoted(table)} ({', '.join(map(quoted, columns))}) FROM STDIN", chunks)


@contextmanager
def open_owned(
    dsn: str,
    outside: Path | None = None,
    *,
    say: Callable[[str], None] = lambda _: None,
    hear: Callable[[Work], None] = lambda _: None,
) -> Iterator[OwnedDatabase]:
    """Connect to the database of a user, who named it in `dsn` or in libpq's variables.

    Errors: `InputError` where neither does, or `dsn` cannot be read; `ServerError` where no server answers.
    """
    address = users_server(dsn, connect_timeout="10")
    named = parts_of(address).keys() & {"dbname", "service"} or os.environ.get("PGDATABASE")
    if not named and not hidden_variables.value(SERVICE):
        raise InputError("No database was named.", hint="Name one with --dsn postgresql://owner@host/database.")
    with Database.connect(address) as database, Database.connect(address) as reader:
        for setting in _SETTINGS:
            database.execute(setting)
            reader.execute(setting)
        yield OwnedDatabase(database=database, reader=reader, outside=outside, say=say, hear=hear)
