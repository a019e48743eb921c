"""What a trial measures after the steps of its scenario: bytes, answers, reads and writes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from functools import partial

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


@dataclass(frozen=True, kw_only=True)
class Examined:
    """What was measured; reads and writes only where they were asked for, and the answers are the same."""

    judgement: Judgement
    reads: Timed | None = None
    writes: Writes | None = None


def examine(trial: Trial, loss: Loss, expected: Expectation, earlier: Before) -> Examined:
    """Measure the clone on a connection of its own, because the state of the scenario's session does not belong to it.

    The scenario's clients read and write here; they have a deadline, as its steps had. Errors: `LabError`.
    """
    server, request = trial.bench.server, trial.request
    watch = Watch(server, request.step_seconds, request.memory_bytes)
    watch.deadline.pause()
    results: list[Examined] = []
    with server.connect(trial.clone) as database:
        work = _Examination(
            trial=trial, scenario=bounded(trial.scenario, watch.deadline), database=database, loss=loss, watch=watch
        )
        error = watch.run(
            lambda: results.append(work.examined(expected, earlier)),
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

    def examined(self, expected: Expectation, earlier: Before) -> Examined:
        """Settle, compare, and measure reads and writes."""
        trial, bench = self.trial, self.trial.bench
        trial.begin("settle")
        verify.state_settings(self.database, bench.template.questions.schema, trial.request.step_seconds)
        settle(self.database)
        trial.begin("verify")
        judged = judge.judge(
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
        if judged.verification.verdict is Verdict.DIFFERS:
            return Examined(judgement=judged)
        trial.begin("time the reads")
        timed = self._timed()
        trial.begin("measure the writes")
        return Examined(judgement=judged, reads=timed, writes=self._written())

    def _timed(self) -> Timed | None:
        """The reads, while nothing else works; None where nothing is timed."""
        request, bench = self.trial.request, self.trial.bench
        seconds = request.read_seconds if request.timed else 0.0
        if not seconds:
            return None
        bench.make_control()
        asked = reads.about(bench.template.questions.reads, request.read_subjects)
        with self.watch.turn(self.trial.exclusive), self._sides(bench.control()) as (after, before):
            columns = Reader.of(self.scenario, bench.server, self.database, self.trial.outside).opened()
            return reads.measure(replace(after, columns=columns), before, asked, self.loss.columns, seconds=seconds)

    def _written(self) -> Writes | None:
        """The writes, last of all, because they change the clone; None where none is measured."""
        request, bench = self.trial.request, self.trial.bench
        seconds = request.write_seconds if request.timed else 0.0
        if not seconds:
            return None
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
