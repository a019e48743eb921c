"""How often something changes, by the hours to kick-off."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from itertools import repeat
from math import prod
from typing import Self

from data_gen.case import Band


@dataclass(frozen=True)
class Curve:
    """Shares per cycle, in steps."""

    hours: tuple[float, ...]
    """Where each step ends as kick-off approaches, ascending from 0."""
    shares: tuple[float, ...]
    """Not limited to 1, because a scaled curve may exceed it."""

    @classmethod
    def of(cls, bands: tuple[Band, ...], times: float) -> Self:
        """The curve of a case, scaled."""
        return cls(tuple(band.from_hours for band in bands), tuple(band.share * times for band in bands))

    def at(self, hours: float) -> float:
        """The share so many hours before kick-off; after it, that of the last moment before."""
        return self.shares[bisect_right(self.hours, max(hours, 0.0)) - 1]


def after(share: float, cycles: int) -> float:
    """The share of what changed at least once in so many cycles, where `share` of it changes in each.

    Multiplies only, because powers are not rounded alike on every machine.
    """
    return share if cycles == 1 else 1.0 - prod(repeat(1.0 - share, cycles))
