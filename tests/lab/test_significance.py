"""What is said of two sets of samples is what scipy says, whatever their number and however many of them are equal."""

from __future__ import annotations

import random
from collections.abc import Iterator

import numpy as np

from lab.analysis.significance import difference

Samples = tuple[float, ...]


def pairs() -> Iterator[tuple[Samples, Samples]]:
    """From two to thirty samples, of as many digits that none or most of them are equal."""
    chance = random.Random(1)  # noqa: S311 - the same samples every time
    for number in range(60):
        digits = (9, 2, 1)[number % 3]
        counts = chance.randint(2, 12), chance.randint(2, 30)
        after, before = (tuple(round(chance.uniform(1, 2), digits) for _ in range(count)) for count in counts)
        yield after, before
    yield (1.0, 1.0), (1.0, 1.0)
    yield (2.0, 2.1, 2.2), (1.0, 1.1, 1.2)


def test_chance_and_interval_are_those_of_scipy() -> None:
    from scipy import stats  # noqa: PLC0415 - no other test waits for it

    for after, before in pairs():
        found = difference(after, before)
        chance = stats.mannwhitneyu(after, before, alternative="two-sided").pvalue
        assert abs(found.chance - chance) < 1e-12, (after, before)
        interval = stats.bootstrap(
            (np.array(after), np.array(before)),
            lambda one, other, axis: np.median(one, axis=axis) / np.median(other, axis=axis),
            n_resamples=999,
            method="percentile",
            rng=np.random.default_rng(1),
        ).confidence_interval
        assert (found.low, found.high) == (interval.low, interval.high), (after, before)
