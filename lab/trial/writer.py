"""Carries out the application's writes on one database, with its own statements or those of a strategy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from time import perf_counter

from lab.client import copy, opened
from lab.postgres.database import Database, Row
from lab.postgres.sql import quoted
from lab.scenario import Client, ClientStep, Convert, Writing
from lab.trial.reads import TimedSide
from lab.trial.step_timer import wal_position
from lab.trial.template import Bench
from lab.values.declared import Action, staged_name
from lab.workload import TableWrite, Write


@dataclass(frozen=True, kw_only=True)
class Transaction:
    """One transaction on one side."""

    seconds: float
    cpu_seconds: float | None
    wal_bytes: int
    rows: int
    """That its statements touched; of a statement that states none, one. What goes with deleted rows does not count."""


@dataclass(frozen=True, kw_only=True)
class Writer:
    """One side with the statements that it writes with."""

    side: TimedSide
    bench: Bench
    writing: Mapping[str, Writing]
    given_up: frozenset[str]
    """Columns that are not there any more, as 'table.column'."""
    _opened: dict[str, Convert] = field(default_factory=dict)
    """What converts the rows of a client's step, by its name: opened once, as a writer would."""
    _ready: dict[str, list[Row]] = field(default_factory=dict)
    """The rows that a client's step is about, which a writer has in its memory."""

    @property
    def database(self) -> Database:
        """Its connection."""
        return self.side.database

    def prepare(self, writes: Sequence[Write]) -> None:
        """Make the temporary tables: all three of each table, because a strategy's statements may name them."""
        staged = {change.staged: change.columns for write in writes for change in write.changes}
        tables = dict.fromkeys(change.table for write in writes for change in write.changes)
        for table in tables:
            kinds = dict(self.bench.template.questions.columns[table])
            for action in Action:
                listed = staged.get(staged_name(action, table), tuple(kinds))
                columns = ", ".join(f"{quoted(column)} {kinds[column]}" for column in listed)
                self.database.execute(f"CREATE TEMP TABLE {quoted(staged_name(action, table))} ({columns})")
        for table in tables:
            for statement in self._of(table).prepare:
                self.database.execute(statement)

    def stage(self, write: Write) -> None:
        """Put the rows of a write into them."""
        for change in write.changes:
            self.database.execute(f"TRUNCATE {quoted(change.staged)}")
            self.bench.server.copy_in(self.database, change.staged, change.columns, change.chunks)
            self.database.execute(f"ANALYZE {quoted(change.staged)}")
        for step in (step for change in write.changes for step in self._client(change)):
            self._ready[step.name] = self.database.fetch(step.read)
            if step.name not in self._opened:
                self._opened[step.name] = opened(step, Client(fetch=self.database.fetch, outside=self.side.outside))

    def run(self, write: Write) -> Transaction:
        """Carry it out; what the writer itself does to the new rows is part of it. Errors: `LabError`; nothing was written then."""
        steps = [step for change in write.changes for step in self._client(change)]
        statements = [sql for change in write.changes for sql in self._statements(change)]
        turns = [
            sql for table in dict.fromkeys(change.table for change in write.changes) for sql in self._of(table).turn
        ]
        deleted = [self._of(change.table) for change in write.changes if change.action is Action.DELETE]
        collect = [sql for writing in deleted for sql in writing.collect]
        release = [sql for writing in deleted for sql in writing.release]
        wal, cpu = wal_position(self.database), self.side.gauge.cpu_seconds()
        started = perf_counter()
        with self.database.transaction():
            for sql in turns:
                self.database.write(sql)
            for step in steps:
                copy_in = partial(self.bench.server.copy_in, self.database)
                copy(step, self._opened[step.name], self._ready[step.name], copy_in)
            for sql in collect:
                self.database.write(sql)
            touched = [self.database.write(sql) for sql in statements]
            for sql in release:
                self.database.write(sql)
        seconds = perf_counter() - started
        cpu_now, wal_now = self.side.gauge.cpu_seconds(), wal_position(self.database)
        return Transaction(
            seconds=seconds,
            cpu_seconds=None if cpu is None or cpu_now is None else cpu_now - cpu,
            wal_bytes=wal_now - wal,
            rows=sum(map(abs, touched)),
        )

    def _of(self, table: str) -> Writing:
        """How the strategy writes the table; empty where it is written as before."""
        return self.writing.get(table, Writing())

    def _client(self, change: TableWrite) -> Sequence[ClientStep]:
        return self._of(change.table).client if change.action is Action.INSERT else ()

    def _statements(self, change: TableWrite) -> Sequence[str]:
        writing = self._of(change.table)
        own = {Action.INSERT: writing.insert, Action.UPDATE: writing.update, Action.DELETE: writing.delete}
        kept = (column for column in change.columns if f"{change.table}.{column}" not in self.given_up)
        return own[change.action] or (change.sql.replace("{columns}", ", ".join(map(quoted, kept))),)
