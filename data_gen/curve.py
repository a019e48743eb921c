"""How often something changes, by the hours to kick-off."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from itertools import repeat
from math import prod
from typing import Self

import numpy as np

from data_gen.case import Band
from data_gen.spread import Floats, Ints


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

    def over(self, hours: Floats, cycles: Ints) -> Floats:
        """The shares so many hours before kick-off, each after so many cycles, as `after` has it."""
        shares: Floats = np.minimum(np.array(self.shares)[np.searchsorted(self.hours, hours, side="right") - 1], 1.0)
        for place in np.nonzero(cycles > 1)[0].tolist():
            shares[place] = after(float(shares[place]), int(cycles[place]))
        return shares


def after(share: float, cycles: int) -> float:
    """The share of what changed at least once in so many cycles, where `share` of it changes in each.

    Multiplies only, because powers are not rounded alike on every machine.
    """
    return share if cycles == 1 else 1.0 - prod(repeat(1.0 - share, cycles))
