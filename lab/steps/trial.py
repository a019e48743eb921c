"""One trial: clone the template, apply a scenario, settle, measure, verify."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count

from lab.database import Database
from lab.errors import LabError, NothingToDoError, UnavailableError
from lab.scenario import Scenario
from lab.servers import Server
from lab.steps import footprint, verify
from lab.steps.apply import Recorder, apply
from lab.steps.meter import Meter
from lab.steps.settle import settle
from lab.steps.verify import Loss, Questions
from lab.values import Answer, Completed, Failed, LoadedTemplate, Outcome, PlannedTrial, Skipped


@dataclass(frozen=True, kw_only=True)
class Lane:
    """A server with a sealed template, what every trial on it is asked, and the answers known so far."""

    server: Server
    template: str
    loaded: LoadedTemplate
    now: datetime
    asked: Questions
    expected: dict[tuple[object, ...], tuple[Answer, ...]] = field(default_factory=dict)
    numbers: Iterator[int] = field(default_factory=lambda: count(1))


def make(trial: PlannedTrial, scenario: Scenario, lane: Lane) -> Outcome:
    """Make one trial on a clone of its own; whatever goes wrong in it is its outcome."""
    try:
        with _clone(lane) as recorder:
            return _on(recorder, trial, scenario, lane)
    except LabError as error:
        return Failed(scenario=trial.scenario, server=lane.server.kind, step="clone", error=str(error), steps=())


@contextmanager
def _clone(lane: Lane) -> Iterator[Recorder]:
    """A fresh clone, which is dropped at the end even where its server died."""
    server, name = lane.server, f"{lane.template}_trial_{next(lane.numbers)}"
    server.clone(lane.template, name)
    try:
        with server.connect(name) as database:
            folder, process = server.data_folder(name), server.process(database)
            meter = Meter(database=database, folder=folder, process=process)
            yield Recorder(database=database, meter=meter, now=lane.now)
    finally:
        with suppress(LabError):
            server.drop(name)


def _on(recorder: Recorder, trial: PlannedTrial, scenario: Scenario, lane: Lane) -> Outcome:
    try:
        return _completed(trial, scenario, lane, recorder)
    except (NothingToDoError, UnavailableError) as reason:
        return Skipped(scenario=trial.scenario, server=lane.server.kind, reason=str(reason))
    except LabError as error:
        return Failed(
            scenario=trial.scenario,
            server=lane.server.kind,
            step=recorder.doing,
            error=str(error),
            steps=tuple(recorder.steps),
        )


def _completed(trial: PlannedTrial, scenario: Scenario, lane: Lane, recorder: Recorder) -> Completed:
    """Everything a trial consists of, in order."""
    database = recorder.database
    loss = _loss(scenario, lane.now)
    expected = _expected(database, lane, loss)
    apply(scenario, recorder)
    recorder.doing = "settle"
    settle(database)
    recorder.doing = "verify"
    found = verify.ask(database, lane.asked, loss, applied=True)
    return Completed(
        scenario=trial.scenario,
        server=lane.server.kind,
        repeat=trial.repeat,
        steps=tuple(recorder.steps),
        footprint=footprint.measure(database),
        database_bytes=database.value("SELECT pg_database_size(current_database())"),
        rows=verify.rows_of_tables(found),
        verification=verify.compare(database, expected, found, loss, scenario.given_up),
        notes=tuple(recorder.notes),
    )


def _loss(scenario: Scenario, now: datetime) -> Loss:
    return Loss(columns=scenario.drops, kept=scenario.keeps(now) if scenario.keeps else {})


def _expected(database: Database, lane: Lane, loss: Loss) -> tuple[Answer, ...]:
    """The answers after that loss, asked of the untouched clone; the same loss is asked for once per server."""
    if loss.key not in lane.expected:
        lane.expected[loss.key] = verify.ask(database, lane.asked, loss, applied=False)
    return lane.expected[loss.key]
