"""`--scenario best`: searches on a small sample, halves the field from sample to sample, and names what a full run measures.

The first sample has 16 MB, each later one four times as much, up to half of the asked size. It measures the best quarter of
what the one before it measured. The run at the asked size is then an ordinary run of the finalists.
"""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import count, takewhile
from typing import TypeAlias

from lab import registry
from lab.analysis.decision import loss_breaches
from lab.errors import InputError
from lab.registry import Registered
from lab.runner import pipeline, plan
from lab.runner.estimate import idle_seconds
from lab.runner.room import needed_bytes
from lab.runner.schedule import jobs_at_once
from lab.runner.server_pool import ServerPool, open_pool
from lab.search.budget import BUSIER, Clock, run_seconds
from lab.search.cache import TrialCache, code_digest
from lab.search.limits import Limits
from lab.search.measuring import SampleTrials, loss_of
from lab.search.result import SearchResult
from lab.search.space import Combination, legal, name_of, parts, represents
from lab.search.strategy import Search
from lab.servers import open_workspace
from lab.units import bytes_text
from lab.values import BASELINE, Category, Constraints, SearchEnding, SearchRecord
from lab.values.events import Message, Progress
from lab.workload import Workload

Ranked: TypeAlias = tuple[Combination, ...]
"""Best first."""

NAME = "best"
"""What stands for the search where scenarios are named."""
SMALLEST = 16 << 20
"""Bytes: smaller samples hold no week of data, and little but fixed overhead."""
HALVING = 4
"""Each sample is so many times as large as the one before, and measures this part of what the one before measured."""
FINALISTS = 2
"""The pick and the runner-up, where the budget allows."""
READ_SECONDS = 1.0
"""About how long the reads of a trial on a small sample are measured."""
WRITE_SECONDS = 0.5
"""The same of the writes."""
_PROMISING = (
    Category.ELIMINATE,
    Category.COMPRESS,
    Category.NORMALIZE,
    Category.DEDUPLICATE,
    Category.RETAIN,
    Category.ARCHIVE,
    Category.REARRANGE,
    Category.PARTITION,
)
"""In which order parts are tried alone. It decides nothing but what is known when a short budget ends."""
MOST_PARTS = 4
"""Of a combination."""


@dataclass(frozen=True, kw_only=True)
class Best:
    """What the search hands to the run at the asked size."""

    result: SearchResult
    """On the first sample."""
    sizes: tuple[int, ...]
    """Of the samples, in bytes."""
    finalists: tuple[str, ...]
    """The names of what the run measures, best first."""

    @property
    def recorded(self) -> SearchRecord:
        """What the run keeps of it."""
        return SearchRecord(
            sample_bytes=self.sizes[0],
            candidates=self.result.candidates,
            measured=len(self.result.observed),
            ending=self.result.ending,
            left_out=len(self.result.left_out),
        )


def search(request: pipeline.RunRequest, budget_seconds: float, progress: Progress) -> Best:
    """Find the finalists among all combinations that keep what must be kept.

    Errors: `InputError` where the budget does not reach for one trial, or no strategy keeps what must be kept.
    """
    clock = Clock(ends=time.monotonic() + budget_seconds)
    cache = trial_cache(request.workload)
    try:
        cache.check()
    except InputError as error:
        progress(Message(text=str(error)))
    needed = needed_bytes(sum(samples(request.size_bytes)), jobs_at_once(request.jobs))
    with (
        open_workspace(needed_bytes=len(plan.kinds(request.server)) * needed) as workspace,
        open_pool(workspace, request.options, progress) as pool,
    ):
        halving = _Halving(
            request=request,
            budget_seconds=budget_seconds,
            clock=clock,
            pool=pool,
            cache=cache,
            progress=progress,
        )
        return halving.run()


