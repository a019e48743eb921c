"""The life of a run: plan, then one trial after the other, each outcome on disk before the next begins."""

from __future__ import annotations

import os
import platform
import tempfile
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil

from data_gen import Case, Dataset, load_case
from lab import plan, registry, store
from lab.errors import InputError, LabError
from lab.fleet import Fleet, open_fleet
from lab.journal import Journal, now
from lab.registry import Registered
from lab.schedule import Job, Queue, work_off
from lab.servers import clean, open_workspace
from lab.steps import trial
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

ROOM = 10
"""Free disk that a server needs, in databases: the template, two clones with a second copy of each, WAL, slack."""

AT_ONCE = min(2, os.cpu_count() or 1)
"""Trials at once: a core for each, so that none slows the other down by much."""

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
    case: str
    size_bytes: int
    seed: int
    change_rate: float | None
    server: str
    results: Path
    postgres_bin: Path | None = None


def run(request: Request, progress: Progress, opened: Callable[[Path], None]) -> None:
    """Make a whole run; `opened` hears of its folder, where what was measured is kept however the run ends.

    Errors: `InputError` where the request cannot be carried out; nothing has been loaded then.
    """
    entries = {entry.name: entry for entry in registry.resolve(request.scenarios)}
    case = load_case(request.case)
    # Before planning, which would need more memory than there is for a size mistyped by a few zeros.
    check_room(Path(tempfile.gettempdir()), request.size_bytes)
    dataset = Dataset.plan(case, size_bytes=request.size_bytes, seed=request.seed, change_rate=request.change_rate)
    kinds = plan.kinds(request.server)
    store.check_writable(request.results)
    for line in clean():
        progress(f"removed what an earlier run left behind: {line}")
    with open_workspace() as workspace, open_fleet(workspace, request.postgres_bin, progress) as fleet:
        trials = plan.trials(tuple(entries.values()), kinds, fleet.capabilities)
        check_room(workspace.path, dataset.expected_bytes * len({one.server for one in trials if one.server}))
        entries[registry.BASELINE] = registry.registered()[registry.BASELINE]
        journal = _open(request, dataset, case, trials, entries)
        opened(journal.folder)
        _make_trials(trials, entries, fleet, journal)
    journal.finish()


def _make_trials(
    trials: Sequence[PlannedTrial], entries: Mapping[str, Registered], fleet: Fleet, journal: Journal
) -> None:
    """Trials side by side, each on a clone of its own; on a server whose databases share a WAL, one at a time."""
    for planned in trials:
        if planned.server is None:
            journal.add(Skipped(scenario=planned.scenario, server=None, reason=planned.reason))

    def interrupted() -> None:
        # An interrupted run keeps what it has. The servers are stopped under the trials that are being made.
        journal.close()
        fleet.close()

    kinds = dict.fromkeys(planned.server for planned in trials if planned.server)
    queues = [
        Queue(jobs=deque(_jobs(kind, trials, entries, fleet, journal)), shared=fleet.server(kind).isolated)
        for kind in kinds
    ]
    work_off(queues, at_once=AT_ONCE, interrupted=interrupted)


def _jobs(
    kind: str, trials: Sequence[PlannedTrial], entries: Mapping[str, Registered], fleet: Fleet, journal: Journal
) -> Iterator[Job]:
    """The trials on one kind of server, then those of them that are made at other change rates too."""
    own = [planned for planned in trials if planned.server == kind]
    for planned in own:
        yield partial(_make, kind, planned, entries[planned.scenario], fleet, journal)
    for planned in own:
        if entries[planned.scenario].scenario.depends_on_change_rate:
            for dataset in _at_rates(journal.experiment.plan.dataset):
                yield partial(_make_at_rate, kind, planned, entries[planned.scenario], dataset, fleet, journal)


def _make(kind: str, planned: PlannedTrial, entry: Registered, fleet: Fleet, journal: Journal) -> None:
    if journal.closed:
        return
    lane, outcome = _try(kind, planned, entry, journal.experiment.plan.dataset, fleet)
    if lane:
        journal.loaded(lane.loaded)
    journal.add(outcome)


def _make_at_rate(  # noqa: PLR0913, PLR0917 - what a trial needs, and at which rate
    kind: str, planned: PlannedTrial, entry: Registered, dataset: DatasetSpec, fleet: Fleet, journal: Journal
) -> None:
    """The same scenario on few events whose prices change more or less often."""
    if journal.closed:
        return
    lane, outcome = _try(kind, planned, entry, dataset, fleet)
    baseline = lane.loaded.footprint if lane else None
    journal.at_rate(RateTrial(dataset=dataset, baseline=baseline, outcome=outcome))


def _try(
    kind: str, planned: PlannedTrial, entry: Registered, dataset: DatasetSpec, fleet: Fleet
) -> tuple[Lane | None, Outcome]:
    """One trial on a dataset that is loaded where it is not yet."""
    try:
        lane = fleet.lane(kind, dataset)
    except LabError as error:
        return None, Failed(scenario=planned.scenario, server=kind, step="load", error=str(error), steps=())
    again = " (again)" if planned.repeat > 1 else ""
    rate = "" if dataset.change_rate == 1 else f" at change rate {dataset.change_rate:g}"
    fleet.progress(f"{kind}: {planned.scenario}{again}{rate}")
    return lane, trial.make(planned, entry.scenario, lane)


def _at_rates(spec: DatasetSpec) -> list[DatasetSpec]:
    events = min(spec.events, RATE_EVENTS)
    return [replace(spec, events=events, change_rate=spec.change_rate * rate) for rate in RATES]


def check_room(folder: Path, expected_bytes: int) -> None:
    """Refuse a run that would fill the disk half-way."""
    needed, free = expected_bytes * ROOM, psutil.disk_usage(str(folder)).free
    if free < needed:
        raise InputError(
            f"This run needs about {bytes_text(needed)} of disk in {folder}, and {bytes_text(free)} are free.",
            hint="Choose a smaller --size, free space, or set TMPDIR to a folder on a larger disk.",
        )


def _open(
    request: Request,
    dataset: Dataset,
    case: Case,
    trials: tuple[PlannedTrial, ...],
    entries: Mapping[str, Registered],
) -> Journal:
    started = now()
    size = bytes_text(request.size_bytes).replace(" ", "")
    folder = store.new_run(request.results, case.case, size, started)
    experiment = Experiment(
        format=store.FORMAT,
        run=folder.name,
        started=started.isoformat(),
        finished=None,
        plan=Plan(dataset=dataset.spec, size_bytes=request.size_bytes, trials=trials),
        case=_case_facts(case),
        environment=_environment(),
        templates=(),
        scenarios={planned.scenario: _facts(entries[planned.scenario]) for planned in trials},
        outcomes=(),
        rate_trials=(),
    )
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
