"""The Pareto front of observations, and its hypervolume: how much of what could be had it dominates.

moocore computes both; one call for a few tens of points takes some microseconds.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import moocore  # type: ignore[import-untyped]
import numpy as np

from lab.search.observation import Axis, Observation

_REFERENCE = 1.1
"""Worse than anything on every axis, so that the best of one axis alone counts too."""
_WORST_LOSS = 2


def axes_of(observed: Iterable[Observation]) -> tuple[Axis, ...]:
    """The axes that were measured of all of them."""
    known = list(observed)
    return tuple(axis for axis in Axis if known and all(observation.cost(axis) is not None for observation in known))


def front(observed: Sequence[Observation]) -> tuple[Observation, ...]:
    """Those that no other one dominates on the axes that were measured of all, in their order."""
    axes = axes_of(observed)
    if not axes:
        return ()
    points = np.array([[observation.cost(axis) for axis in axes] for observation in observed], dtype=float)
    return tuple(
        observation
        for observation, best in zip(observed, moocore.is_nondominated(points, keep_weakly=True), strict=True)
        if best
    )


class Measure:
    """Hypervolume on fixed axes and scales, so that the volumes of two sets of observations can be compared."""

    def __init__(self, baseline: Observation, axes: Sequence[Axis]) -> None:
        self._baseline, self._axes = baseline, tuple(axes)

    def gains(self, observed: Iterable[Observation]) -> Gains:
        """What they dominate, and what one more would add."""
        return Gains(self, [self.point(observation) for observation in observed])

    def volume(self, observed: Iterable[Observation]) -> float:
        """The part of the space that they dominate; 0 of none."""
        return self.gains(observed).total

    def volume_of(self, points: Sequence[Sequence[float]]) -> float:
        """The same of scaled points."""
        return float(moocore.hypervolume(np.array(points), ref=[_REFERENCE] * len(self._axes))) if points else 0.0

    def point(self, observation: Observation) -> list[float]:
        """Its costs between 0, the best that could be, and 1, the worst that counts; what was not measured gains nothing.

        Bytes, those outside too, are a share of the baseline's; a ratio counts by the share of the new time that is added; a
        second counts half.
        """
        return [min(self._scaled(observation, axis), 1.0) for axis in self._axes]

    def _scaled(self, observation: Observation, axis: Axis) -> float:
        cost, before = observation.cost(axis), self._baseline.cost(axis)
        if cost is None:
            return 1.0
        if axis is Axis.OUTSIDE:
            return cost / self._baseline.bytes
        if axis in (Axis.BYTES, Axis.GROWTH):
            return cost / before if before else 1.0
        if axis in (Axis.READ, Axis.WRITE):
            return 1 - 1 / max(cost, 1.0)
        if axis is Axis.LOSS:
            return cost / _WORST_LOSS
        return cost / (1 + cost)


class Gains:
    """The hypervolume of some points, and what each further one adds to it."""

    def __init__(self, measure: Measure, points: Sequence[list[float]]) -> None:
        best = moocore.filter_dominated(np.array(points)) if points else np.empty((0, 1))
        self._measure, self._points = measure, [list(map(float, point)) for point in best]
        self.total = measure.volume_of(self._points)
        """Of the points."""

    def of(self, observation: Observation) -> float:
        """What that one adds; 0 where a point dominates it."""
        point = self._measure.point(observation)
        if any(all(a <= b for a, b in zip(known, point, strict=True)) for known in self._points):
            return 0.0
        return self._measure.volume_of([*self._points, point]) - self.total
