"""The life of a run: plan, then trial by trial, several at once; each outcome is on disk before its thread goes on."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from importlib.metadata import version
from itertools import zip_longest
from pathlib import Path
from typing import Any

import psutil

from data_gen import Case, Dataset
from lab import imitation, plan, registry, store
from lab.errors import InputError, LabError
from lab.fleet import Fleet, open_fleet
from lab.imitation import Imitated
from lab.journal import Journal, now
from lab.registry import Registered
from lab.schedule import Floor, Job, jobs_at_once, work_off
from lab.servers import Options, Server, clean, open_workspace
from lab.steps import trial
from lab.steps.apply import Alone
from lab.steps.trial import Lane
from lab.units import bytes_text
from lab.values import (
    CaseFacts,
    DatasetSpec,
    Environment,
    Experiment,
    Failed,
    Outcome,
    Plan,
    PlannedTrial,
    RateTrial,
    ScenarioFacts,
    Skipped,
)

ROOM = 6
"""Free disk that a server needs, in databases: the template, WAL, slack."""

JOB_ROOM = 2
"""Beyond that for each trial at once: its clone, and a second copy of it while a table is rewritten."""

RATES = (0.25, 1.0, 4.0)
"""Change rates, relative to the run's, at which scenarios that depend on them are measured too."""

RATE_EVENTS = 2

TARGET_BYTES = 10 << 30
"""What the database must come under."""

Progress = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Request:
    """What the user asked for."""

    scenarios: tuple[str, ...]
    case: str | None
    """A published case; None: the newest, unless there is a profile."""
    size_bytes: int
    seed: int
    change_rate: float | None
    server: str
    results: Path
    options: Options
    """About the servers."""
    jobs: int | None = None
    """Trials at once; None: `lab.schedule.jobs_at_once` decides."""
    profile: Path | None = None
    """File of a profile or a case to imitate instead of `case`."""


def run(request: Request, progress: Progress, opened: Callable[[Path], None]) -> None:
    """Make a whole run; `opened` hears of its folder, where what was measured is kept however the run ends.

    Errors: `InputError` where the request cannot be carried out; nothing has been loaded then.
    """
    entries = {entry.name: entry for entry in registry.resolve(request.scenarios)}
    imitated, jobs = imitation.chosen(request.case, request.profile), jobs_at_once(request.jobs)
    case = imitated.case
    kinds = plan.kinds(request.server)
    store.check_writable(request.results)
    for line in clean():
        progress(f"removed what an earlier run left behind: {line}")
    with open_workspace() as workspace, open_fleet(workspace, request.options, progress, case) as fleet:
        if len(kinds) == 1:
            fleet.server(kinds[0])  # nothing stands in for the one that was asked for
        trials = plan.trials(tuple(entries.values()), kinds, fleet.capabilities)
        # Before the dataset is planned, which would take all memory for a size mistyped by a few zeros.
        check_room(
            [fleet.server(kind) for kind in {one.server for one in trials if one.server}], request.size_bytes, jobs
        )
        dataset = Dataset.plan(case, size_bytes=request.size_bytes, seed=request.seed, change_rate=request.change_rate)
        entries[registry.BASELINE] = registry.registered()[registry.BASELINE]
        planned = Plan(dataset=dataset.spec, size_bytes=request.size_bytes, jobs=jobs, trials=trials)
        journal = _open(request.results, planned, imitated, entries)
        opened(journal.folder)
        _make_trials(trials, _Run(entries=entries, fleet=fleet, journal=journal, floor=Floor()))
    journal.finish()


@dataclass(frozen=True, kw_only=True)
class _Run:
    """What every trial of a run needs."""

    entries: Mapping[str, Registered]
    fleet: Fleet
    journal: Journal
    floor: Floor


def _make_trials(trials: Sequence[PlannedTrial], run: _Run) -> None:
    """Trials side by side, each on a clone of its own; while one is timed the others wait."""
    for planned in trials:
        if planned.server is None:
            run.journal.add(Skipped(scenario=planned.scenario, server=None, reason=planned.reason))

    def interrupted() -> None:
        # An interrupted run keeps what it has. The servers are stopped under the trials that are being made.
        run.journal.close()
        run.fleet.close()

    work_off(_jobs(trials, run), at_once=run.journal.experiment.plan.jobs, interrupted=interrupted)


def _jobs(trials: Sequence[PlannedTrial], run: _Run) -> Iterator[Job]:
    """All trials, then those of them that are made at other change rates too."""
    placed = _in_turn(trials)
    for kind, planned in placed:
        yield partial(_make, kind, planned, run)
    for kind, planned in placed:
        if run.entries[planned.scenario].scenario.depends_on_change_rate:
            for dataset in _at_rates(run.journal.experiment.plan.dataset):
                yield partial(_make_at_rate, kind, planned, dataset, run)


