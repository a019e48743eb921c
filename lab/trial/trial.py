"""One trial: clone the template, apply a scenario, settle, measure, verify."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count

import psutil

from lab.errors import LabError, NothingToDoError, RequirementError, UnavailableError
from lab.postgres import footprint
from lab.postgres.database import Database
from lab.scenario import Scenario
from lab.servers import Server
from lab.trial import guarantees, verify
from lab.trial.apply import Alone, Recorder, apply
from lab.trial.meter import Meter
from lab.trial.settle import settle
from lab.trial.verify import Loss, Questions
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


def make(planned: PlannedTrial, scenario: Scenario, lane: Lane, alone: Alone | None = nullcontext) -> Outcome:
    """Make one trial on a clone of its own; whatever goes wrong in it is its outcome.

    Its steps are done inside of `alone`; by default nothing else is at work anyway. None: others may work beside them,
    and what they took is not measured.
    """
    name = f"{lane.template}_trial_{next(lane.numbers)}"
    try:
        lane.server.clone(lane.template, name)
    except (LabError, OSError) as error:
        return Failed(scenario=planned.scenario, server=lane.server.kind, step="clone", error=str(error), steps=())
    try:
        return _made(_Trial(planned=planned, scenario=scenario, lane=lane, name=name, alone=alone))
    finally:
        with suppress(LabError, OSError):  # a server that died has dropped it already
            lane.server.drop(name)


@dataclass(kw_only=True)
class _Trial:
    """A trial that is being made, and how far it has come, for the outcome of one that breaks."""

    planned: PlannedTrial
    scenario: Scenario
    lane: Lane
    name: str
    """Of its clone."""
    alone: Alone | None
    part: str = "connect"
    recorder: Recorder | None = None

    @property
    def doing(self) -> str:
        return self.recorder.doing if self.part == "apply" and self.recorder else self.part

    @property
    def steps(self) -> tuple[StepRecord, ...]:
        return tuple(self.recorder.steps) if self.recorder else ()


def _made(trial: _Trial) -> Outcome:
    name, server = trial.planned.scenario, trial.lane.server.kind
    try:
        return _completed(trial)
    except (NothingToDoError, RequirementError, UnavailableError) as reason:
        return Skipped(scenario=name, server=server, reason=str(reason))
    except (LabError, OSError, psutil.Error) as error:
        return Failed(scenario=name, server=server, step=trial.doing, error=str(error), steps=trial.steps)


def _completed(trial: _Trial) -> Completed:
    """Everything a trial consists of, in order.

    It is judged through a second connection: what lives only in the scenario's session is not the database's.
    """
    scenario, lane = trial.scenario, trial.lane
    loss = _loss(scenario, lane.now)
    with lane.server.connect(trial.name) as database, lane.server.gauge(trial.name, database) as gauge:
        meter = Meter(database=database, gauge=gauge, alone=trial.alone is not None)
        recorder = trial.recorder = Recorder(
            database=database, meter=meter, now=lane.now, alone=trial.alone or nullcontext
        )
        expected = _expected(database, lane, loss)
        guaranteed = guarantees.read(database)
        trial.part = "apply"
        apply(scenario, recorder)
    with lane.server.connect(trial.name) as database:
        trial.part = "settle"
        settle(database)
        trial.part = "verify"
        found = verify.ask(database, lane.asked, loss, applied=True)
        return Completed(
            scenario=trial.planned.scenario,
            server=lane.server.kind,
            repeat=trial.planned.repeat,
            steps=tuple(recorder.steps),
            footprint=footprint.measure(database),
            database_bytes=database.value("SELECT pg_database_size(current_database())"),
            rows=verify.rows_of_tables(found),
            verification=verify.compare(database, lane.asked, expected, found, loss),
            lost=guarantees.lost(guaranteed, guarantees.read(database)),
            notes=tuple(recorder.notes),
        )


def _loss(scenario: Scenario, now: datetime) -> Loss:
    kept = scenario.keeps(now) if scenario.keeps else {}
    return Loss(columns=scenario.drops, kept=kept, words=scenario.given_up)


def _expected(database: Database, lane: Lane, loss: Loss) -> tuple[Answer, ...]:
    """The answers after that loss, asked of the untouched clone; the same loss is asked for once per server."""
    if loss.key not in lane.expected:
        lane.expected[loss.key] = verify.ask(database, lane.asked, loss, applied=False)
    return lane.expected[loss.key]
