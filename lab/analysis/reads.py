"""What the application's reads take after a strategy, against the baseline that was measured in turn with them.

Two identical databases differ too. By how much shows the baseline's own trials, which are compared with the same untouched
clone. A difference is named only where chance hardly explains it and its whole interval lies beyond that gap. The gap of one
query may be small by luck, so it is at least the median of all queries of that server.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import median
from typing import TYPE_CHECKING

from lab.units import duration_text, ratio_text
from lab.values import Completed, ReadCost, ReadSide

if TYPE_CHECKING:
    from lab.analysis import significance

CHANCE = 0.01
"""Mann-Whitney's p below which a difference counts; with five samples of each side it can be 0.008."""
_CLEAR = 1.2
"""On a quiet machine and with many samples, two baselines differ by less, in the median of the queries."""
_NAMED = 4
"""Queries that a sentence names."""


class Difference(StrEnum):
    """How the time of a query changed."""

    SLOWER = "slower"
    FASTER = "faster"
    NONE = "no difference"
    """Chance, or the gap of two baselines, explains it."""
    UNKNOWN = "not known"
    """No baseline of that server was measured, so its gap is not known."""


@dataclass(frozen=True, kw_only=True)
class ReadTime:
    """One side of a query: seconds, and what carries over to other machines."""

    median: float
    p95: float
    spread: float
    """Between the quartiles, as a share of the median."""
    cpu_seconds: float | None
    blocks: int | None


@dataclass(frozen=True, kw_only=True)
class ReadResult:
    """One query after one strategy."""

    query: str
    title: str
    """What it asks, in a few words; empty in older runs."""
    without: tuple[str, ...]
    """Columns that it left out; empty where it was read whole."""
    after: ReadTime
    before: ReadTime
    samples: int
    """Of each side."""
    ratio: float
    """Of the medians; above 1 it takes longer."""
    low: float
    high: float
    """The interval of 95 % of the ratio."""
    gap: float | None
    """The ratio by which baselines of the same server differ, at least 1; None without one."""
    change: Difference

    @property
    def named(self) -> bool:
        """Whether there is a difference to speak of."""
        return self.change in (Difference.SLOWER, Difference.FASTER)

    @property
    def slowdown(self) -> float:
        """The ratio of the medians or, of a slower one, that of the 95th percentiles if it is larger; 1 without a difference."""
        if self.change is Difference.SLOWER:
            return max(self.ratio, self.after.p95 / self.before.p95)
        return self.ratio if self.named else 1.0

    @property
    def columns(self) -> str:
        """Which columns were read, in words."""
        names = sorted({column.partition(".")[2] for column in self.without})
        return f"without {', '.join(names)}" if names else "all"

    @property
    def words(self) -> str:
        """As a sentence goes on: 'Q1 (event list) takes 5.5 times as long (5.1-5.9), 12 → 66 ms'."""
        parted = f" {self.columns}" if self.without else ""
        return (
            f"{called(self.query, self.title)}{parted} takes {ratio_text(self.ratio)} times as long"
            f" ({ratio_text(self.low)}-{ratio_text(self.high)}),"
            f" {duration_text(self.before.median)} → {duration_text(self.after.median)}"
        )


def called(query: str, title: str) -> str:
    """A read or a write by its name and in words: 'Q1 (event list)'."""
    return f"{query} ({title})" if title else query


Gaps = Mapping[tuple[str, str], float]
"""By server and query, the ratio that its baselines differ by, at least 1."""


def read_gaps(baselines: Mapping[str, Iterable[Completed]]) -> Gaps:
    """The gaps of all servers, from the trials of their baselines."""
    return gaps(
        (server, cost.query, _ratio(cost))
        for server, trials in baselines.items()
        for trial in trials
        for cost in trial.reads or ()
    )


def gaps(ratios: Iterable[tuple[str, str, float]]) -> Gaps:
    """The gaps, from the ratio of every query of every baseline, with its server."""
    logs: defaultdict[tuple[str, str], float] = defaultdict(float)
    for server, query, ratio in ratios:
        logs[server, query] = max(logs[server, query], abs(math.log(ratio)))
    usual = {server: median(log for key, log in logs.items() if key[0] == server) for server, _ in logs}
    return {key: math.exp(max(log, usual[key[0]])) for key, log in logs.items()}


def unclear(known: Gaps) -> Iterator[str]:
    """In words, each server on which two baselines differ by so much that a slower read may not be seen.

    Other work on the machine does that, and so do few samples.
    """
    for server in dict.fromkeys(server for server, _ in known):
        gaps = {query: gap for (place, query), gap in known.items() if place == server}
        usual, widest = median(gaps.values()), max(gaps, key=lambda query: gaps[query])
        if usual > _CLEAR:
            yield (
                f"{server}: the reads of two baselines differ by {ratio_text(usual)} times in the median, and those of"
                f" {widest} by {ratio_text(gaps[widest])} times. What is slower by less is not seen. Give the reads more time"
                " (--read-seconds), or measure when the machine does nothing else."
            )


def usual_gap(baseline: Completed) -> float:
    """The ratio by which the reads of a baseline differ from those of an untouched clone, in the median; 1 without any."""
    return median(read_gaps({baseline.server: [baseline]}).values() or [1.0])


