"""One trial: clone the template, apply a scenario, settle, measure, verify."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import replace
from datetime import datetime
from functools import partial

import psutil

from lab.errors import LabError, NothingToDoError, RequirementError, UnavailableError
from lab.postgres.database import Database
from lab.scenario import Scenario
from lab.trial import judge
from lab.trial.apply import Recorder, apply
from lab.trial.canaries import Canaries
from lab.trial.examination import examine
from lab.trial.locking import LockListener
from lab.trial.progress import Trial
from lab.trial.questions import Loss
from lab.trial.step_timer import StepTimer
from lab.trial.template import Bench
from lab.trial.watch import Exclusive, Watch
from lab.values import (
    EXTENSION_CATALOG,
    Completed,
    Failed,
    Footprint,
    Outcome,
    Refusal,
    Skipped,
    TrialRequest,
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
                Trial(
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


def _outcome(trial: Trial) -> Outcome:
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


def _completed(trial: Trial) -> Completed:
    """Everything a trial consists of, in order."""
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
    examined = examine(trial, loss, expected, earlier)
    judged, timed = examined.judgement, examined.reads
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
        writes=examined.writes,
    )


def _undeclared(trial: Trial, footprint: Footprint) -> tuple[str, ...]:
    """The tables that the template lacks and whose growth the scenario does not declare."""
    scenario, before = trial.scenario, trial.bench.template.loaded.footprint
    known = {
        *(table.table for table in before.tables),
        *scenario.origins,
        *scenario.grows_with_scale,
        EXTENSION_CATALOG,
    }
    return tuple(table.table for table in footprint.tables if table.table not in known)


def _apply(trial: Trial, database: Database, canaries: Canaries | None) -> Recorder:
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
            watch=Watch(trial.bench.server, trial.request.step_seconds, trial.request.memory_bytes),
            on_step=trial.on_step,
        )
        apply(trial.scenario, trial.recorder, partial(trial.bench.server.drop, trial.clone))
    return trial.recorder


@contextmanager
def _canaries(trial: Trial, database: Database) -> Iterator[Canaries | None]:
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
    """What a scenario declares to lose where the present is `now`. Errors: `LabError`, for whatever it raises."""
    try:
        return Loss(
            columns=scenario.drops,
            kept=scenario.keeps(now) if scenario.keeps else {},
            emptied=scenario.empties(now) if scenario.empties else {},
            moved={column: archive.moved(now) for column, archive in scenario.archives.items()},
            words=scenario.given_up,
        )
    except LabError:
        raise
    except (Exception, SystemExit) as error:
        raise LabError(f"The scenario could not say what it loses: {type(error).__name__}: {error}") from error
