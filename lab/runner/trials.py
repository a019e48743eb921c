"""The trials of a run, several at once; each outcome is on disk before its thread goes on."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from time import monotonic
from typing import Protocol

from lab.errors import LabError
from lab.registry import Registered
from lab.runner import auxiliary
from lab.runner.estimate import Work, trial_seconds
from lab.runner.journal import Journal
from lab.runner.schedule import Gate, run_jobs
from lab.runner.server_pool import ServerPool
from lab.servers import Server
from lab.trial import trial
from lab.values import (
    SIZE,
    Completed,
    DatasetSpec,
    Failed,
    LoadedTemplate,
    Outcome,
    PlannedTrial,
    Skipped,
    TrialRecord,
    TrialRequest,
)
from lab.values.events import RunPlanned, StepBegan, TrialBegan, TrialEnded, TrialName
from lab.workload import Workload


class Trials(Protocol):
    """Keeps trials from one run to the next."""

    def get(self, request: TrialRequest, server: Server) -> TrialRecord | None:
        """The trial as it was made; None if it was not."""

    def put(self, request: TrialRequest, server: Server, record: TrialRecord) -> None:
        """Keep a trial."""


@dataclass(frozen=True, kw_only=True)
class KeptDatabase:
    """The database of a trial, which stays until the servers are closed."""

    scenario: str
    server: str
    conninfo: str
    """How another client connects to it, without a password."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """What every trial of a run needs."""

    entries: Mapping[str, Registered]
    pool: ServerPool
    journal: Journal
    gates: Mapping[str, Gate]
    """By kind of server."""
    workload: Workload
    case_sha256: str
    step_seconds: float
    read_seconds: float
    read_subjects: int | None
    varies: bool
    write_seconds: float
    trials: Trials | None
    keeps: frozenset[str] = frozenset()
    """The scenarios whose databases stay until the servers are closed."""
    databases: list[KeptDatabase] = field(default_factory=list)
    """Those databases, in the order of arrival."""

    @property
    def spec(self) -> DatasetSpec:
        """Of the dataset that the run is about."""
        return self.journal.experiment.plan.dataset

    def bytes_of(self, dataset: DatasetSpec) -> float:
        """About how many that dataset has."""
        return self.journal.experiment.plan.size_bytes * dataset.scale / self.spec.scale

    def name(self, request: TrialRequest) -> TrialName:
        """What the trial is called while it is in progress."""
        other = None if request.dataset == self.spec else self.workload.dataset(request.dataset).description
        return TrialName(
            server=str(request.planned.server),
            scenario=request.planned.scenario,
            repeat=request.planned.repeat,
            dataset=other,
        )

    def keep(self, request: TrialRequest) -> Callable[[str], None] | None:
        """What hears of the trial's database where it stays: the first trial of each scenario on the run's own dataset."""
        scenario, server = request.planned.scenario, str(request.planned.server)
        if request.dataset != self.spec or request.planned.repeat > 1 or scenario not in self.keeps:
            return None
        return lambda conninfo: self.databases.append(KeptDatabase(scenario=scenario, server=server, conninfo=conninfo))

    def request(
        self, planned: PlannedTrial, dataset: DatasetSpec, *, timed: bool, auxiliary: bool = False
    ) -> TrialRequest:
        """That trial as a worker receives it; of an auxiliary one, at most the steps are timed."""
        return TrialRequest(
            planned=planned,
            dataset=dataset,
            case_sha256=self.case_sha256,
            timed=timed,
            step_seconds=self.step_seconds,
            read_seconds=0.0 if auxiliary else self.read_seconds,
            read_subjects=self.read_subjects,
            write_seconds=0.0 if auxiliary else self.write_seconds,
            traffic=not auxiliary,
        )


def make_trials(trials: Sequence[PlannedTrial], run: Run) -> None:
    """Trials side by side, each on a clone of its own; while one is timed, those that share its gate wait."""
    for planned in trials:
        if planned.server is None:
            run.journal.add(Skipped(scenario=planned.scenario, server=None, reason=planned.reason))

    def interrupted() -> None:
        # An interrupted run keeps what it has. The servers are stopped under the trials that are being made.
        run.journal.close()
        run.pool.close()

    requests = list(_requests(trials, run))
    expected = [trial_seconds(request, run.bytes_of(request.dataset)) for request, _ in requests]
    work = Work(total=sum(expected))
    servers = tuple(dict.fromkeys(trial.server for trial in trials if trial.server))
    seconds = _side_by_side([request for request, _ in requests], expected, run)
    run.pool.progress(RunPlanned(trials=len(requests), servers=servers, expected_seconds=seconds))
    jobs = [
        (str(request.planned.server), partial(_make, request, purposes, run, partial(work.end, seconds)))
        for (request, purposes), seconds in zip(requests, expected, strict=True)
    ]
    run_jobs(
        jobs,
        at_once=run.journal.experiment.plan.jobs,
        interrupted=interrupted,
        spare={kind for kind, gate in run.gates.items() if not gate.in_turn},
        cores=os.cpu_count() or 1,
    )


def _side_by_side(requests: Sequence[TrialRequest], expected: Sequence[float], run: Run) -> float:
    """Seconds of all trials: those that are timed in turn follow one another, and the others fill the cores beside them."""
    jobs = run.journal.experiment.plan.jobs
    if jobs == 1:
        return sum(expected)
    in_turn: defaultdict[int, float] = defaultdict(float)
    for request, seconds in zip(requests, expected, strict=True):
        gate = run.gates[str(request.planned.server)]
        if gate.in_turn:
            in_turn[id(gate)] += seconds
    side_by_side = min(jobs, os.cpu_count() or 1)
    return max(*in_turn.values(), sum(expected) / side_by_side, 0.0)


def _requests(trials: Sequence[PlannedTrial], run: Run) -> Iterator[tuple[TrialRequest, Sequence[str]]]:
    """All trials, then those of them that are made on other datasets, too, each with its purposes there."""
    placed = [planned for planned in trials if planned.server]
    for planned in placed:
        yield run.request(planned, run.spec, timed=True), ()
    for planned in placed:
        if planned.repeat == 1 and (smaller := auxiliary.smaller(run.spec)):
            yield run.request(planned, smaller, timed=True, auxiliary=True), (SIZE,)
    for planned in placed if run.varies else ():
        parameters_of = run.entries[planned.scenario].scenario.varies_with
        for dataset, parameters in auxiliary.variations(run.workload, run.spec, parameters_of).items():
            yield run.request(planned, dataset, timed=False, auxiliary=True), parameters


def _make(request: TrialRequest, purposes: Sequence[str], run: Run, end: Callable[[], tuple[int, float]]) -> None:
    """Make and keep a trial; `purposes` are those of one on another dataset."""
    name = run.name(request)
    template, outcome = _try(request, run, name)
    if purposes:
        for auxiliary_trial in auxiliary.trials(request.dataset, template, outcome, purposes):
            run.journal.add_auxiliary(auxiliary_trial)
    else:
        if template:
            run.journal.loaded(template)
        run.journal.add(outcome)
    ended, share = end()
    run.pool.progress(_ended(name, outcome, ended, share))


def _ended(name: TrialName, outcome: Outcome, ended: int, share: float) -> TrialEnded:
    reason = outcome.reason if isinstance(outcome, Skipped) else outcome.error if isinstance(outcome, Failed) else None
    state = outcome.verification.verdict.value if isinstance(outcome, Completed) else outcome.kind
    refusal = outcome.refusal if isinstance(outcome, Failed) else None
    return TrialEnded(trial=name, outcome=state, reason=reason, refusal=refusal, ended=ended, share=share)


def _try(request: TrialRequest, run: Run, name: TrialName) -> tuple[LoadedTemplate | None, Outcome]:
    """One trial on a dataset that is loaded where it is not yet; none is made where it was kept."""
    planned, dataset = request.planned, run.workload.dataset(request.dataset)
    gate = run.gates[str(planned.server)]
    with gate.shared():
        try:
            server = run.pool.server(str(planned.server))
            if run.trials and (known := run.trials.get(request, server)):
                run.pool.progress(TrialBegan(trial=name, kept=True))
                return known.template, known.outcome
            bench = run.pool.bench(str(planned.server), dataset)
        except LabError as error:
            return None, Failed(
                scenario=planned.scenario,
                server=str(planned.server),
                step="load",
                error=str(error),
                steps=(),
                refusal=error.refusal,
            )
        run.pool.progress(TrialBegan(trial=name))
        started = monotonic()
        outcome = trial.run(
            request,
            run.entries[planned.scenario].scenario,
            bench,
            gate.exclusive,
            lambda step: run.pool.progress(StepBegan(trial=name, step=step)),
            keep=run.keep(request),
        )
    if run.trials:
        record = TrialRecord(template=bench.template.loaded, outcome=outcome, took=monotonic() - started)
        run.trials.put(request, server, record)
    return bench.template.loaded, outcome
