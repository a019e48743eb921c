"""The only module that imports scipy: whether two sets of samples differ, and by how much."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

import numpy as np
from scipy import stats

_RESAMPLES = 999
_CONFIDENCE = 0.95

Samples: TypeAlias = tuple[float, ...]
"""Seconds, in the order of measurement."""


@dataclass(frozen=True, kw_only=True)
class Difference:
    """Two sets of samples, compared."""

    chance: float
    """Mann-Whitney's two-sided p: how probable it is that samples of one and the same thing lie this far apart."""
    low: float
    """Lower end of the interval of 95 % of the ratio of medians, by bootstrap."""
    high: float


@lru_cache(maxsize=4096)  # every report of a run compares the same samples
def differences(pairs: tuple[tuple[Samples, Samples], ...]) -> tuple[Difference, ...]:
    """Compare the two sets of each pair, all samples above 0; the same sets always give the same numbers.

    A call of scipy takes longer than its work on so few samples, so pairs of a kind share one.
    """
    by_number: dict[int, Difference] = {}
    for numbers in _of_a_kind(pairs):
        sides = tuple(np.array([pairs[number][side] for number in numbers]) for side in (0, 1))
        by_number |= zip(numbers, _compared(*sides), strict=True)
    return tuple(by_number[number] for number in range(len(pairs)))


@lru_cache(maxsize=16384)
def percentiles(samples: Samples, percents: tuple[float, ...]) -> tuple[float, ...]:
    """The values below which those parts of the samples lie, interpolated between two of them."""
    return tuple(np.percentile(samples, percents).tolist())


def _of_a_kind(pairs: Sequence[tuple[Samples, Samples]]) -> Iterable[list[int]]:
    """The numbers of the pairs with sets of the same lengths, and with a tie or without: that decides how p is computed."""
    alike: defaultdict[tuple[int, int, bool], list[int]] = defaultdict(list)
    for number, (after, before) in enumerate(pairs):
        alike[len(after), len(before), len({*after, *before}) < len(after) + len(before)].append(number)
    return alike.values()


def _compared(after: np.ndarray, before: np.ndarray) -> Iterator[Difference]:
    """Row by row."""
    chances = stats.mannwhitneyu(after, before, alternative="two-sided", axis=-1).pvalue
    interval = stats.bootstrap(
        (after, before),
        _ratio,
        n_resamples=_RESAMPLES,
        confidence_level=_CONFIDENCE,
        method="percentile",
        vectorized=True,
        axis=-1,
        rng=np.random.default_rng(1),
    ).confidence_interval
    for chance, low, high in np.column_stack((chances, interval.low, interval.high)).tolist():
        yield Difference(chance=chance, low=low, high=high)


def _ratio(after: np.ndarray, before: np.ndarray, axis: int) -> np.ndarray:
    return np.asarray(np.median(after, axis=axis) / np.median(before, axis=axis))
