"""What each step of a migration takes at full size, from what it took at the two sizes of a run.

Two measurements can be read in three ways: as a constant part and one that grows with the data, as in proportion to the data,
and as a power of their amount. The first is the forecast, and the interval holds all three. It is widened by what two draws of
events differ by, in the same way as the interval of a size (`lab.analysis.interval`). Nothing here knows of a limit that
neither size has reached, such as the memory of the machine.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from lab.analysis.interval import error, mean_square
from lab.values import Completed, StepRecord

_STEEPEST = 2.0
"""The highest power of the amount of data: no step does more than compare all rows with all."""

_AMOUNTS: Mapping[str, Callable[[StepRecord], float | None]] = {
    "seconds": lambda step: step.seconds,
    "wal_bytes": lambda step: step.wal_bytes,
    "peak_bytes": lambda step: step.peak_bytes,
}

StepPair = tuple[StepRecord, StepRecord]
"""A step at the larger and at the smaller size."""


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """Bytes of the untouched tables at both sizes, and at the one that is forecast."""

    larger: float
    smaller: float
    full: float


@dataclass(frozen=True, kw_only=True)
class Amount:
    """A forecast with its interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class StepForecast:
    """One step at full size; None is what was not measured at both sizes."""

    step: str
    seconds: Amount | None
    wal_bytes: Amount | None
    peak_bytes: Amount | None
    """Size of the database's folder, without WAL and without tables that the workload does not imitate."""


def together(steps: Sequence[StepForecast | None]) -> StepForecast:
    """All steps of a migration as one: seconds and WAL add up, and the largest disk counts; None of what one of them lacks."""
    return StepForecast(
        step="all steps",
        seconds=_joined([step.seconds if step else None for step in steps], math.fsum),
        wal_bytes=_joined([step.wal_bytes if step else None for step in steps], math.fsum),
        peak_bytes=_joined([step.peak_bytes if step else None for step in steps], max),
    )


def _joined(amounts: Sequence[Amount | None], join: Callable[[Iterable[float]], float]) -> Amount | None:
    known = [amount for amount in amounts if amount]
    if not known or len(known) < len(amounts):
        return None
    return Amount(
        value=join(amount.value for amount in known),
        low=join(amount.low for amount in known),
        high=join(amount.high for amount in known),
    )


def readings(larger: float, smaller: float, sizes: Sizes) -> Amount:
    """The amount at full size, between the least and the most of the three readings."""
    growth = sizes.full / sizes.larger
    proportion = larger * growth
    slope = min(max((larger - smaller) / (sizes.larger - sizes.smaller), 0.0), larger / sizes.larger)
    line = larger + slope * (sizes.full - sizes.larger)
    power = line
    if larger > 0 and smaller > 0:
        exponent = math.log(larger / smaller) / math.log(sizes.larger / sizes.smaller)
        power = larger * growth ** min(max(exponent, 0.0), _STEEPEST)
    return Amount(value=line, low=min(line, proportion, power), high=max(line, proportion, power))


def matched(trial: Completed, smaller: Completed) -> tuple[StepPair, ...]:
    """The steps of a strategy at both sizes; none where it did not take the same ones."""
    ours, theirs = ([step for step in measured.steps if not step.auxiliary] for measured in (trial, smaller))
    same = [step.name for step in ours] == [step.name for step in theirs]
    return tuple(zip(ours, theirs, strict=True)) if same else ()


def forecasts(
    trials: Mapping[int, tuple[Sequence[StepPair], Sizes]], *, draws: int, fewer: int
) -> dict[int, tuple[StepForecast, ...]]:
    """The steps of every trial at full size, by its key in `trials`; `draws` and `fewer` are the events of both sizes."""
    amounts = {name: _amounts(trials, amount, draws=draws, fewer=fewer) for name, amount in _AMOUNTS.items()}
    return {
        key: tuple(
            StepForecast(step=step.name, **{name: amounts[name].get(key, {}).get(number) for name in _AMOUNTS})
            for number, (step, _) in enumerate(pairs)
        )
        for key, (pairs, _) in trials.items()
    }


def _amounts(
    trials: Mapping[int, tuple[Sequence[StepPair], Sizes]],
    amount: Callable[[StepRecord], float | None],
    *,
    draws: int,
    fewer: int,
) -> dict[int, dict[int, Amount]]:
    """By trial, the steps by number that were measured at both sizes."""
    at_both_sizes = {key: (_known(pairs, amount), sizes) for key, (pairs, sizes) in trials.items()}
    gaps = {
        key: gap
        for key, (measured, sizes) in at_both_sizes.items()
        if (gap := _gap(measured.values(), sizes)) is not None
    }
    pooled = mean_square(gaps.values()) if gaps else 0.0
    amounts: dict[int, dict[int, Amount]] = {}
    for key, gap in gaps.items():
        measured, sizes = at_both_sizes[key]
        share = error(gap, pooled, draws=draws, fewer=fewer)
        amounts[key] = {number: _widened(readings(*pair, sizes), share) for number, pair in measured.items()}
    return amounts


def _known(pairs: Sequence[StepPair], amount: Callable[[StepRecord], float | None]) -> dict[int, tuple[float, float]]:
    measured = {number: (amount(larger), amount(smaller)) for number, (larger, smaller) in enumerate(pairs)}
    return {
        number: (larger, smaller)
        for number, (larger, smaller) in measured.items()
        if larger is not None and smaller is not None
    }


def _gap(measured: Collection[tuple[float, float]], sizes: Sizes) -> float | None:
    """By which share of the larger size's sum the smaller one misses it in proportion; None where there is nothing."""
    total = math.fsum(larger for larger, _ in measured)
    misses = (smaller * sizes.larger / sizes.smaller - larger for larger, smaller in measured)
    return math.hypot(*misses) / total if total else None


def _widened(read: Amount, share: float) -> Amount:
    half = share * read.value
    return Amount(value=read.value, low=max(read.low - half, 0.0), high=read.high + half)
