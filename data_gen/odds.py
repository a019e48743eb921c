"""How prices move: in blocks of a feed, and more often as kick-off approaches."""

from __future__ import annotations

from functools import cache

import numpy as np

from data_gen.curve import Curve, after
from data_gen.offer import BLOCKS, Offer, Platform
from data_gen.spread import Floats, Ints

SUSPENDED = 0.000474
"""Share of the outcomes with `is_active` false."""

_QUICK_BLOCKS = np.arange(BLOCKS) % 5 == 0  # 4 of the 18: the main markets
_QUICK = 3.4  # times the mean rate over all blocks, at which they are re-issued


class Feed:
    """The prices of one offer through time; the same arguments give the same history in every pass."""

    def __init__(self, offer: Offer, platform: Platform, chance: np.random.Generator, changes: Curve) -> None:
        """`changes` is the share of prices that change per cycle."""
        self._ladder = _ladder(platform.ladder)
        self._chance = chance
        self._changes = changes
        self._moves = platform.moves
        self._opening = np.array(offer.opening) - 100
        self._blocks = blocks = np.array(offer.blocks)
        self._members = [np.nonzero(blocks == block)[0] for block in range(BLOCKS)]
        self._strength = chance.integers(700, 1400, BLOCKS)[blocks] + chance.integers(-60, 61, len(blocks))
        self.prices = np.empty(len(blocks), np.int64)
        self.active = np.ones(len(blocks), np.bool_)
        self._issue(np.arange(len(blocks)))

    def step(self, hours: float, *, cycles: int = 1, forced: bool = False) -> list[int]:
        """Advance by so many cycles, until `hours` before kick-off; return the blocks that were re-issued.

        Where `forced`, at least one block is re-issued: a deduplicated feed is stored only if something changed.
        """
        quick, slow = (after(rate, cycles) for rate in _block_rates(self._changes.at(hours) / self._moves))
        rates = np.where(_QUICK_BLOCKS, quick, slow)
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


def _block_rates(mean: float) -> tuple[float, float]:
    """Rates of the quick and of the other blocks whose mean over all blocks is that."""
    number = int(_QUICK_BLOCKS.sum())
    quick = min(_QUICK * mean, 1.0)
    return quick, min((BLOCKS * mean - number * quick) / (BLOCKS - number), 1.0)


@cache
def _ladder(steps: tuple[tuple[int, int], ...]) -> Ints:
    """The price on offer for every raw price from 0 to the highest, in hundredths."""
    bounds = [bound for bound, _ in steps]
    raw = np.arange(bounds[-1] + 1)
    step = np.array([step for _, step in steps])[np.searchsorted(bounds, raw)]
    result: Ints = np.maximum(raw // step * step, 101)
    return result
