"""Measures combinations on a sample of one size: makes a trial, or takes it from the cache, and weighs it at full size."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from lab import registry, runs
from lab.analysis.candidate import Candidate
from lab.analysis.results import Results, analyse
from lab.registry import Registered
from lab.runner import plan
from lab.runner.environment import environment
from lab.runner.server_pool import ServerPool
from lab.search.cache import TrialCache
from lab.search.observation import Observation
from lab.search.space import Combination, name_of
from lab.trial import trial
from lab.values import (
    BASELINE,
    Category,
    Completed,
    Constraints,
    Environment,
    Experiment,
    MadeTrial,
    Plan,
    PlannedTrial,
    ScenarioFacts,
    TrialRequest,
)
from lab.values.events import Message, Progress
from lab.workload import Dataset, Workload

REST = ("(not imitated)", "bytes")
"""The place of the bytes that no strategy changes."""


@dataclass(kw_only=True)
class SampleTrials:
    """All trials on one dataset, one at a time, each made once."""

    pool: ServerPool
    cache: TrialCache
    workload: Workload
    dataset: Dataset
    case_sha256: str
    kinds: Sequence[str]
    """Of servers, in the order of preference."""
    constraints: Constraints
    step_seconds: float
    read_seconds: float
    read_subjects: int | None
    write_seconds: float
    progress: Progress
    load_seconds: dict[str, float] = field(default_factory=dict)
    """By server, what it took to load the dataset there; a server whose trials are all in the cache loads nothing."""
    _kept: dict[tuple[str, str], MadeTrial] = field(default_factory=dict)
    """By server and scenario."""
    _environment: Environment = field(default_factory=environment)

    def observe(self, combination: Combination) -> Observation | None:
        """What a trial of it shows; None where it did not complete, or its answers differ."""
        kept = self.made(combination)
        if kept is None or not isinstance(kept.outcome, Completed):
            return None
        baseline = self._trial(BASELINE, kept.outcome.server)
        found = (one for one in self._analysed([baseline, kept]).candidates if one.trial is kept.outcome)
        # None where answers differ, the baseline failed, or nobody knows how much is kept.
        candidate = next(found, None)
        return observation(candidate, combination, kept.took) if candidate else None

    def made(self, combination: Combination) -> MadeTrial | None:
        """The trial of it; None where no server here can run it."""
        (entry,) = registry.resolve([name_of(combination)])
        server = self._server(entry)
        return self._trial(entry.name, server) if server else None

    @property
    def took(self) -> list[float]:
        """Seconds of each trial, in their order; the first is a baseline."""
        return [kept.took for kept in self._kept.values()]

    def results(self) -> Results:
        """The analysis of all trials so far."""
        return self._analysed(self._kept.values())

    def _server(self, entry: Registered) -> str | None:
        placed = plan.trials((entry,), self.kinds, self.pool.capabilities)
        return next(one.server for one in placed if one.scenario == entry.name)

    def _trial(self, scenario: str, server: str) -> MadeTrial:
        if (server, scenario) not in self._kept:
            self._kept[server, scenario] = self._made(scenario, server)
        return self._kept[server, scenario]

    def _made(self, scenario: str, server: str) -> MadeTrial:
        request = TrialRequest(
            planned=PlannedTrial(scenario=scenario, server=server),
            dataset=self.dataset.spec,
            case_sha256=self.case_sha256,
            timed=True,
            step_seconds=self.step_seconds,
            read_seconds=self.read_seconds,
            read_subjects=self.read_subjects,
            write_seconds=self.write_seconds,
            traffic=True,  # without anybody who looks on, the locks of VACUUM and of procedures are not known
        )
        known = self.cache.get(request, self.pool.server(server))
        if known:
            return known
        started = time.monotonic()
        bench = self.pool.bench(server, self.dataset)
        self.load_seconds.setdefault(server, time.monotonic() - started)
        self.progress(Message(server=server, text=f"{scenario} on {self.dataset.description}"))
        (entry,) = registry.resolve([scenario])
        started = time.monotonic()
        outcome = trial.run(request, entry.scenario, bench)
        kept = MadeTrial(template=bench.template.loaded, outcome=outcome, took=time.monotonic() - started)
        self.cache.put(request, bench.server, kept)
        return kept

    def _analysed(self, trials: Iterable[MadeTrial]) -> Results:
        made = list(trials)
        entries = registry.resolve({kept.outcome.scenario: None for kept in made})
        experiment = Experiment(
            format=runs.FORMAT,
            run="search",
            started="",
            finished=None,
            plan=Plan(
                dataset=self.dataset.spec,
                size_bytes=0,
                jobs=1,
                trials=tuple(PlannedTrial(scenario=kept.outcome.scenario, server=kept.outcome.server) for kept in made),
            ),
            workload=self.dataset.facts,
            case=self.workload.full_size,
            environment=self._environment,
            templates=tuple({kept.template.server: kept.template for kept in made}.values()),
            scenarios={entry.name: entry.facts for entry in entries},
            outcomes=tuple(kept.outcome for kept in made),
        )
        return analyse(experiment, self.constraints)


def observation(candidate: Candidate, combination: Combination, took: float) -> Observation:
    """A candidate as the search sees it."""
    projection, trial_rows = candidate.projection, candidate.trial.rows
    reads, worst = candidate.reads or (), candidate.worst_read
    return Observation(
        combination=combination,
        pieces={**projection.kinds, REST: projection.untouched},
        rows={
            table: factor * trial_rows[table]
            for table, factor in projection.scale.by_table.items()
            if table in trial_rows
        },
        growth=candidate.bytes_per_day,
        reads={f"{read.query} {read.columns}": read.slowdown for read in reads},
        write=candidate.write_ratio,
        seconds=0.0 if candidate.facts.category is Category.CONTROL else candidate.cost.seconds,
        lock=candidate.longest_lock_seconds,
        loss=loss_of(candidate.facts),
        took=took,
        outside=candidate.bytes_outside,
        read_interval=(worst.low, worst.high) if worst else None,
    )


def loss_of(facts: ScenarioFacts) -> int:
    """What a strategy loses, as `LOSSES`."""
    return 2 if facts.deletes_rows else 1 if facts.given_up else 0
