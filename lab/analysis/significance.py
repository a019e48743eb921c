"""Whether two sets of samples differ, and by how much.

Both are as scipy computes them, to the last digit of the interval; a report compares hundreds of pairs, and loading scipy
takes longer than that. Its results are what the tests compare with.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

import numpy as np

_RESAMPLES = 999
_CONFIDENCE = 0.95
_FEW = 8
"""Of so many samples, chance is counted out exactly."""


@dataclass(frozen=True, kw_only=True)
class Difference:
    """Two sets of samples, compared."""

    chance: float
    """Mann-Whitney's two-sided p: how probable it is that samples of one and the same thing lie this far apart."""
    low: float
    """Lower end of the interval of 95 % of the ratio of medians, by bootstrap."""
    high: float


@lru_cache(maxsize=4096)  # every report of a run compares the same samples
def difference(after: tuple[float, ...], before: tuple[float, ...]) -> Difference:
    """Compare samples, all above 0; the same samples always give the same numbers."""
    rng = np.random.default_rng(1)
    medians = [_medians(np.array(samples), rng) for samples in (after, before)]
    ratios = np.sort(medians[0] / medians[1])
    low, high = (_quantile(ratios, share) for share in ((1 - _CONFIDENCE) / 2, 1 - (1 - _CONFIDENCE) / 2))
    return Difference(chance=chance(after, before), low=low, high=high)


@lru_cache(maxsize=16384)  # several of each samples
def percentile(samples: tuple[float, ...], percent: float) -> float:
    """The value below which that part of the samples lies, interpolated between two of them."""
    return float(np.percentile(samples, percent))


def chance(after: Sequence[float], before: Sequence[float]) -> float:
    """Mann-Whitney's two-sided p, between 0 and 1."""
    wins = sum((a > b) + 0.5 * (a == b) for a in after for b in before)
    larger = max(wins, len(after) * len(before) - wins)
    ties = [count for count in Counter((*after, *before)).values() if count > 1]
    tail = _counted if min(len(after), len(before)) <= _FEW and not ties else _normal
    return min(1.0, 2 * tail(larger, len(after), len(before), ties))


def _counted(wins: float, after: int, before: int, _: Sequence[int]) -> float:
    """Of all orders of the samples, the share in which one set wins so often or more."""
    orders = _orders(after, before)
    return sum(orders[round(wins) :]) / sum(orders)


@cache
def _orders(after: int, before: int) -> tuple[int, ...]:
    """By how often one set wins, the number of orders of so many samples of both."""
    if not after or not before:
        return (1,)
    counts = [0] * (after * before + 1)
    for wins, count in enumerate(_orders(after - 1, before)):  # the largest is one of `after`
        counts[wins + before] += count
    for wins, count in enumerate(_orders(after, before - 1)):
        counts[wins] += count
    return tuple(counts)


def _normal(wins: float, after: int, before: int, ties: Sequence[int]) -> float:
    """The same by the normal distribution, corrected for ties and for whole numbers."""
    number = after + before
    tied = sum(count**3 - count for count in ties) / (number * (number - 1))
    spread = math.sqrt(after * before / 12 * (number + 1 - tied))
    beyond = wins - after * before / 2 - 0.5
    return 0.5 * math.erfc(beyond / spread / math.sqrt(2)) if spread else 1.0


def _quantile(ordered: np.ndarray, share: float) -> float:
    """The value below which that share of them lies, interpolated between two of them."""
    number, part = divmod(share * len(ordered) + (1 - share), 1.0)
    return float((1 - part) * ordered[int(number) - 1] + part * ordered[int(number)])


def _medians(samples: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Of as many samples, drawn again and again from these."""
    drawn = samples[rng.integers(0, len(samples), (_RESAMPLES, len(samples)))]
    return np.asarray(np.median(drawn, axis=-1))
