"""The only module that imports scipy: whether two sets of samples differ, and by how much."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy import stats

_RESAMPLES = 999
_CONFIDENCE = 0.95


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
    chance = float(stats.mannwhitneyu(after, before, alternative="two-sided").pvalue)
    interval = stats.bootstrap(
        (np.array(after), np.array(before)),
        _ratio,
        n_resamples=_RESAMPLES,
        confidence_level=_CONFIDENCE,
        method="percentile",
        vectorized=True,
        rng=np.random.default_rng(1),
    ).confidence_interval
    return Difference(chance=chance, low=float(interval.low), high=float(interval.high))


@lru_cache(maxsize=16384)  # several of each samples
def percentile(samples: tuple[float, ...], percent: float) -> float:
    """The value below which that part of the samples lies, interpolated between two of them."""
    return float(np.percentile(samples, percent))


def _ratio(after: np.ndarray, before: np.ndarray, axis: int) -> np.ndarray:
    return np.asarray(np.median(after, axis=axis) / np.median(before, axis=axis))
