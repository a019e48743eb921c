"""Apply a scenario to its clone and record what each of its steps did and cost."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeAlias

from lab.errors import LabError
from lab.postgres import footprint
from lab.postgres.database import Database, Row
from lab.scenario import Scenario
from lab.trial.meter import Meter
from lab.values import Statement, StepRecord

Alone: TypeAlias = Callable[[], AbstractContextManager[None]]
"""Opens a context in which nothing else of the run works."""


def apply(scenario: Scenario, recorder: Recorder) -> None:
    """Let the scenario do its work; whatever it raises becomes a `LabError`, because it is somebody else's code."""
    try:
        with recorder.held:
            scenario.apply(recorder)
    except LabError:
        raise
    except Exception as error:
        raise LabError(f"The scenario raised {type(error).__name__}: {error}") from error


@dataclass
class Recorder:
    """The database as a scenario sees it (`lab.scenario.Database`): every statement belongs to a named step."""

    database: Database
    meter: Meter
    now: datetime
    alone: Alone = nullcontext
    """Opened with the first step: a scenario that has none, or finds nothing to do, need not wait for it."""
    held: ExitStack = field(default_factory=ExitStack)
    """What was opened, for as long as the scenario works."""
    doing: str = "apply"
    """The step that was begun last, for the outcome of a trial that breaks."""
    steps: list[StepRecord] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    _open: bool = False
    _statements: list[Statement] = field(default_factory=list)

    @contextmanager
    def step(self, name: str, *, apart: bool = False) -> Iterator[None]:
        """Record what is done inside as the step `name`; a step that breaks leaves its name in `doing`."""
        if self._open:
            raise LabError(f"Step '{name}' begins inside step '{self.doing}'.", hint="Steps follow one another.")
        self.held.enter_context(self.alone())
        self.doing, self._open, self._statements, self.alone = name, True, [], nullcontext
        with self.meter.measuring() as cost:
            yield
        self._open = False
        self.steps.append(
            StepRecord(
                name=name,
                statements=tuple(self._statements),
                seconds=cost.seconds,
                cpu_seconds=cost.cpu_seconds,
                wal_bytes=cost.wal_bytes,
                peak_bytes=cost.peak_bytes,
                footprint=footprint.measure(self.database),
                apart=apart,
            )
        )

    def execute(self, sql: str, params: Sequence[object] | None = None) -> int:
        """Run one statement inside a step; returns the number of rows it touched."""
        if not self._open:
            raise LabError(f"A statement outside of a step: {sql[:80]}", hint="Wrap it in `with db.step(…)`.")
        self._remember(sql)
        return self.database.execute(sql, params)

    def fetch(self, sql: str, params: Sequence[object] | None = None) -> list[Row]:
        """Run one query and return its rows; outside of a step it can only read."""
        if self._open:
            self._remember(sql)
            return self.database.fetch(sql, params)
        with self.database.transaction():
            self.database.execute("SET TRANSACTION READ ONLY")
            return self.database.fetch(sql, params)

    def value(self, sql: str, params: Sequence[object] | None = None) -> Any:
        """The single value of a query that returns one row and one column."""
        ((value,),) = self.fetch(sql, params)
        return value

    def note(self, text: str) -> None:
        """Add a finding to the report."""
        self.notes.append(text)

    def _remember(self, sql: str) -> None:
        """Keep the statement as executed; a batch repeated in turn is kept once with its number of times."""
        for position in range(len(self._statements) - 1, -1, -1):
            if self._statements[position].sql == sql:
                seen = self._statements[position]
                self._statements[position] = Statement(sql=sql, times=seen.times + 1)
                return
        self._statements.append(Statement(sql=sql, times=1))
