"""Prices move as often as observed, and prices of a snapshot are the same in its rows and in its document."""

from __future__ import annotations

import numpy as np
import pytest

from data_gen.fixtures import Fixture
from data_gen.odds import Feed
from data_gen.offer import BLOCKS, Depth, Platform
from data_gen.payloads import BET9JA, BETPAWA, COMPETITORS, SPORTYBET

_MATCH = Fixture(3, 1, 1_770_000_000_000_000)


def _feed(platform: Platform, change_rate: float = 0.1) -> Feed:
    return Feed(platform.offer(_MATCH, Depth(rows=0.7, document=0.7)), platform, _MATCH.chance(1), change_rate)


def _changed(hours: float, change_rate: float = 0.1) -> float:
    """Share of the blocks that change in a cycle."""
    feed = _feed(BETPAWA, change_rate)
    return sum(len(feed.step(hours, forced=False)) for _ in range(400)) / 400 / BLOCKS


def test_near_kick_off_three_markets_of_four_change_in_ten_minutes() -> None:
    assert 0.72 < _changed(3) < 0.82


def test_nine_hours_before_one_market_of_five_changes_in_ten_minutes() -> None:
    assert _changed(9) == pytest.approx(0.2, abs=0.03)


def test_the_calm_rate_is_the_parameter() -> None:
    assert _changed(40, change_rate=0.05) == pytest.approx(0.05, abs=0.015)


def test_at_a_rate_of_0_nothing_changes() -> None:
    assert _changed(3, change_rate=0) == 0


def test_a_deduplicated_feed_has_a_change_whenever_it_is_stored() -> None:
    feed = _feed(SPORTYBET, 0.001)
    assert all(feed.step(40, forced=True) for _ in range(50))


@pytest.mark.parametrize("platform", [BETPAWA, *COMPETITORS], ids=lambda platform: platform.name)
def test_prices_stay_on_the_ladder(platform: Platform) -> None:
    feed = _feed(platform)
    for _ in range(200):
        feed.step(1, forced=False)
    assert feed.prices.min() >= 101
    assert feed.prices.max() <= platform.ladder[-1][0]


def test_bet9ja_prices_above_fifteen_are_whole() -> None:
    prices = _feed(BET9JA).prices
    assert np.all(prices[prices >= 1_500] % 100 == 0)
