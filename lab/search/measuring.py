"""Measures combinations on a sample of one size: makes a trial, or takes it from the cache, and weighs it at full size."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from lab import registry, runs
from lab.analysis.candidate import Candidate
from lab.analysis.results import Results, analyse
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
    Plan,
    PlannedTrial,
    ScenarioFacts,
    TrialRecord,
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
    _records: dict[tuple[str, str], TrialRecord] = field(default_factory=dict)
    """By server and scenario."""
    _environment: Environment = field(default_factory=environment)

    def observe(self, combination: Combination) -> Observation | None:
        """What a trial of it shows; None where it did not complete, or its answers differ."""
        record = self.record(combination)
        if record is None or not isinstance(record.outcome, Completed):
            return None
        baseline = self._record(BASELINE, record.outcome.server)
        candidates = self._analysed([baseline, record]).candidates
        # None where answers differ, the baseline failed, or nobody knows how much is kept.
        candidate = next((candidate for candidate in candidates if candidate.trial is record.outcome), None)
        return observation(candidate, combination, record.took) if candidate else None

    def record(self, combination: Combination) -> TrialRecord | None:
        """The trial of it; None where no server here can run it."""
        (entry,) = registry.resolve([name_of(combination)])
        server = plan.place(entry, self.kinds, self.pool.capabilities).server
        return self._record(entry.name, server) if server else None

    @property
    def took(self) -> list[float]:
        """Seconds of each trial, in their order; the first is a baseline."""
        return [record.took for record in self._records.values()]

    def results(self) -> Results:
        """The analysis of all trials so far."""
        return self._analysed(self._records.values())

    def _record(self, scenario: str, server: str) -> TrialRecord:
        if (server, scenario) not in self._records:
            self._records[server, scenario] = self._measure(scenario, server)
        return self._records[server, scenario]

    def _measure(self, scenario: str, server: str) -> TrialRecord:
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
        record = TrialRecord(template=bench.template.loaded, outcome=outcome, took=time.monotonic() - started)
        self.cache.put(request, bench.server, record)
        return record

    def _analysed(self, records: Iterable[TrialRecord]) -> Results:
        trials = list(records)
        entries = registry.resolve({record.outcome.scenario: None for record in trials})
        experiment = Experiment(
            format=runs.FORMAT,
            run="search",
            started="",
            finished=None,
            plan=Plan(
                dataset=self.dataset.spec,
                size_bytes=0,
                jobs=1,
                trials=tuple(
                    PlannedTrial(scenario=record.outcome.scenario, server=record.outcome.server) for record in trials
                ),
            ),
            workload=self.dataset.facts,
            case=self.workload.full_size,
            environment=self._environment,
            templates=tuple({record.template.server: record.template for record in trials}.values()),
            scenarios={entry.name: entry.facts for entry in entries},
            outcomes=tuple(record.outcome for record in trials),
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