@dataclass(frozen=True, kw_only=True)
class _Halving:
    """One search, from the first sample to the finalists."""

    request: pipeline.RunRequest
    budget_seconds: float
    clock: Clock
    pool: ServerPool
    cache: TrialCache
    progress: Progress

    @property
    def constraints(self) -> Constraints:
        """As asked for, with the target of the case where there is no other."""
        return self.request.constraints.with_target(self.request.workload.full_size.target_bytes)

    def run(self) -> Best:
        """Search the first sample, halve the field on the others."""
        kinds = plan.kinds(self.request.server)
        among = self._keeping(self._in_order(parts(registry.registered().values()), kinds))
        sizes = samples(self.request.size_bytes)
        first, *later = (self._sample(size, kinds) for size in sizes)
        result = self._search(first, among, factor=self.request.size_bytes / sizes[0])
        ranked = _ranked(first, result)
        if not ranked:
            raise InputError("No combination saves more than noise on the sample.", hint="Give a larger --size.")
        for size, sample in zip(sizes[1:], later, strict=True):
            ranked = self._halved(sample, ranked, first, result, grown=size / sizes[0])
        factor = self.request.size_bytes / sizes[0]
        return Best(result=result, sizes=sizes, finalists=self._finalists(ranked, first, result, factor))

    def _in_order(self, among: Iterable[Registered], kinds: Sequence[str]) -> list[Registered]:
        """Those that a server here can run, in the order of their trials.

        First come those that need not wait, and of these what takes most away in general: where the budget is short, they have
        been measured.
        """
        runs = [part for part in among if self._server(part, kinds)]
        return sorted(runs, key=lambda part: (self._waits(part, kinds), _PROMISING.index(part.scenario.category)))

    def _waits(self, part: Registered, kinds: Sequence[str]) -> int:
        """0 of what is measured first, 1 of what needs another server than the baseline, 2 of a further form of an idea."""
        elsewhere = self._server(part, kinds) != self._server(registry.registered()[BASELINE], kinds)
        return int(elsewhere) if represents(part) else 2

    def _patience(self, part: Registered, sample: SampleTrials) -> float:
        """How many usual trials its trial may take: on a server that was not used yet, the baseline is measured first."""
        usual, server = self._server(registry.registered()[BASELINE], sample.kinds), self._server(part, sample.kinds)
        if server == usual:
            return 1.0
        size = samples(self.request.size_bytes)[0]
        return 2 * idle_seconds(str(server), size) / idle_seconds(str(usual), size)

    def _server(self, part: Registered, kinds: Sequence[str]) -> str | None:
        """Where it runs here; None where nothing can run it."""
        return plan.place(part, kinds, self.pool.capabilities).server

    def _keeping(self, among: Sequence[Registered]) -> tuple[Registered, ...]:
        """Those that lose nothing that must be kept. Errors: `InputError` where there is none."""
        strategies = tuple(part for part in among if not any(loss_breaches(part.facts, self.constraints)))
        if not strategies:
            raise InputError("No strategy that runs here keeps everything that must be kept.", hint="Allow a loss.")
        return strategies

    def _sample(self, size: int, kinds: Sequence[str]) -> SampleTrials:
        request, workload = self.request, self.request.workload
        return SampleTrials(
            pool=self.pool,
            cache=self.cache,
            workload=workload,
            dataset=workload.plan(size_bytes=size, seed=request.seed, parameters=request.parameters),
            case_sha256=pipeline.sha256(workload.case_text),
            kinds=kinds,
            constraints=on_sample(self.constraints, request.size_bytes / size),
            step_seconds=request.step_seconds,
            read_seconds=min(READ_SECONDS, request.read_seconds),
            read_subjects=request.read_subjects,
            write_seconds=min(WRITE_SECONDS, request.write_seconds),
            progress=self.progress,
        )

    def _search(self, sample: SampleTrials, among: Sequence[Registered], *, factor: float) -> SearchResult:
        """The search on the first sample; it leaves time for the run of whatever may be the pick.

        Errors: `InputError` where that leaves none.
        """
        result = Search(
            space=legal(among, MOST_PARTS),
            trial=sample.observe,
            origins={part.name: part.scenario.origins for part in among},
            loss={part.name: loss_of(part.facts) for part in among},
            limits=Limits(constraints=self.constraints),
            later={part.name: self._patience(part, sample) for part in among if self._waits(part, sample.kinds)},
            affords=lambda seconds, longest: self._affords(seconds, longest, sample, factor),
        ).run()
        if len(result.observed) > 1:
            return result
        if result.ending is SearchEnding.NOTHING_LEFT:
            raise InputError("No strategy could be applied to the sample.", hint="`lab run -s NAME` says why.")
        needed = self._run_seconds(sample, _usual(sample), factor)
        raise InputError(
            f"--budget {self.budget_seconds:.0f}s is too short for one trial: to measure one scenario at"
            f" {bytes_text(self.request.size_bytes)} takes about {needed:.0f} s here,"
            f" and {max(self.clock.left, 0):.0f} s are left.",
            hint="Give a larger --budget, or a smaller --size.",
        )

    def _affords(self, seconds: float, took: float, sample: SampleTrials, factor: float) -> bool:
        """Whether there is time for so many seconds of trials, and then for the run of a strategy that took so long on a sample."""
        return seconds + BUSIER * self._run_seconds(sample, [took], factor) <= self.clock.left

    def _run_seconds(self, sample: SampleTrials, took: Sequence[float], factor: float) -> float:
        """How long a run should take at `factor` times the size of a sample where its trials took so long."""
        longer = self.request.read_seconds + self.request.write_seconds - sample.read_seconds - sample.write_seconds
        loading = max(sample.load_seconds.values(), default=0.0)
        return run_seconds(took, sample.took, loading=loading, longer=longer, factor=factor)

    def _halved(
        self, sample: SampleTrials, ranked: Ranked, first: SampleTrials, result: SearchResult, *, grown: float
    ) -> Ranked:
        """The best quarter, measured on a sample that is `grown` times as large, in their order there."""
        took = {observation.combination: observation.took for observation in result.observed}
        factor = self.request.size_bytes / samples(self.request.size_bytes)[0]
        for combination in ((), *ranked[: max(FINALISTS, math.ceil(len(ranked) / HALVING))]):
            if not self._affords(grown * took[combination], took[combination], first, factor):
                break
            sample.observe(combination)
        return _ranked(sample, result) or ranked

    def _finalists(self, ranked: Ranked, first: SampleTrials, result: SearchResult, factor: float) -> tuple[str, ...]:
        """The best ones that the budget reaches for, at most `FINALISTS`; the best of all where it reaches for none."""
        took = {observation.combination: observation.took for observation in result.observed}

        def fit(*several: Combination) -> bool:
            return self._run_seconds(first, [took[combination] for combination in several], factor) <= self.clock.left

        pick = next(filter(fit, ranked), ranked[0])
        for better in takewhile(lambda combination: combination != pick, ranked):
            seconds = self._run_seconds(first, [took[better]], factor)
            why = f"its run takes about {seconds:.0f} s, more than is left of --budget"
            self.progress(Message(text=f"{name_of(better)} is better on the sample, but {why}"))
        others = [combination for combination in ranked if combination != pick and fit(pick, combination)]
        return tuple(map(name_of, (pick, *others[: FINALISTS - 1])))


