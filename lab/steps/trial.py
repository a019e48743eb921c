"""One trial: clone the template, apply a scenario, settle, measure, verify."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count

import psutil

from lab.database import Database
from lab.errors import LabError, NothingToDoError, UnavailableError
from lab.scenario import Scenario
from lab.servers import Server
from lab.steps import footprint, guarantees, verify
from lab.steps.apply import Recorder, apply
from lab.steps.meter import Meter
from lab.steps.settle import settle
from lab.steps.verify import Loss, Questions
from lab.values import Answer, Completed, Failed, LoadedTemplate, Outcome, PlannedTrial, Skipped, StepRecord


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
    name = f"{lane.template}_trial_{next(lane.numbers)}"
    try:
        lane.server.clone(lane.template, name)
    except (LabError, OSError) as error:
        return Failed(scenario=trial.scenario, server=lane.server.kind, step="clone", error=str(error), steps=())
    try:
        return _on(name, trial, scenario, lane)
    finally:
        with suppress(LabError, OSError):  # a server that died has dropped it already
            lane.server.drop(name)


def _on(name: str, trial: PlannedTrial, scenario: Scenario, lane: Lane) -> Outcome:
    progress = _Progress()
    try:
        return _completed(name, trial, scenario, lane, progress)
    except (NothingToDoError, UnavailableError) as reason:
        return Skipped(scenario=trial.scenario, server=lane.server.kind, reason=str(reason))
    except (LabError, OSError, psutil.Error) as error:
        return Failed(
            scenario=trial.scenario,
            server=lane.server.kind,
            step=progress.doing,
            error=str(error),
            steps=progress.steps,
        )


@dataclass
class _Progress:
    """How far a trial has come, for the outcome of one that breaks."""

    part: str = "connect"
    recorder: Recorder | None = None

    @property
    def doing(self) -> str:
        return self.recorder.doing if self.part == "apply" and self.recorder else self.part

    @property
    def steps(self) -> tuple[StepRecord, ...]:
        return tuple(self.recorder.steps) if self.recorder else ()


def _completed(name: str, trial: PlannedTrial, scenario: Scenario, lane: Lane, progress: _Progress) -> Completed:
    """Everything a trial consists of, in order.

    It is judged through a second connection: what lives only in the scenario's session is not the database's.
    """
    loss = _loss(scenario, lane.now)
    with lane.server.connect(name) as database:
        recorder = progress.recorder = _recorder(database, name, lane)
        expected = _expected(database, lane, loss)
        guaranteed = guarantees.read(database)
        progress.part = "apply"
        apply(scenario, recorder)
    with lane.server.connect(name) as database:
        progress.part = "settle"
        settle(database)
        progress.part = "verify"
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
            lost=guarantees.lost(guaranteed, guarantees.read(database)),
            notes=tuple(recorder.notes),
        )


def _recorder(database: Database, name: str, lane: Lane) -> Recorder:
    folder, process = lane.server.data_folder(name), lane.server.process(database)
    meter = Meter(database=database, folder=folder, process=process)
    return Recorder(database=database, meter=meter, now=lane.now)


def _loss(scenario: Scenario, now: datetime) -> Loss:
    return Loss(columns=scenario.drops, kept=scenario.keeps(now) if scenario.keeps else {})


def _expected(database: Database, lane: Lane, loss: Loss) -> tuple[Answer, ...]:
    """The answers after that loss, asked of the untouched clone; the same loss is asked for once per server."""
    if loss.key not in lane.expected:
        lane.expected[loss.key] = verify.ask(database, lane.asked, loss, applied=False)
    return lane.expected[loss.key]
