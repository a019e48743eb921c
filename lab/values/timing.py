"""Samples of how long something took."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, kw_only=True)
class Timing:
    """Samples of how long the same work took, in seconds, in the order they were measured."""

    warmups: tuple[float, ...]
    """Measured first, to fill caches; they are not part of the result."""
    values: tuple[float, ...]

    @property
    def seconds(self) -> float:
        """Median of the values."""
        return median(self.values)
