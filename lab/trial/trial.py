"""One trial: clone the template, apply a scenario, settle, measure, verify."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from pathlib import Path

import psutil

from lab.errors import LabError, NothingToDoError, RequirementError, UnavailableError
from lab.postgres.database import Database
from lab.scenario import Scenario
from lab.trial import judge, reads, verify, writes
from lab.trial.apply import Exclusive, Recorder, apply
from lab.trial.canaries import Canaries
from lab.trial.deadline import Deadline
from lab.trial.decoding import Reader
from lab.trial.locking import LockListener
from lab.trial.memory import MemoryLimit
from lab.trial.questions import Loss
from lab.trial.reads import Timed, TimedSide
from lab.trial.settle import settle
from lab.trial.step_timer import StepTimer
from lab.trial.template import Bench
from lab.values import (
    EXTENSION_CATALOG,
    Completed,
    Failed,
    Footprint,
    Outcome,
    Refusal,
    Skipped,
    StepRecord,
    TrialRequest,
    Verdict,
    Writes,
)


def run(  # noqa: PLR0913 - who hears of the trial
    request: TrialRequest,
    scenario: Scenario,
    bench: Bench,
    exclusive: Exclusive = nullcontext,
    on_step: Callable[[str], None] = lambda _: None,
    *,
    keep: Callable[[str], None] | None = None,
) -> Outcome:
    """Make one trial on its own clone; an error becomes the trial's outcome. `on_step` hears each step as it begins.

    The clone is dropped at the end, or stays until the server is closed: `keep` hears how another client connects to it.

    The steps of a timed trial are done inside of `exclusive`, opened with the first of them; by default nothing else is
    at work anyway.
    """
    planned, name = request.planned, bench.new_name()
    try:
        bench.server.clone(bench.template.name, name)
    except (LabError, OSError) as error:
        return Failed(
            scenario=planned.scenario,
            server=bench.server.kind,
            step="clone",
            error=str(error),
            steps=(),
            refusal=_refusal(error),
        )
    try:
        with bench.folder(name, stays=keep is not None) as outside:
            return _outcome(
                _Trial(
                    request=request,
                    scenario=scenario,
                    bench=bench,
                    clone=name,
                    outside=outside,
                    exclusive=exclusive,
                    on_step=on_step,
                )
            )
    finally:
        with suppress(LabError, OSError):  # a server that died has dropped it already
            bench.leave(name, keep)


@dataclass(kw_only=True)
class _Trial:
    """A trial in progress and its current step, for the outcome of a failed trial."""

    request: TrialRequest
    scenario: Scenario
    bench: Bench
    clone: str
    outside: Path
    """The folder for files outside of the database."""
    exclusive: Exclusive
    on_step: Callable[[str], None]
    part: str = "connect"
    notes: list[str] = field(default_factory=list)
    """What could not be measured."""
    recorder: Recorder | None = None

    def begin(self, part: str) -> None:
        """Name what comes next."""
        self.part = part
        self.on_step(part)

    @property
    def doing(self) -> str:
        return self.recorder.doing if self.part == "apply" and self.recorder else self.part

    @property
    def steps(self) -> tuple[StepRecord, ...]:
        return tuple(self.recorder.steps) if self.recorder else ()


def _outcome(trial: _Trial) -> Outcome:
    name, server = trial.request.planned.scenario, trial.bench.server.kind
    try:
        return _completed(trial)
    except (NothingToDoError, RequirementError, UnavailableError) as reason:
        return Skipped(scenario=name, server=server, reason=str(reason))
    except (LabError, OSError, psutil.Error) as error:
        return Failed(
            scenario=name,
            server=server,
            step=trial.doing,
            error=str(error),
            steps=trial.steps,
            refusal=_refusal(error),
        )


def _refusal(error: Exception) -> Refusal | None:
    return error.refusal if isinstance(error, LabError) else None


def _completed(trial: _Trial) -> Completed:
    """Everything a trial consists of, in order.

    A second connection judges it, because the state of the scenario's session does not belong to the database.
    """
    scenario, bench, planned = trial.scenario, trial.bench, trial.request.planned
    questions, loss = bench.template.questions, loss_of(scenario, bench.template.now)
    expected = bench.expected(loss)
    with bench.server.connect(trial.clone) as database:
        earlier = judge.before(database, bench.server, questions, loss)
        trial.part = "apply"
        with _canaries(trial, database) as canaries:
            recorder = _apply(trial, database, canaries)
        if canaries and earlier.sessions is not None:
            earlier = replace(earlier, sessions=earlier.sessions + canaries.opened)
    with bench.server.connect(trial.clone) as database:
        trial.begin("settle")
        verify.state_settings(database, questions.schema, trial.request.step_seconds)
        settle(database)
        trial.begin("verify")
        judged = judge.judge(
            database,
            scenario,
            server=bench.server,
            outside=trial.outside,
            questions=questions,
            loss=loss,
            expected=expected,
            earlier=earlier,
            untouched=bench.untouched,
        )
        trial.begin("time the reads")
        same = judged.verification.verdict is not Verdict.DIFFERS
        timed = _timed(trial, database, loss) if same else None
        trial.begin("measure the writes")
        written = _written(trial, database, loss) if same else None
    return Completed(
        scenario=planned.scenario,
        server=bench.server.kind,
        repeat=planned.repeat,
        steps=tuple(recorder.steps),
        footprint=judged.footprint,
        database_bytes=judged.database_bytes,
        rows=judged.rows,
        verification=judged.verification,
        lost=judged.lost,
        valued={**expected.valued, **earlier.valued},
        outside=judged.outside,
        notes=(*recorder.notes, *trial.notes, *(timed.notes if timed else ())),
        undeclared=_undeclared(trial, judged.footprint),
        reads=timed.costs if timed else None,
        writes=written,
    )


def _undeclared(trial: _Trial, footprint: Footprint) -> tuple[str, ...]:
    """The tables that the template lacks and whose growth the scenario does not declare."""
    scenario, before = trial.scenario, trial.bench.template.loaded.footprint
    known = {
        *(table.table for table in before.tables),
        *scenario.origins,
        *scenario.grows_with_scale,
        EXTENSION_CATALOG,
    }
    return tuple(table.table for table in footprint.tables if table.table not in known)


def _timed(trial: _Trial, database: Database, loss: Loss) -> Timed | None:
    """The reads of a trial that gives the same answers, while nothing else works; None where nothing is timed."""
    seconds = trial.request.read_seconds if trial.request.timed else 0.0
    if not seconds:
        return None
    bench = trial.bench
    subjects = trial.request.read_subjects
    bench.make_control()
    asked = reads.about(bench.template.questions.reads, subjects)
    with trial.exclusive(), _sides(trial, database, bench.control()) as (after, before):
        columns = Reader.of(trial.scenario, bench.server, database, trial.outside).opened()
        return reads.measure(replace(after, columns=columns), before, asked, loss.columns, seconds=seconds)


def _written(trial: _Trial, database: Database, loss: Loss) -> Writes | None:
    """The writes of such a trial, last of all, because they change its clone; None where none is measured."""
    seconds = trial.request.write_seconds if trial.request.timed else 0.0
    if not seconds:
        return None
    bench = trial.bench
    with _sides(trial, database, bench.fresh()) as (after, before), trial.exclusive():
        return writes.measure(after, before, bench, trial.scenario, loss, seconds=seconds)


@contextmanager
def _sides(
    trial: _Trial, database: Database, untouched: AbstractContextManager[tuple[str, Database]]
) -> Iterator[tuple[TimedSide, TimedSide]]:
    """The trial's clone and an untouched one, side by side."""
    server = trial.bench.server
    with (
        untouched as (name, control),
        server.gauge(trial.clone, database) as after,
        server.gauge(name, control) as before,
    ):
        verify.state_settings(control, trial.bench.template.questions.schema, trial.request.step_seconds)
        yield (
            TimedSide(database=database, gauge=after, outside=trial.outside),
            TimedSide(database=control, gauge=before, outside=trial.outside),
        )


