"""What the run at the end of a search is expected to take, beside what it took."""

from __future__ import annotations

import pytest

from lab.search.budget import run_seconds

OF_SAMPLE = (9.0, 7.4, 7.8, 13.4, 20.4)
"""Seconds of trials on 16 MB, the baseline's first, as a search measured them."""


@pytest.mark.parametrize(("took", "run"), [(20.4, 43.7), (19.1, 41.4)])
def test_a_run_is_expected_to_take_what_it_took_and_no_more_than_twice_that(took: float, run: float) -> None:
    expected = run_seconds([took], OF_SAMPLE, loading=3.4, longer=0.25, factor=38 / 16)
    assert run < expected < 1.6 * run


def test_the_part_that_grows_counts_where_the_run_is_much_larger() -> None:
    small, large = (run_seconds([20.4], OF_SAMPLE, loading=3.4, longer=0.25, factor=factor) for factor in (1, 16))
    assert large > 4 * small