def read_results(trial: Completed, known: Gaps, titles: Mapping[str, str]) -> tuple[ReadResult, ...] | None:
    """Every query of a trial in the order of the workload, with its title; None where none was timed."""
    if trial.reads is None:
        return None
    from lab.analysis.significance import compared  # noqa: PLC0415 - loading scipy takes longer than a report

    return tuple(
        _result(cost, difference, known.get((trial.server, cost.query)), titles.get(cost.query, ""))
        for cost, difference in zip(trial.reads, compared(samples(trial)), strict=True)
    )


def samples(trial: Completed) -> list[significance.Pair]:
    """The samples of every query that was timed, after the strategy and before."""
    return [(cost.after.timing.values, cost.before.timing.values) for cost in trial.reads or ()]


def main_read(reads: Sequence[ReadResult] | None) -> ReadResult | None:
    """The application's first query, with all columns that the strategy keeps."""
    return reads[0] if reads else None


@dataclass(frozen=True, kw_only=True)
class WorstRead:
    """What a strategy costs in reads: the form of a query that suffers most."""

    query: str
    """Empty where no query is slower."""
    title: str = ""
    """As `ReadResult.title`."""
    without: tuple[str, ...] = ()
    """Columns that it left out."""
    ratio: float
    """The larger of the ratios of the medians and of the 95th percentiles; 1 where no query is slower."""
    low: float
    high: float
    """The interval of 95 % of the ratio of medians, widened to hold `ratio`."""

    @property
    def called(self) -> str:
        """By its name and in words."""
        return called(self.query, self.title)


def worst_read(reads: Sequence[ReadResult] | None) -> WorstRead | None:
    """The largest ratio of all queries that are slower; None where none was compared."""
    if not reads or any(read.change is Difference.UNKNOWN for read in reads):
        return None
    slower = [_as_worst(read) for read in reads if read.change is Difference.SLOWER]
    return max(slower, key=lambda read: read.ratio, default=WorstRead(query="", ratio=1.0, low=1.0, high=1.0))


def _as_worst(read: ReadResult) -> WorstRead:
    ratio = read.slowdown
    return WorstRead(
        query=read.query,
        title=read.title,
        without=read.without,
        ratio=ratio,
        low=min(read.low, ratio),
        high=max(read.high, ratio),
    )


def in_words(reads: Sequence[ReadResult] | None) -> str:
    """What the reads cost, as one sentence."""
    if not reads:
        return "Reads: not measured."
    if all(read.change is Difference.UNKNOWN for read in reads):
        return "Reads: measured, but not compared: there is no baseline to tell a difference from noise."
    slower = slower_reads(reads)
    faster = sum(len(_of(reads, query, Difference.FASTER)) > 0 for query in _queries(reads))
    rest = f" Faster: {faster} of {len(_queries(reads))} queries." if faster else ""
    if not slower:
        return f"Reads: no query is slower than two baselines differ.{rest}"
    more = f"; {len(slower) - _NAMED} more are slower" if len(slower) > _NAMED else ""
    return f"Reads: {'; '.join(read.words for read in slower[:_NAMED])}{more}.{rest}"


def slower_reads(reads: Sequence[ReadResult]) -> list[ReadResult]:
    """The worst form of every query that is slower, the worst first."""
    worst = (
        max(slower, key=lambda read: read.ratio)
        for query in _queries(reads)
        if (slower := _of(reads, query, Difference.SLOWER))
    )
    return sorted(worst, key=lambda read: -read.ratio)


def _queries(reads: Sequence[ReadResult]) -> list[str]:
    return list(dict.fromkeys(read.query for read in reads))


def _of(reads: Sequence[ReadResult], query: str, change: Difference) -> list[ReadResult]:
    return [read for read in reads if read.query == query and read.change is change]


def _result(cost: ReadCost, compared: significance.Difference, gap: float | None, title: str) -> ReadResult:
    return ReadResult(
        query=cost.query,
        title=title,
        without=cost.without,
        after=_side(cost.after),
        before=_side(cost.before),
        samples=min(len(side.timing.values) for side in (cost.after, cost.before)),
        ratio=_ratio(cost),
        low=compared.low,
        high=compared.high,
        gap=gap,
        change=change_of(compared.low, compared.high, gap, by_chance=compared.chance >= CHANCE),
    )


def change_of(low: float, high: float, gap: float | None, *, by_chance: bool) -> Difference:
    """The change of a time whose ratio lies between `low` and `high`."""
    if gap is None:
        return Difference.UNKNOWN
    if by_chance or (low <= gap and high >= 1 / gap):
        return Difference.NONE
    return Difference.SLOWER if low > gap else Difference.FASTER


def _side(side: ReadSide) -> ReadTime:
    from lab.analysis.significance import percentiles  # noqa: PLC0415 - as above

    lower, upper, p95 = percentiles(side.timing.values, (25, 75, 95))
    return ReadTime(
        median=side.timing.seconds,
        p95=p95,
        spread=(upper - lower) / side.timing.seconds,
        cpu_seconds=side.cpu_seconds,
        blocks=side.blocks,
    )


def _ratio(cost: ReadCost) -> float:
    return cost.after.timing.seconds / cost.before.timing.seconds