def trial_cache(workload: Workload) -> TrialCache:
    """The trials that were made with these sources of the lab, of the scenarios and of the workload; errors as `code_digest`."""
    package = type(workload).__module__.partition(".")[0]
    return TrialCache(code=code_digest(dict.fromkeys(("lab", "scenarios", package))))


def samples(size_bytes: int) -> tuple[int, ...]:
    """The sizes that come before a run of that size, smallest first, each at most half of it; the size itself where none is."""
    sizes = (SMALLEST * HALVING**power for power in count())
    return tuple(takewhile(lambda size: 2 * size <= size_bytes, sizes)) or (size_bytes,)


def on_sample(constraints: Constraints, smaller: float) -> Constraints:
    """What keeps these keeps the given ones on data that is `smaller` times as large, too: locks last longer in proportion."""
    most = constraints.max_lock_seconds
    return replace(constraints, max_lock_seconds=None if most is None else most / smaller)


def _usual(sample: SampleTrials) -> list[float]:
    """What a trial of the sample usually takes: the median but for the first, which prepares the others."""
    return [statistics.median(sample.took[1:] or sample.took)] if sample.took else []


def _ranked(sample: SampleTrials, result: SearchResult) -> Ranked:
    """By the rule of the recommendation."""
    combinations = {observation.name: observation.combination for observation in result.observed}
    return tuple(combinations[candidate.trial.scenario] for candidate in sample.results().decision.ranking)