def _apply(trial: _Trial, database: Database, canaries: Canaries | None) -> Recorder:
    timed = trial.request.timed
    with trial.bench.server.gauge(trial.clone, database) as probe:
        trial.recorder = Recorder(
            database=database,
            server=trial.bench.server,
            outside=trial.outside,
            timer=StepTimer(database=database, probe=probe, timed=timed),
            listener=LockListener(database=database, timed=timed, canaries=canaries),
            now=trial.bench.template.now,
            exclusive=trial.exclusive if timed else nullcontext,
            deadline=Deadline(trial.request.step_seconds),
            memory=MemoryLimit(trial.request.memory_bytes),
            on_step=trial.on_step,
        )
        apply(trial.scenario, trial.recorder, partial(trial.bench.server.drop, trial.clone))
    return trial.recorder


@contextmanager
def _canaries(trial: _Trial, database: Database) -> Iterator[Canaries | None]:
    """Those of the tables that the scenario declares, or of all; None where they are not asked for, or cannot be."""
    request, server = trial.request, trial.bench.server
    if not (request.traffic and request.timed and server.concurrent):
        yield None
        return
    tables = [table for table in trial.bench.template.loaded.rows if table in (trial.scenario.changes or (table,))]
    try:
        canaries = Canaries(partial(server.connect, trial.clone), tables, database)
    except LabError as error:
        trial.notes.append(f"Nobody looked for what traffic feels: {error}")
        yield None
        return
    try:
        yield canaries
    finally:
        canaries.close()
        trial.notes += canaries.notes


def loss_of(scenario: Scenario, now: datetime) -> Loss:
    """What a scenario declares to lose where the present is `now`."""
    return Loss(
        columns=scenario.drops,
        kept=scenario.keeps(now) if scenario.keeps else {},
        emptied=scenario.empties(now) if scenario.empties else {},
        moved={column: archive.moved(now) for column, archive in scenario.archives.items()},
        words=scenario.given_up,
    )
