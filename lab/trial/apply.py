"""Apply a scenario to its clone and record what each of its steps did and cost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from lab.client import carry_out
from lab.errors import LabError, RequirementError
from lab.postgres import footprint
from lab.postgres.database import Database, Row, Traced
from lab.scenario import Client, ClientStep, Requirement, Scenario
from lab.servers import Server
from lab.trial.locking import Executed, LockListener, recorded
from lab.trial.step_timer import StepTimer
from lab.trial.watch import Exclusive, Watch
from lab.values import ExecutedStatement, StatementKind, StepRecord, Timing

REQUIREMENTS = "check what it requires"
"""The first step of a scenario that requires something."""


def apply(scenario: Scenario, recorder: Recorder, kill: Callable[[], None]) -> None:
    """Check what the scenario requires, then let it do its work.

    Whatever it raises becomes a `LabError`, because it is somebody else's code. `kill` ends its connection from the
    server's side, where a statement does not heed that it was cancelled: to close a connection that another thread uses
    would take the whole process down.

    Errors: `RequirementError` where the data do not allow it; nothing was changed then. `LabError`, also for a step that
    did not end in time.
    """

    def work() -> None:
        _require(recorder, scenario.requirements)
        scenario.apply(recorder)

    error = recorder.watch.run(work, [recorder.database.cancel, kill], lambda: recorder.doing)
    if isinstance(error, LabError):
        raise error
    if error is not None:
        raise LabError(f"The scenario raised {type(error).__name__}: {error}") from error


def _require(recorder: Recorder, requirements: tuple[Requirement, ...]) -> None:
    if requirements:
        with recorder.step(REQUIREMENTS):
            for requirement in requirements:
                recorder.require(requirement)


@dataclass
class Recorder:
    """The database as a scenario sees it (`lab.scenario.Database`): every statement belongs to a named step."""

    database: Database
    server: Server
    outside: Path
    """The folder for files outside of the database."""
    timer: StepTimer
    listener: LockListener
    now: datetime
    watch: Watch
    exclusive: Exclusive = nullcontext
    """Opened with the first step, so that a scenario without steps does not wait for exclusive use of the host."""
    doing: str = "apply"
    """The step that began last, for the outcome of a failed trial."""
    steps: list[StepRecord] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    on_step: Callable[[str], None] = lambda _: None
    """Hears the name of each step as it begins."""
    _began: bool = False
    _open: bool = False
    _executed: list[Executed] = field(default_factory=list)

    @property
    def now_sql(self) -> str:
        """The present as SQL; `_run` puts `now()` in its place."""
        return f"'{self.now.isoformat()}'::timestamptz"

    @contextmanager
    def step(self, name: str, *, auxiliary: bool = False, final: bool = False) -> Iterator[None]:
        """Record the block as the step `name`; a step that fails leaves its name in `doing`."""
        if self._open:
            raise LabError(f"Step '{name}' begins inside step '{self.doing}'.", hint="Steps follow one another.")
        self._begin(name)
        canaries = self.listener.canaries
        with canaries.coming() if canaries else nullcontext(), self.timer.measuring() as cost:
            yield
        self.watch.require(self.doing)
        self._open = False
        self.steps.append(
            StepRecord(
                name=name,
                statements=recorded(self._executed),
                timing=None if cost.seconds is None else Timing(warmups=(), values=(cost.seconds,)),
                cpu_seconds=cost.cpu_seconds,
                wal_bytes=cost.wal_bytes,
                peak_bytes=cost.peak_bytes,
                footprint=footprint.measure(self.database),
                auxiliary=auxiliary,
                final=final,
                traffic=canaries.traffic() if canaries else None,
            )
        )
        self.watch.deadline.restart()

    def execute(self, sql: str) -> int:
        """Run one statement inside a step; returns the number of rows it touched."""
        return self._run(ExecutedStatement(sql=sql, times=1)).touched

    def convert(self, step: ClientStep) -> int:
        """Let the client do that inside a step, in one transaction; returns the number of rows that it made."""
        executed = self._entered(
            ExecutedStatement(sql=step.read, times=1, kind=StatementKind.CLIENT, name=step.words, key=step.key)
        )
        with self.listener.watching(executed):
            work = carry_out(
                step,
                Client(fetch=self.database.fetch, outside=self.outside),
                self.database,
                partial(self.server.copy_in, self.database),
                lambda _: self.watch.require(self.doing),
            )
        return work.rows_written

    def prove(self, name: str, sql: str) -> None:
        """Run a query inside a step that must count 0 differences."""
        differences = _single(self._run(ExecutedStatement(sql=sql, times=1, kind=StatementKind.PROOF, name=name)).rows)
        if differences != 0:
            raise LabError(
                f"Not proved: {name} ({differences} differences).", hint="The tables that it compares were not dropped."
            )

    def require(self, requirement: Requirement) -> None:
        """Run the query of a requirement, which must count 0 rows. Errors: `RequirementError`."""
        statement = ExecutedStatement(
            sql=requirement.sql, times=1, kind=StatementKind.REQUIREMENT, name=requirement.name
        )
        with self.database.transaction():
            self.database.execute("SET TRANSACTION READ ONLY")
            broken = _single(self._run(statement).rows)
        self.listener.finish()
        if broken != 0:
            raise RequirementError(f"A requirement does not hold: {requirement.name}. {broken} rows break it.")

    def fetch(self, sql: str) -> list[Row]:
        """Run one query and return its rows; outside of a step it is read-only."""
        if self._open:
            return self._run(ExecutedStatement(sql=sql, times=1)).rows
        with self.database.transaction():
            self.database.execute("SET TRANSACTION READ ONLY")
            return self.database.fetch(sql)

    def value(self, sql: str) -> Any:
        """The single value of a query that returns one row and one column."""
        return _single(self.fetch(sql))

    def note(self, text: str) -> None:
        """Add a finding to the report."""
        self.notes.append(text)

    def _run(self, statement: ExecutedStatement) -> Traced:
        return self.listener.run(self._entered(statement), statement.sql)

    def _entered(self, statement: ExecutedStatement) -> Executed:
        """Keep a statement that is about to run, with `now()` for the present."""
        self.watch.require(self.doing)
        if not self._open:
            raise LabError(f"A statement outside of a step: {statement.sql[:80]}", hint="Wrap it in `with db.step(…)`.")
        executed = Executed(replace(statement, sql=statement.sql.replace(self.now_sql, "now()")))
        self._executed.append(executed)
        return executed

    def _begin(self, name: str) -> None:
        self.watch.require(self.doing)
        if not self._began:
            self.watch.take_turn(self.exclusive)
        self.doing, self._began, self._open, self._executed = name, True, True, []
        self.on_step(name)
        self.watch.deadline.restart()


def _single(rows: list[Row]) -> Any:
    """The value of one row with one column."""
    ((value,),) = rows
    return value
