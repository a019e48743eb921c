"""What a trial measures after the steps of its scenario: bytes, answers, reads and writes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar

from lab.errors import LabError
from lab.postgres.database import Database
from lab.scenario import Scenario
from lab.trial import judge, reads, recurring, verify, writes
from lab.trial.bounded import bounded
from lab.trial.decoding import Reader
from lab.trial.judge import Before, Expectation, Judgement
from lab.trial.progress import Trial
from lab.trial.questions import Loss
from lab.trial.reads import Timed, TimedSide
from lab.trial.settle import settle
from lab.trial.watch import Watch
from lab.values import Verdict, Writes

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Examined:
    """What was measured; reads and writes only where they were asked for, and the answers are the same."""

    judgement: Judgement
    reads: Timed | None = None
    writes: Writes | None = None


def examine(trial: Trial, loss: Loss, expected: Expectation, earlier: Before) -> Examined:
    """Measure the clone: compare it, then time its reads, then its writes, which change it.

    Each of the three has a connection of its own. The state of the scenario's session does not belong to the database, and
    a session that has read all rows is faster at long values than the new one that it is compared with. The scenario's clients
    have a deadline, as its steps had. Errors: `LabError`.
    """
    request = trial.request
    judged = _watched(trial, loss, "settle", lambda work: work.judged(expected, earlier))
    if judged.verification.verdict is Verdict.DIFFERS or not request.timed:
        return Examined(judgement=judged)
    timed = _watched(trial, loss, "time the reads", _Examination.timed) if request.read_seconds else None
    written = _watched(trial, loss, "measure the writes", _Examination.written) if request.write_seconds else None
    return Examined(judgement=judged, reads=timed, writes=written)


def _watched(trial: Trial, loss: Loss, part: str, measure: Callable[[_Examination], T]) -> T:
    """What is measured on a new connection to the clone; it is ended where a client of the scenario takes too much."""
    trial.begin(part)
    server, request = trial.bench.server, trial.request
    watch = Watch(server, request.step_seconds, request.memory_bytes)
    watch.deadline.pause()
    results: list[T] = []
    with server.connect(trial.clone) as database:
        verify.state_settings(database, trial.bench.template.questions.schema, request.step_seconds)
        scenario = bounded(trial.scenario, watch.deadline)
        work = _Examination(trial=trial, scenario=scenario, database=database, loss=loss, watch=watch)
        error = watch.run(
            lambda: results.append(measure(work)),
            [database.cancel, partial(server.drop, trial.clone)],
            lambda: trial.part,
        )
    if isinstance(error, Exception) and not isinstance(error, MemoryError):
        raise error
    if error is not None:
        raise LabError(f"The scenario raised {type(error).__name__}: {error}") from error
    return results.pop()


@dataclass(frozen=True, kw_only=True)
class _Examination:
    """A clone after the steps, and what is known of it."""

    trial: Trial
    scenario: Scenario
    """With clients that have a deadline."""
    database: Database
    loss: Loss
    watch: Watch

    def judged(self, expected: Expectation, earlier: Before) -> Judgement:
        """Settle, and compare."""
        trial, bench = self.trial, self.trial.bench
        settle(self.database)
        trial.begin("verify")
        return judge.judge(
            self.database,
            self.scenario,
            server=bench.server,
            outside=trial.outside,
            questions=bench.template.questions,
            loss=self.loss,
            expected=expected,
            earlier=earlier,
            untouched=bench.untouched,
        )

    def timed(self) -> Timed:
        """The reads, while nothing else works."""
        request, bench = self.trial.request, self.trial.bench
        bench.make_control()
        asked = reads.about(bench.template.questions.reads, request.read_subjects)
        with self.watch.turn(self.trial.exclusive), self._sides(bench.control()) as (clone, before):
            columns = Reader.of(self.scenario, bench.server, self.database, self.trial.outside).opened()
            after = replace(clone, columns=columns)
            return reads.measure(after, before, asked, self.loss.columns, seconds=request.read_seconds)

    def written(self) -> Writes | None:
        """The writes; None where the workload has none."""
        bench, seconds = self.trial.bench, self.trial.request.write_seconds
        with self._sides(bench.fresh()) as (after, before), self.watch.turn(self.trial.exclusive):
            due = recurring.Due(
                after=after,
                before=before,
                bench=bench,
                scenario=self.scenario,
                watch=self.watch,
                say=self.trial.notes.append,
                loaded=recurring.archived_values(before, bench, self.scenario),
            )
            return writes.measure(after, before, bench, self.scenario, self.loss, recur=due.measured, seconds=seconds)

    @contextmanager
    def _sides(self, untouched: AbstractContextManager[tuple[str, Database]]) -> Iterator[tuple[TimedSide, TimedSide]]:
        """The trial's clone and an untouched one, side by side."""
        trial, server = self.trial, self.trial.bench.server
        with (
            untouched as (name, control),
            server.gauge(trial.clone, self.database) as after,
            server.gauge(name, control) as before,
        ):
            verify.state_settings(control, trial.bench.template.questions.schema, trial.request.step_seconds)
            yield (
                TimedSide(database=self.database, gauge=after, outside=trial.outside),
                TimedSide(database=control, gauge=before, outside=trial.outside),
            )
