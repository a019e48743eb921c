"""Reads what a strategy stores as bytes, or in files outside, as a client does: the same questions can be asked as before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from lab.client import carry_out
from lab.errors import LabError
from lab.postgres.database import Database, Row
from lab.postgres.sql import quoted
from lab.scenario import Archive, Client, ClientStep, Decode, Decoding, Lookup, Scenario
from lab.servers import Server
from lab.trial.questions import Questions, qualified


@dataclass(frozen=True, kw_only=True)
class ClientColumn:
    """A column that a client reads in its own way, with all opened that it keeps in its memory."""

    name: str
    """As 'table.column'."""
    key: str
    decode: Decode | None = None
    look_up: Lookup | None = None

    def read(self, names: Sequence[str], rows: Sequence[Row]) -> None:
        """Decode the values of an answer whose columns have these names, and look up those that are NULL.

        Errors: `LabError` where values are to be looked up, and the answer does not say of which rows they are.
        """
        column = self.name.partition(".")[2]
        if column not in names:
            return
        place = names.index(column)
        if self.decode:
            self.decode([row[place] for row in rows if row[place] is not None])
        if self.look_up and (moved := [row for row in rows if row[place] is None]):
            if self.key not in names:
                raise LabError(f"An answer has {self.name} without {self.key}, so nobody can look up what was moved.")
            self.look_up([row[names.index(self.key)] for row in moved])


@dataclass(frozen=True, kw_only=True)
class Reader:
    """A client that reads what a strategy left: in a database, and in a folder outside of it."""

    server: Server
    database: Database
    outside: Path
    decodes: Mapping[str, Decoding] = field(default_factory=dict)
    archives: Mapping[str, Archive] = field(default_factory=dict)

    @classmethod
    def of(cls, scenario: Scenario, server: Server, database: Database, outside: Path) -> Reader:
        """One that knows what the scenario declares."""
        return cls(
            server=server, database=database, outside=outside, decodes=scenario.decodes, archives=scenario.archives
        )

    @property
    def client(self) -> Client:
        """What it works with."""
        return Client(fetch=self.database.fetch, outside=self.outside)

    def opened(self) -> tuple[ClientColumn, ...]:
        """Every column that it reads in its own way."""
        decoded = (
            ClientColumn(name=name, key=decoding.key, decode=decoding.open(self.client))
            for name, decoding in self.decodes.items()
        )
        archived = (
            ClientColumn(name=name, key=archive.key, look_up=archive.open(self.client))
            for name, archive in self.archives.items()
        )
        return (*decoded, *archived)

    @contextmanager
    def reading(self, asked: Questions, rows: Mapping[str, str] | None = None) -> Iterator[Questions]:
        """The questions to its database, whose columns were read into temporary tables.

        `rows` says by table which rows `t` are asked about; all where it says nothing. Errors: `LabError` for a value that
        cannot be decoded, or a file that cannot be read.
        """
        wanted = [name for name in dict.fromkeys((*self.decodes, *self.archives)) if _is_asked(name, asked, rows)]
        copies: dict[str, list[_Copy]] = {name: [] for name in wanted}
        try:
            for name in wanted:
                copies[name] += self._copies(name, asked, (rows or {}).get(_table(name), "true"))
            tables = dict.fromkeys(map(_table, wanted))
            yield replace(asked, stand_ins={table: _select(asked, table, copies) for table in tables})
        finally:
            if not self.database.closed:
                for copy in (copy for of_column in copies.values() for copy in of_column):
                    self.database.execute(f"DROP TABLE IF EXISTS {copy.name}")

    def finds(self, name: str, asked: Questions) -> int:
        """How many values of a column it can look up; 0 where it lacks what it needs."""
        archive, rows = self.archives[name], f"{qualified(asked.schema, _table(name))} t"
        key, value = quoted(archive.key), quoted(_column(name))
        try:
            keys = self.database.fetch(f"SELECT t.{key} FROM {rows} WHERE t.{value} IS NULL")
            return sum(1 for _ in archive.convert(self.client)(keys))
        except Exception:  # noqa: BLE001 - somebody else's code, which may say in any way that a file is missing
            return 0

    def _copies(self, name: str, asked: Questions, condition: str) -> Iterator[_Copy]:
        """What it decodes, and what it looks up, of these rows."""
        source, value = qualified(asked.schema, _table(name)), f"t.{quoted(_column(name))}"
        if decoding := self.decodes.get(name):
            read = (
                f"SELECT t.{quoted(decoding.key)}, {value} FROM {source} t WHERE {value} IS NOT NULL AND ({condition})"
            )
            yield self._copy(_Copy(name=_named("decoded", name), key=decoding.key), f"decode {name}", read, decoding)
        if archive := self.archives.get(name):
            key = f"t.{quoted(archive.key)}"
            read = f"SELECT {key} FROM {source} t WHERE {value} IS NULL AND ({condition}) ORDER BY {key}"
            copy = _Copy(name=_named("archived", name), key=archive.key, beside=True)
            yield self._copy(copy, f"look up {name}", read, archive)

    def _copy(self, copy: _Copy, words: str, read: str, by: Decoding | Archive) -> _Copy:
        """The same, made: a temporary table with the key and the text of each of these rows that has one."""
        self.database.execute(f"CREATE TEMP TABLE {copy.name} (key bigint PRIMARY KEY, value text)")
        self.database.execute(f"ALTER TABLE {copy.name} ALTER COLUMN value SET STORAGE EXTERNAL")
        step = ClientStep(name=words, read=read, convert=by.convert, into=copy.name, columns=("key", "value"))
        carry_out(step, self.client, self.database, partial(self.server.copy_in, self.database))
        self.database.execute(f"ANALYZE {copy.name}")
        return copy


@dataclass(frozen=True, kw_only=True)
class _Copy:
    """A temporary table of keys and texts."""

    name: str
    key: str
    beside: bool = False
    """Whether other values are still in the column itself."""


def _named(what: str, name: str) -> str:
    return f"{what}_{_table(name)}_{_column(name)}"


def _table(name: str) -> str:
    return name.partition(".")[0]


def _column(name: str) -> str:
    return name.partition(".")[2]


def _is_asked(name: str, asked: Questions, rows: Mapping[str, str] | None) -> bool:
    return _table(name) in asked.columns and (rows is None or _table(name) in rows)


def _select(asked: Questions, table: str, copies: Mapping[str, Sequence[_Copy]]) -> str:
    """The table with its columns of before."""
    columns, joins = [], []
    for column, kind in asked.columns[table]:
        name = quoted(column)
        of_column = copies.get(f"{table}.{column}", ())
        joins += [f" LEFT JOIN {copy.name} ON {copy.name}.key = t.{quoted(copy.key)}" for copy in of_column]
        texts = [f"{copy.name}.value::{kind}" for copy in of_column]
        if texts and all(copy.beside for copy in of_column):
            texts.insert(0, f"t.{name}::{kind}")
        columns.append(f"coalesce({', '.join(texts)}) AS {name}" if texts else f"t.{name}")
    return f"SELECT {', '.join(columns)} FROM {qualified(asked.schema, table)} t{''.join(joins)}"
