"""Measures what a strategy runs again and again: its recurring statements, and what a client does for what has become old."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
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

    seconds: float
    freed: int | None = None
    waiting: int | None = None


def measure(after: TimedSide, before: TimedSide, bench: Bench, scenario: Scenario, watch: Watch) -> Recurring | None:
    """Run it after the writes; None where there is nothing to run, it fails, or nothing has become old.

    Errors: `ServerError` where a connection is lost.
    """
    if not (scenario.recurring or scenario.again):
        return None
    try:
        done = _statements(after.database, scenario.recurring)
        seconds = _client(after, before, bench, scenario, watch) if scenario.again else 0.0
    except LabError:
        if after.database.closed or before.database.closed:
            raise
        return None
    return None if seconds is None else replace(done, seconds=round(done.seconds + seconds, _DIGITS))


def _statements(database: Database, statements: Sequence[str]) -> Recurring:
    """They do what is due for the rows that are there."""
    if not statements:
        return Recurring(seconds=0.0)
    earlier = footprint.measure(database)
    waiting = sum(table.rowstore.total for table in earlier.tables if table.rowstore)
    started = perf_counter()
    for statement in statements:
        database.execute(statement)
    seconds = perf_counter() - started
    freed = earlier.total - footprint.measure(database).total if waiting else None
    return Recurring(seconds=seconds, freed=freed, waiting=waiting or None)


def _client(after: TimedSide, before: TimedSide, bench: Bench, scenario: Scenario, watch: Watch) -> float | None:
    """Seconds for the inserted rows: it works on those that become old in a day, and a row of them takes as long.

    Each row becomes old once. The untouched clone knows which rows do; it has the same that were inserted.
    """
    now = bench.template.now
    becoming_old, inserted = 0, 0
    for column, archive in scenario.archives.items():
        table, _, name = column.partition(".")
        old, rows = before.database.fetch(
            f"SELECT count(t.{quoted(name)}) FILTER (WHERE ({archive.moved(now + _LATER)}) AND NOT ({archive.moved(now)})),"
            f" count(*) FROM {qualified(bench.template.questions.schema, table)} t"
        )[0]
        becoming_old, inserted = becoming_old + old, inserted + rows - bench.template.loaded.rows[table]
    if not becoming_old or scenario.again is None:
        return None
    recorder = Recorder(
        database=after.database,
        server=bench.server,
        outside=after.outside,
        timer=StepTimer(database=after.database, probe=after.gauge, timed=True),
        listener=LockListener(database=after.database, timed=False, canaries=None),
        now=now + _LATER,
        watch=watch,
    )
    try:
        with explained("do again what is due"):
            scenario.again(recorder)
    finally:
        watch.deadline.pause()
    return sum(step.seconds or 0.0 for step in recorder.steps) * inserted / becoming_old
