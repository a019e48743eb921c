"""Sets of samples are compared many at a time, and each as if it were alone."""

from __future__ import annotations

import random

import pytest

from lab.analysis import significance
from lab.analysis.significance import Samples, compared, percentiles


def samples(seed: int, count: int, digits: int) -> Samples:
    """Seconds around 1 ms; with few digits some of them are equal."""
    chance = random.Random(seed)  # noqa: S311 - the same numbers at every run
    return tuple(round(0.001 * chance.lognormvariate(0, 0.1), digits) for _ in range(count))


def test_what_stands_beside_a_pair_changes_nothing_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    lengths = [(5, 5), (5, 5), (30, 30), (5, 30), (30, 30), (30, 30), (8, 8)]
    pairs = tuple(
        (samples(2 * number, after, digits), samples(2 * number + 1, before, digits))
        for number, (after, before) in enumerate(lengths * 2)
        for digits in (4, 12)
    )
    assert any(len({*after, *before}) < len(after) + len(before) for after, before in pairs)
    assert any(len({*after, *before}) == len(after) + len(before) for after, before in pairs)
    alone = [compared([pair])[0] for pair in pairs]
    monkeypatch.setattr(significance, "_known", {})
    assert compared(pairs) == alone


def test_the_median_lies_between_the_quartiles() -> None:
    assert percentiles((1.0, 2.0, 3.0, 4.0, 5.0), (25, 50, 75)) == (2.0, 3.0, 4.0)
