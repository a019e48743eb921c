"""The life of a run: plan, then trial by trial, several at once; each outcome is on disk before its thread goes on."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from lab import files, registry, runs
from lab.errors import InputError
from lab.registry import Registered
from lab.runner import plan
from lab.runner.effort import USUAL
from lab.runner.environment import environment
from lab.runner.journal import Journal, now
from lab.runner.room import check_room, needed_bytes
from lab.runner.schedule import gates, jobs_at_once
from lab.runner.server_pool import open_pool
from lab.runner.trials import KeptDatabase, Run, Trials, make_trials
from lab.servers import Options, clean, downloads, open_workspace
from lab.trial.deadline import STEP_SECONDS
from lab.units import bytes_text
from lab.values import (
    BASELINE,
    CombinationForecast,
    Constraints,
    Experiment,
    Plan,
    SearchRecord,
    WorkloadFacts,
)
from lab.values.events import Message, Progress, RunAnnounced
from lab.workload import Workload


@dataclass(frozen=True, kw_only=True)
class RunRequest:
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
    quiet: bool = USUAL.quiet
    """Whether nothing else works on any server while a trial is timed; else nothing that shares its WAL."""
    varies: bool = True
    """Whether scenarios that depend on a parameter of the workload are tried at other values of it, too."""
    read_subjects: int | None = None
    """About how many subjects of the workload each read is measured; None: all of them."""
    write_seconds: float = USUAL.write_seconds
    """About how long the writes of each trial are measured; 0 leaves them out."""
    parameters: Mapping[str, float] = field(default_factory=dict)
    """Of the workload, where they are not to be its own."""
    constraints: Constraints = field(default_factory=Constraints)
    """What a recommended strategy must keep to."""
    trials: Trials | None = None
    """Where trials are looked up before they are made, and kept; None: every trial is made."""
    forecasts: tuple[CombinationForecast, ...] = ()
    """Of the search that chose the scenarios."""
    search: SearchRecord | None = None
    """How far that search came; None where none came before."""
    keep_databases: bool = False
    """Whether the databases of the scenarios stay as long as the servers."""


def run(request: RunRequest, progress: Progress, opened: Callable[[Path], None]) -> None:
    """As `run_in`, on servers that end with the run."""
    with ExitStack() as servers:
        run_in(servers, request, progress, opened)


def run_in(
    servers: ExitStack, request: RunRequest, progress: Progress, opened: Callable[[Path], None]
) -> tuple[KeptDatabase, ...]:
    """Make a whole run; `opened` hears of its folder, where what was measured is kept however the run ends.

    The servers run, with the databases that were kept, until `servers` is closed.
    Errors: `InputError` where the request cannot be carried out; nothing has been loaded then.
    """
    entries = {entry.name: entry for entry in registry.resolve(request.scenarios)}
    keeps = frozenset(entries) if request.keep_databases else frozenset()
    workload, jobs = request.workload, jobs_at_once(request.jobs)
    kinds = plan.kinds(request.server)
    files.check_writable(request.results)
    progress(
        RunAnnounced(
            scenarios=tuple(entries),
            size_bytes=request.size_bytes,
            servers=kinds,
            downloads=downloads(kinds, request.options, needs=any(entry.scenario.needs for entry in entries.values())),
        )
    )
    for line in clean(skipped=lambda text: progress(Message(text=text))):
        progress(Message(text=f"removed what an earlier run left behind: {line}"))
    needed = len(kinds) * needed_bytes(request.size_bytes, jobs, len(keeps))
    workspace = servers.enter_context(open_workspace(needed_bytes=needed))
    pool = servers.enter_context(open_pool(workspace, request.options, progress))
    if len(kinds) == 1:
        pool.server(kinds[0])  # nothing stands in for the one that was asked for
    trials = plan.trials(tuple(entries.values()), kinds, pool.capabilities)
    if keeps and "container" in {trial.server for trial in trials}:
        raise InputError(
            "A database in a container cannot be kept to look at: its password is shown to nobody.",
            hint="Add --server native or --server pglite.",
        )
    used = {trial.server for trial in trials if trial.server}
    # Before the dataset is planned, which would take all memory for a size mistyped by a few zeros.
    check_room(
        [pool.server(kind) for kind in used],
        request.size_bytes,
        jobs,
        len(keeps),
    )
    dataset = workload.plan(size_bytes=request.size_bytes, seed=request.seed, parameters=request.parameters)
    (entries[BASELINE],) = registry.resolve([BASELINE])
    planned = Plan(
        dataset=dataset.spec,
        size_bytes=request.size_bytes,
        jobs=jobs,
        trials=trials,
        constraints=request.constraints,
        forecasts=request.forecasts,
        search=request.search,
    )
    journal = _open(request, planned, dataset.facts, entries, workspace.path)
    opened(journal.folder)
    work = Run(
        entries=entries,
        pool=pool,
        journal=journal,
        gates=gates({kind: pool.server(kind).shares_wal for kind in used}, quiet=request.quiet),
        workload=workload,
        case_sha256=sha256(workload.case_text),
        step_seconds=request.step_seconds,
        read_seconds=request.read_seconds,
        read_subjects=request.read_subjects,
        varies=request.varies,
        write_seconds=request.write_seconds,
        trials=request.trials,
        keeps=keeps,
    )
    make_trials(trials, work)
    journal.finish()
    return tuple(work.databases)


def sha256(text: str) -> str:
    """Of a text in UTF-8, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def _open(
    request: RunRequest, planned: Plan, facts: WorkloadFacts, entries: Mapping[str, Registered], servers: Path
) -> Journal:
    started, workload = now(), request.workload
    size = bytes_text(planned.size_bytes).replace(" ", "")
    folder = runs.new_run(request.results, planned.dataset.case, size, started)
    experiment = Experiment(
        format=runs.FORMAT,
        run=folder.name,
        started=started.isoformat(),
        finished=None,
        plan=planned,
        workload=facts,
        case=workload.full_size,
        calibration=workload.notes,
        environment=environment(servers),
        templates=(),
        scenarios={trial.scenario: entries[trial.scenario].facts for trial in planned.trials},
        outcomes=(),
        auxiliary_trials=(),
    )
    if workload.notes:
        files.write(folder / runs.CASE, workload.case_text)  # with the plan, all that makes the same rows again
    runs.save(folder, experiment)
    return Journal(folder=folder, experiment=experiment)