def _in_turn(trials: Sequence[PlannedTrial]) -> list[tuple[str, PlannedTrial]]:
    """The kinds of server in turn, so that their templates are loaded side by side."""
    kinds = dict.fromkeys(planned.server for planned in trials if planned.server)
    lanes = ([(kind, planned) for planned in trials if planned.server == kind] for kind in kinds)
    return [one for row in zip_longest(*lanes) for one in row if one]


def _make(kind: str, planned: PlannedTrial, run: _Run) -> None:
    with run.floor.together():
        lane, outcome = _try(kind, planned, run.journal.experiment.plan.dataset, run, run.floor.alone)
        if lane:
            run.journal.loaded(lane.loaded)
        run.journal.add(outcome)


def _make_at_rate(kind: str, planned: PlannedTrial, dataset: DatasetSpec, run: _Run) -> None:
    """The same scenario on few events whose prices change more or less often; only its bytes are compared."""
    with run.floor.together():
        lane, outcome = _try(kind, planned, dataset, run, None)
        baseline = lane.loaded.footprint if lane else None
        run.journal.at_rate(RateTrial(dataset=dataset, baseline=baseline, outcome=outcome))


def _try(
    kind: str, planned: PlannedTrial, dataset: DatasetSpec, run: _Run, alone: Alone | None
) -> tuple[Lane | None, Outcome]:
    """One trial on a dataset that is loaded where it is not yet."""
    try:
        lane = run.fleet.lane(kind, dataset)
    except LabError as error:
        return None, Failed(scenario=planned.scenario, server=kind, step="load", error=str(error), steps=())
    again = " (again)" if planned.repeat > 1 else ""
    rate = "" if dataset.change_rate == 1 else f" at change rate {dataset.change_rate:g}"
    run.fleet.progress(f"{kind}: {planned.scenario}{again}{rate}")
    return lane, trial.make(planned, run.entries[planned.scenario].scenario, lane, alone)


def _at_rates(spec: DatasetSpec) -> list[DatasetSpec]:
    events = min(spec.events, RATE_EVENTS)
    return [replace(spec, events=events, change_rate=spec.change_rate * rate) for rate in RATES]


def check_room(servers: Sequence[Server], expected_bytes: int, jobs: int) -> None:
    """Refuse a run that would fill a disk half-way; one that is out of sight cannot be checked."""
    needed = expected_bytes * (ROOM + JOB_ROOM * jobs) * len(servers)
    for server in servers:
        free = server.free_bytes()
        if free is not None and free < needed:
            raise InputError(
                f"This run needs about {bytes_text(needed)} of disk for {server.kind}, and {bytes_text(free)} are free.",
                hint="Choose a smaller --size or fewer --jobs, or free space (embedded servers: TMPDIR on a larger disk).",
            )


def _open(results: Path, planned: Plan, imitated: Imitated, entries: Mapping[str, Registered]) -> Journal:
    started = now()
    size = bytes_text(planned.size_bytes).replace(" ", "")
    folder = store.new_run(results, imitated.case.case, size, started)
    experiment = Experiment(
        format=store.FORMAT,
        run=folder.name,
        started=started.isoformat(),
        finished=None,
        plan=planned,
        case=_case_facts(imitated.case),
        calibration=imitated.told,
        environment=_environment(),
        templates=(),
        scenarios={one.scenario: _facts(entries[one.scenario]) for one in planned.trials},
        outcomes=(),
        rate_trials=(),
    )
    if imitated.told:
        store.write(folder / store.CASE, imitated.case.text)  # with the plan, all that makes the same rows again
    store.save(folder, experiment)
    return Journal(folder=folder, experiment=experiment)


def _facts(entry: Registered) -> ScenarioFacts:
    scenario = entry.scenario
    return ScenarioFacts(
        title=scenario.title,
        category=scenario.category.value,
        description=entry.description,
        hypothesis=scenario.hypothesis,
        given_up=scenario.given_up,
        deletes_rows=scenario.keeps is not None,
        costs=scenario.costs,
        origins=dict(scenario.origins),
    )


def _case_facts(case: Case) -> CaseFacts:
    published: Any = case.published
    growth = published.get("growth", {}).get("gb_per_day_mean")
    return CaseFacts(
        case=case.case,
        database_bytes=int(published["totals"]["database_gb"] * 2**30),
        target_bytes=TARGET_BYTES,
        growth_bytes_per_day=None if growth is None else int(growth * 2**30),
        table_rows={table: figures["rows"] for table, figures in published["tables"].items()},
    )


def _environment() -> Environment:
    return Environment(
        lab=version("odds-storage-lab"),
        python=platform.python_version(),
        machine=f"{platform.system()} {platform.machine()}",
        cores=os.cpu_count() or 1,
        memory_bytes=psutil.virtual_memory().total,
    )
