"""Measures what a strategy runs again and again: its recurring statements, and what a client does for what has become old."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from time import perf_counter

from lab.client import explained
from lab.errors import LabError
from lab.postgres import footprint
from lab.postgres.database import Database
from lab.postgres.sql import quoted
from lab.scenario import Scenario
from lab.trial.apply import Recorder
from lab.trial.locking import LockListener
from lab.trial.questions import qualified
from lab.trial.reads import TimedSide
from lab.trial.step_timer import StepTimer
from lab.trial.template import Bench
from lab.trial.watch import Watch

_DIGITS = 10
_LATER = timedelta(days=1)
"""A client's work is measured on what becomes old in this time."""


@dataclass(frozen=True, kw_only=True)
class Recurring:
    """What it took for the rows that the writes inserted; bytes are None where no rowstore waited for them."""

    seconds: float | None = None
    """None where there was nothing to run, or a part of it failed, or could not be measured."""
    freed: int | None = None
    waiting: int | None = None


def archived_values(before: TimedSide, bench: Bench, scenario: Scenario) -> dict[str, int]:
    """How many values the untouched clone has of each column that a client archives again and again."""
    archived = scenario.archives if scenario.again else ()
    return {column: _values(before.database, bench, column) for column in archived}


@dataclass(frozen=True, kw_only=True)
class Due:
    """What is due again and again on the clone `after`; `before` is the untouched one with the same writes."""

    after: TimedSide
    before: TimedSide
    bench: Bench
    scenario: Scenario
    watch: Watch
    say: Callable[[str], None]
    """Hears why something was not measured."""
    loaded: Mapping[str, int]
    """As `archived_values`, before the writes."""

    def measured(self) -> Recurring:
        """Run it after the writes. Errors: `ServerError` where a connection is lost."""
        statements, again = self.scenario.recurring, self.scenario.again
        if not (statements or again):
            return Recurring()
        try:
            of_statements, freed, waiting = _run(self.after.database, statements)
        except LabError as error:
            self._require_connected(error)
            return Recurring()
        of_client = self._client_seconds(again) if again else 0.0
        seconds = None if of_client is None else round(of_statements + of_client, _DIGITS)
        return Recurring(seconds=seconds, freed=freed, waiting=waiting)

    def _client_seconds(self, again: Callable[[Recorder], None]) -> float | None:
        """Of the client, for the values that came with the inserted rows; None where that cannot be told."""
        try:
            old = sum(_values(self.before.database, self.bench, column, self._moved(column)) for column in self.loaded)
            if not old:
                self.say("What is done again and again was not timed: a day later nothing has become old.")
                return None
            inserted = sum(archived_values(self.before, self.bench, self.scenario).values()) - sum(self.loaded.values())
            seconds = self._a_day_later(again)
        except LabError as error:
            self._require_connected(error)
            self.say(f"What is done again and again was not timed: {error}")
            return None
        return seconds * inserted / old  # each value becomes old once

    def _moved(self, column: str) -> str:
        """The condition on the rows `t` whose value becomes old in a day."""
        now, moved = self.bench.template.now, self.scenario.archives[column].moved
        with explained(f"say what of {column} becomes old"):
            return f"({moved(now + _LATER)}) AND NOT ({moved(now)})"

    def _a_day_later(self, again: Callable[[Recorder], None]) -> float:
        """Seconds of what the client does then; a step that only measures does not count."""
        recorder = Recorder(
            database=self.after.database,
            server=self.bench.server,
            outside=self.after.outside,
            timer=StepTimer(database=self.after.database, probe=self.after.gauge, timed=True),
            listener=LockListener(database=self.after.database, timed=False, canaries=None),
            now=self.bench.template.now + _LATER,
            watch=self.watch,
        )
        self.watch.deadline.restart()
        try:
            with explained("do again what is due"):
                again(recorder)
        finally:
            self.watch.deadline.pause()
        return sum(step.seconds or 0.0 for step in recorder.steps if not step.auxiliary)

    def _require_connected(self, error: LabError) -> None:
        if self.after.database.closed or self.before.database.closed:
            raise error


def _values(database: Database, bench: Bench, column: str, condition: str = "true") -> int:
    """Of a column, as 'table.column', in the rows `t` under that condition."""
    table, _, name = column.partition(".")
    source = f"{qualified(bench.template.questions.schema, table)} t WHERE {condition}"
    return int(database.value(f"SELECT count(t.{quoted(name)}) FROM {source}"))


def _run(database: Database, statements: Sequence[str]) -> tuple[float, int | None, int | None]:
    """Let them do what is due for the rows that are there: `Recurring.seconds`, `freed` and `waiting`."""
    if not statements:
        return 0.0, None, None
    earlier = footprint.measure(database)
    waiting = sum(table.rowstore.total for table in earlier.tables if table.rowstore)
    started = perf_counter()
    for statement in statements:
        database.execute(statement)
    seconds = perf_counter() - started
    freed = earlier.total - footprint.measure(database).total if waiting else None
    return seconds, freed, waiting or None
