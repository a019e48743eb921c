"""Prices move as often as observed, and prices of a snapshot are the same in its rows and in its document."""

from __future__ import annotations

import numpy as np
import pytest

from data_gen import load_case
from data_gen.case import Band
from data_gen.curve import Curve, after
from data_gen.fixtures import Fixture
from data_gen.odds import Feed
from data_gen.offer import Depth, Platform
from data_gen.payloads import BET9JA, BETPAWA, COMPETITORS, SPORTYBET

_MATCHES = [Fixture(number, 1, 1_770_000_000_000_000) for number in range(4)]
_BANDS = load_case("2026-02-17").workload.price_changes
_platforms = pytest.mark.parametrize("platform", [BETPAWA, *COMPETITORS], ids=lambda platform: platform.name)


def _feed(platform: Platform, times: float = 1.0, match: Fixture = _MATCHES[0]) -> Feed:
    offer = platform.offer(match, Depth(rows=0.7, document=0.7))
    return Feed(offer, platform, match.chance(1), Curve.of(_BANDS, times))


def _changed(platform: Platform, hours: float, times: float = 1.0, cycles: int = 1) -> float:
    """Share of the prices that show another number than before."""
    seen = []
    for feed in [_feed(platform, times, match) for match in _MATCHES]:
        for _ in range(300):
            before = feed.prices.copy()
            feed.step(hours, cycles=cycles)
            seen.append(np.mean(before != feed.prices))
    return float(np.mean(seen))


@_platforms
@pytest.mark.parametrize("band", _BANDS[:-1], ids=lambda band: f"{band.from_hours:g}h")
def test_as_many_prices_change_as_the_case_says_for_the_hours_to_kick_off(platform: Platform, band: Band) -> None:
    assert _changed(platform, band.from_hours + 0.5) == pytest.approx(band.share, rel=0.2)


def test_the_rate_of_a_run_scales_the_curve() -> None:
    assert _changed(BETPAWA, 40, times=4) == pytest.approx(4 * _changed(BETPAWA, 40), rel=0.25)
    assert _changed(BETPAWA, 0.5, times=1000) == pytest.approx(BETPAWA.moves, rel=0.1)


def test_what_changes_while_the_machine_is_down_adds_up() -> None:
    assert after(0.1, 3) == pytest.approx(1 - 0.9**3)
    assert _changed(BETPAWA, 40, cycles=84) > 15 * _changed(BETPAWA, 40)


def test_at_a_rate_of_0_nothing_changes() -> None:
    assert _changed(BETPAWA, 3, times=0, cycles=9) == 0


def test_a_deduplicated_feed_has_a_change_whenever_it_is_stored() -> None:
    feed = _feed(SPORTYBET, 0.001)
    assert all(feed.step(40, forced=True) for _ in range(50))


@_platforms
def test_prices_stay_on_the_ladder(platform: Platform) -> None:
    feed = _feed(platform)
    for _ in range(200):
        feed.step(1)
    assert feed.prices.min() >= 101
    assert feed.prices.max() <= platform.ladder[-1][0]


def test_bet9ja_prices_above_fifteen_are_whole() -> None:
    prices = _feed(BET9JA).prices
    assert np.all(prices[prices >= 1_500] % 100 == 0)
