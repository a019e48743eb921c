"""The life of a run: plan, then trial by trial, several at once; each outcome is on disk before its thread goes on."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import zip_longest
from pathlib import Path
from time import monotonic
from typing import Protocol

from lab import files, registry, runs
from lab.errors import LabError
from lab.registry import Registered
from lab.runner import auxiliary, plan
from lab.runner.effort import USUAL
from lab.runner.environment import environment
from lab.runner.journal import Journal, now
from lab.runner.room import check_room
from lab.runner.schedule import ExclusiveGate, Job, jobs_at_once, run_jobs
from lab.runner.server_pool import ServerPool, open_pool
from lab.servers import Options, Server, clean, open_workspace
from lab.trial import trial
from lab.trial.deadline import STEP_SECONDS
from lab.trial.writes import WRITE_SECONDS
from lab.units import bytes_text
from lab.values import (
    BASELINE,
    SIZE,
    Constraints,
    DatasetSpec,
    Experiment,
    Failed,
    LoadedTemplate,
    MadeTrial,
    Outcome,
    Plan,
    PlannedTrial,
    Skipped,
    TrialRequest,
    WorkloadFacts,
)
from lab.workload import Workload

Progress = Callable[[str], None]


class Trials(Protocol):
    """Keeps trials from one run to the next."""

    def get(self, request: TrialRequest, server: Server) -> MadeTrial | None:
        """The trial as it was made; None if it was not."""

    def put(self, request: TrialRequest, server: Server, made: MadeTrial) -> None:
        """Keep a trial."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """What the user asked for."""

    scenarios: tuple[str, ...]
    workload: Workload
    """What to generate, already resolved."""
    size_bytes: int
    seed: int
    server: str
    results: Path
    options: Options
    """About the servers."""
    jobs: int | None = None
    """Trials at once; None: `lab.runner.schedule.jobs_at_once` decides."""
    step_seconds: float = STEP_SECONDS
    """A step that takes longer is ended."""
    read_seconds: float = USUAL.read_seconds
    """About how long the reads of each trial are measured; 0 leaves them out."""
    varies: bool = True
    """Whether scenarios that depend on a parameter of the workload are tried at other values of it, too."""
    write_seconds: float = WRITE_SECONDS
    """About how long the writes of each trial are measured; 0 leaves them out."""
    parameters: Mapping[str, float] = field(default_factory=dict)
    """Of the workload, where they are not to be its own."""
    constraints: Constraints = field(default_factory=Constraints)
    """What a recommended strategy must keep to."""
    trials: Trials | None = None
    """Where trials are looked up before they are made, and kept; None: every trial is made."""


def run(request: Request, progress: Progress, opened: Callable[[Path], None]) -> None:
    """Make a whole run; `opened` hears of its folder, where what was measured is kept however the run ends.

    Errors: `InputError` where the request cannot be carried out; nothing has been loaded then.
    """
    entries = {entry.name: entry for entry in registry.resolve(request.scenarios)}
    workload, jobs = request.workload, jobs_at_once(request.jobs)
    kinds = plan.kinds(request.server)
    files.check_writable(request.results)
    for line in clean(skipped=progress):
        progress(f"removed what an earlier run left behind: {line}")
    with open_workspace() as workspace, open_pool(workspace, request.options, progress) as pool:
        if len(kinds) == 1:
            pool.server(kinds[0])  # nothing stands in for the one that was asked for
        trials = plan.trials(tuple(entries.values()), kinds, pool.capabilities)
        # Before the dataset is planned, which would take all memory for a size mistyped by a few zeros.
        check_room(
            [pool.server(kind) for kind in {trial.server for trial in trials if trial.server}], request.size_bytes, jobs
        )
        dataset = workload.plan(size_bytes=request.size_bytes, seed=request.seed, parameters=request.parameters)
        entries[BASELINE] = registry.registered()[BASELINE]
        planned = Plan(
            dataset=dataset.spec,
            size_bytes=request.size_bytes,
            jobs=jobs,
            trials=trials,
            constraints=request.constraints,
        )
        journal = _open(request.results, planned, dataset.facts, workload, entries)
        opened(journal.folder)
        _make_trials(
            trials,
            _Run(
                entries=entries,
                pool=pool,
                journal=journal,
                gate=ExclusiveGate(),
                workload=workload,
                case_sha256=sha256(workload.case_text),
                step_seconds=request.step_seconds,
                read_seconds=request.read_seconds,
                varies=request.varies,
                write_seconds=request.write_seconds,
                trials=request.trials,
            ),
        )
    journal.finish()


@dataclass(frozen=True, kw_only=True)
class _Run:
    """What every trial of a run needs."""

    entries: Mapping[str, Registered]
    pool: ServerPool
    journal: Journal
    gate: ExclusiveGate
    """Of this host."""
    workload: Workload
    case_sha256: str
    step_seconds: float
    read_seconds: float
    varies: bool
    write_seconds: float
    trials: Trials | None

    @property
    def spec(self) -> DatasetSpec:
        """Of the dataset that the run is about."""
        return self.journal.experiment.plan.dataset

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
            write_seconds=0.0 if auxiliary else self.write_seconds,
            traffic=not auxiliary,
        )


def _make_trials(trials: Sequence[PlannedTrial], run: _Run) -> None:
    """Trials side by side, each on a clone of its own; while one is timed the others wait."""
    for planned in trials:
        if planned.server is None:
            run.journal.add(Skipped(scenario=planned.scenario, server=None, reason=planned.reason))

    def interrupted() -> None:
        # An interrupted run keeps what it has. The servers are stopped under the trials that are being made.
        run.journal.close()
        run.pool.close()

    run_jobs(_jobs(trials, run), at_once=run.journal.experiment.plan.jobs, interrupted=interrupted)


def _jobs(trials: Sequence[PlannedTrial], run: _Run) -> Iterator[Job]:
    """All trials, then those of them that are made on other datasets, too."""
    placed = _in_turn(trials)
    for planned in placed:
        yield partial(_make, run.request(planned, run.spec, timed=True), run)
    for planned in placed:
        if planned.repeat == 1 and (smaller := auxiliary.smaller(run.spec)):
            yield partial(_make_auxiliary, run.request(planned, smaller, timed=True, auxiliary=True), run, (SIZE,))
    for planned in placed if run.varies else ():
        parameters_of = run.entries[planned.scenario].scenario.varies_with
        for dataset, parameters in auxiliary.variations(run.workload, run.spec, parameters_of).items():
            request = run.request(planned, dataset, timed=False, auxiliary=True)
            yield partial(_make_auxiliary, request, run, parameters)


def _in_turn(trials: Sequence[PlannedTrial]) -> list[PlannedTrial]:
    """The kinds of server in turn, so that their templates are loaded side by side; without trials that have none."""
    kinds = dict.fromkeys(planned.server for planned in trials if planned.server)
    by_kind = ([planned for planned in trials if planned.server == kind] for kind in kinds)
    return [planned for row in zip_longest(*by_kind) for planned in row if planned]


def _make(request: TrialRequest, run: _Run) -> None:
    template, outcome = _try(request, run)
    if template:
        run.journal.loaded(template)
    run.journal.add(outcome)


def _make_auxiliary(request: TrialRequest, run: _Run, purposes: Sequence[str]) -> None:
    """The same scenario on another dataset, for one purpose or several."""
    template, outcome = _try(request, run)
    for made in auxiliary.kept(request.dataset, template, outcome, purposes):
        run.journal.add_auxiliary(made)


def _try(request: TrialRequest, run: _Run) -> tuple[LoadedTemplate | None, Outcome]:
    """One trial on a dataset that is loaded where it is not yet; none is made where it was kept."""
    planned, dataset = request.planned, run.workload.dataset(request.dataset)
    again = " (again)" if planned.repeat > 1 else ""
    other = "" if request.dataset == run.spec else f" on {dataset.description}"
    with run.gate.shared():
        try:
            server = run.pool.server(str(planned.server))
            if run.trials and (known := run.trials.get(request, server)):
                run.pool.progress(f"{planned.server}: {planned.scenario}{again}{other}, as it was measured before")
                return known.template, known.outcome
            bench = run.pool.bench(str(planned.server), dataset)
        except LabError as error:
            return None, Failed(
                scenario=planned.scenario, server=str(planned.server), step="load", error=str(error), steps=()
            )
        run.pool.progress(f"{planned.server}: {planned.scenario}{again}{other}")
        started = monotonic()
        outcome = trial.run(request, run.entries[planned.scenario].scenario, bench, run.gate.exclusive)
    if run.trials:
        made = MadeTrial(template=bench.template.loaded, outcome=outcome, took=monotonic() - started)
        run.trials.put(request, server, made)
    return bench.template.loaded, outcome


def sha256(text: str) -> str:
    """Of a text in UTF-8, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def _open(
    results: Path, planned: Plan, facts: WorkloadFacts, workload: Workload, entries: Mapping[str, Registered]
) -> Journal:
    started = now()
    size = bytes_text(planned.size_bytes).replace(" ", "")
    folder = runs.new_run(results, planned.dataset.case, size, started)
    experiment = Experiment(
        format=runs.FORMAT,
        run=folder.name,
        started=started.isoformat(),
        finished=None,
        plan=planned,
        workload=facts,
        case=workload.full_size,
        calibration=workload.notes,
        environment=environment(),
        templates=(),
        scenarios={trial.scenario: entries[trial.scenario].facts for trial in planned.trials},
        outcomes=(),
        auxiliary_trials=(),
    )
    if workload.notes:
        files.write(folder / runs.CASE, workload.case_text)  # with the plan, all that makes the same rows again
    runs.save(folder, experiment)
    return Journal(folder=folder, experiment=experiment)
