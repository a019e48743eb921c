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

_AT_ONCE = 128
"""Pairs that share a call of scipy, which resamples all of them at once: 60 MB with 30 samples each."""

Samples: TypeAlias = tuple[float, ...]
"""Seconds, in the order of measurement."""

Pair: TypeAlias = tuple[Samples, Samples]
"""What to compare: after, and before."""


@dataclass(frozen=True, kw_only=True)
class Difference:
    """Two sets of samples, compared."""

    chance: float
    """Mann-Whitney's two-sided p: how probable it is that samples of one and the same thing lie this far apart."""
    low: float
    """Lower end of the interval of 95 % of the ratio of medians, by bootstrap."""
    high: float


_known: dict[Pair, Difference] = {}
"""Of all that was compared so far: every report of a run compares the same samples."""


def compared(pairs: Sequence[Pair]) -> list[Difference]:
    """Compare the two sets of each pair, all samples above 0; the same sets always give the same numbers.

    A call of scipy takes longer than its work on so few samples: compare all pairs of a run at once, and later each of them costs
    nothing.
    """
    for alike in _of_a_kind(pair for pair in dict.fromkeys(pairs) if pair not in _known):
        for begin in range(0, len(alike), _AT_ONCE):
            some = alike[begin : begin + _AT_ONCE]
            sides = (np.array([pair[side] for pair in some]) for side in (0, 1))
            _known.update(zip(some, _differences(*sides), strict=True))
    return [_known[pair] for pair in pairs]


@lru_cache(maxsize=16384)
def percentiles(samples: Samples, percents: tuple[float, ...]) -> tuple[float, ...]:
    """The values below which those parts of the samples lie, interpolated between two of them."""
    return tuple(np.percentile(samples, percents).tolist())


def _of_a_kind(pairs: Iterable[Pair]) -> Iterable[list[Pair]]:
    """The pairs with sets of the same lengths, and with a tie or without: that decides how p is computed."""
    alike: defaultdict[tuple[int, int, bool], list[Pair]] = defaultdict(list)
    for after, before in pairs:
        alike[len(after), len(before), len({*after, *before}) < len(after) + len(before)].append((after, before))
    return alike.values()


def _differences(after: np.ndarray, before: np.ndarray) -> Iterator[Difference]:
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
