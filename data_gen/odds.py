"""How prices move: in blocks of a feed, and more often as kick-off approaches."""

from __future__ import annotations

from functools import cache
from itertools import pairwise

import numpy as np

from data_gen.offer import BLOCKS, Offer, Platform
from data_gen.spread import Floats, Ints

SUSPENDED = 0.000474
"""Share of the outcomes with `is_active` false."""

_QUICK_BLOCKS = 4  # of the 18: the main markets, re-issued at nearly every cycle when anything happens
_QUICK, _SLOW = 3.4, 0.31  # their rates, as multiples of the mean over all blocks
_HIGHEST = 0.8  # three hours before kick-off 75-80 % of the markets are younger than ten minutes
_RISES = ((3.0, 25.0), (9.0, 2.0), (12.0, 1.0))  # hours before kick-off, and the rate as a multiple of the calm one


class Feed:
    """The prices of one offer through time; the same arguments give the same history in every pass."""

    def __init__(self, offer: Offer, platform: Platform, chance: np.random.Generator, change_rate: float) -> None:
        """`change_rate` is the share of blocks re-issued per cycle more than 12 h before kick-off."""
        self._ladder = _ladder(platform.ladder)
        self._chance = chance
        self._rates = np.where(np.arange(BLOCKS) % 5 == 0, _QUICK, _SLOW) * change_rate
        self._opening = np.array(offer.opening) - 100
        self._blocks = blocks = np.array(offer.blocks)
        self._members = [np.nonzero(blocks == block)[0] for block in range(BLOCKS)]
        self._strength = chance.integers(700, 1400, BLOCKS)[blocks] + chance.integers(-60, 61, len(blocks))
        self.prices = np.empty(len(blocks), np.int64)
        self.active = np.ones(len(blocks), np.bool_)
        self._issue(np.arange(len(blocks)))

    def step(self, hours: float, *, forced: bool) -> list[int]:
        """Advance by one scrape, `hours` before kick-off; return the blocks that were re-issued.

        Where `forced`, at least one block is re-issued: a deduplicated feed is stored only if something changed.
        """
        rates = np.minimum(self._rates * _rise(hours), _HIGHEST)
        with np.errstate(divide="ignore"):  # at a change rate of 0 nothing is drawn
            draws: Floats = self._chance.random(BLOCKS) / rates
        changed: list[int] = np.nonzero(draws < 1)[0].tolist()
        changed = changed or ([int(draws.argmin())] if forced else [])
        if changed:
            self._move(np.concatenate([self._members[block] for block in changed]))
        return changed

    @property
    def all_blocks(self) -> list[int]:
        """Numbers of all blocks; the first update covers them all."""
        return list(range(BLOCKS))

    def members(self, blocks: list[int]) -> list[int]:
        """Numbers of the prices of these blocks."""
        return [number for block in blocks for number in self._members[block].tolist()]

    def _move(self, numbers: Ints) -> None:
        moves = self._chance.integers(-45, 46, BLOCKS)[self._blocks[numbers]] + self._chance.integers(
            -15, 16, len(numbers)
        )
        self._strength[numbers] = np.minimum(np.maximum(self._strength[numbers] + moves, 500), 1700)
        self._issue(numbers)

    def _issue(self, numbers: Ints) -> None:
        raw = 100 + self._opening[numbers] * self._strength[numbers] // 1000
        self.prices[numbers] = self._ladder[np.minimum(raw, len(self._ladder) - 1)]
        self.active[numbers] = self._chance.random(len(numbers)) >= SUSPENDED


def _rise(hours: float) -> float:
    """The rate at that many hours before kick-off, as a multiple of the calm rate; interpolated linearly."""
    for (late, high), (early, low) in pairwise(_RISES):
        if hours < early:
            return high + (low - high) * max(hours - late, 0) / (early - late)
    return 1.0


@cache
def _ladder(steps: tuple[tuple[int, int], ...]) -> Ints:
    """The price on offer for every raw price from 0 to the highest, in hundredths."""
    bounds = [bound for bound, _ in steps]
    raw = np.arange(bounds[-1] + 1)
    step = np.array([step for _, step in steps])[np.searchsorted(bounds, raw)]
    result: Ints = np.maximum(raw // step * step, 101)
    return result
