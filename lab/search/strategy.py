"""Which combinations are measured, and in which order: single parts first, then greedily what promises most for its price.

As Extend does for indexes, the search widens what it has by the combination with the largest benefit per cost. The benefit
is what a forecast adds to the hypervolume of the front, the cost is the time of the trial. Every other trial goes to what
should become the smallest one within the limits: in turn of those that lose nothing, columns, or rows. What a measured
combination is expected to dominate gains nothing, and is never run. A trial corrects the forecasts of all combinations
that contain it.

What should keep the limits is measured before what perhaps keeps them; what is certain to break one is never measured. Only
where nothing gets under the target does the search go on for what comes closest to it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from math import inf
from statistics import median_low

from lab.search.forecast import Forecaster, Origins
from lab.search.front import Measure, axes_of, front
from lab.search.limits import Limits
from lab.search.observation import LOSSES, Observation
from lab.search.result import Compared, SearchResult
from lab.search.space import Combination

RESERVED = 4
"""Trials of combinations that a budget must leave room for, while parts are measured alone: else it ends before the first one."""
LEAST_GAIN = 0.0001
"""The search ends where no trial promises to improve the hypervolume, or the smallest size, by this share."""

Trial = Callable[[Combination], Observation | None]
"""Measures a combination; None where it could not be applied, or its answers differ."""
_Turn = Callable[[Sequence[Observation]], Combination | None]
"""Chooses among forecasts."""


@dataclass(kw_only=True)
class Search:
    """One search; `run` is called once."""

    space: Sequence[Combination]
    """What may be measured, single parts in the order of their trials; what loses more than it may is not in it."""
    trial: Trial
    origins: Origins
    loss: Mapping[str, int]
    """By part, as `Observation.loss`."""
    limits: Limits
    affords: Callable[[float, float], bool]
    """Whether there is time for so many seconds of trials, and then for the run of a finalist whose trial took so many."""
    later: Mapping[str, float] = field(default_factory=dict)
    """Parts that are measured alone only when the combinations of the others promise nothing more, each with how many times as
    long as a usual trial it may take."""
    _observed: dict[frozenset[str], Observation] = field(default_factory=dict)
    _refused: set[frozenset[str]] = field(default_factory=set)
    _forecasts: dict[Combination, Observation | None] = field(default_factory=dict)
    _compared: list[Compared] = field(default_factory=list)
    _slowest: float = 0.0
    """As `_slowest_pick`, after the last trial."""

    def run(self) -> SearchResult:
        """Measure the baseline, the parts alone, and then what promises most."""
        for combination in self._order():
            if self._fits(self._price(combination)):
                self._measure(combination)
        observed = tuple(self._observed.values())
        return SearchResult(
            observed=observed,
            compared=tuple(self._compared),
            front=tuple(sorted(front(self._contenders), key=lambda observation: observation.bytes)),
            within_limits=any(map(self.limits.satisfied_by, self._strategies)),
            axes=axes_of(observed),
            left_out=tuple(self._left_out()),
            candidates=len(self.space),
        )

    def _order(self) -> Iterator[Combination]:
        """Each is measured before the next one is chosen."""
        yield ()
        if frozenset[str]() not in self._observed:
            return
        single = [combination for combination in self.space if len(combination) == 1]
        first = deque(combination for combination in single if combination[0] not in self.later)
        while first and self._fits(self._price(first[0]), 1 + RESERVED):
            yield first.popleft()
        yield from self._greedy()
        for combination in (*first, *(combination for combination in single if combination[0] in self.later)):
            yield combination
            yield from self._greedy()

    def _greedy(self) -> Iterator[Combination]:
        """What promises most, until nothing does; a combination with a part that was not measured has no forecast."""
        turns = deque(turn for loss in LOSSES for turn in (partial(self._smallest, loss), self._widest))
        while chosen := self._promising(turns):
            yield chosen
            turns.rotate(-1)

    def _promising(self, turns: Iterable[_Turn]) -> Combination | None:
        """What the first turn that finds anything chooses, in the first of the fields in which any does."""
        affordable = [forecast for forecast in self._unmeasured() if self._fits(forecast.took)]
        choices = (turn(field) for field in self._fields(affordable) for turn in turns)
        return next(filter(None, choices), None)

    def _left_out(self) -> Iterator[Combination]:
        """What may still be measured and promises an improvement, or was never tried alone; without a baseline only that."""
        if frozenset[str]() not in self._observed:
            yield from [()] if self._may_be_measured(frozenset()) else []
            return
        *_, widest = self._fields(self._unmeasured())
        promising = {
            *(forecast.combination for loss in LOSSES for forecast in self._smaller(loss, widest)),
            *(forecast.combination for _, forecast in self._widening(widest)),
        }
        for combination in self.space:
            untried = len(combination) == 1 and self._may_be_measured(frozenset(combination))
            if untried or combination in promising:
                yield combination

    def _measure(self, combination: Combination) -> None:
        forecast = self._forecast(combination) if len(combination) > 1 else None
        observation, parts = self.trial(combination), frozenset(combination)
        if observation is None:
            self._refused.add(parts)
            return
        self._observed[parts] = observation
        self._slowest = self._slowest_pick()
        self._forecasts = {other: known for other, known in self._forecasts.items() if not parts < frozenset(other)}
        if forecast:
            self._compared.append(Compared(measured=observation, forecast=forecast))

    def _fits(self, seconds: float, trials: int = 1) -> bool:
        """Whether there is time for so many trials of that length, and then for the run of whatever may be the pick."""
        return self.affords(trials * seconds, max(seconds, self._slowest))

    def _slowest_pick(self) -> float:
        """Seconds of the longest trial of what may be the pick: what loses no more than has to be lost, within the limits."""
        strategies = [observation for observation in self._contenders if observation.combination]
        least = min((observation.loss for observation in strategies), default=0)
        return max((observation.took for observation in strategies if observation.loss == least), default=0.0)

    def _price(self, combination: Combination) -> float:
        """Seconds that a trial of it should take; before anything is known of it, the usual time so far."""
        forecast = self._forecast(combination) if len(combination) > 1 else None
        if forecast:
            return forecast.took
        known = [observation.took for observation in self._observed.values()] or [0.0]
        return median_low(known) * max((self.later.get(part, 1.0) for part in combination), default=1.0)

    def _forecast(self, combination: Combination) -> Observation | None:
        if combination not in self._forecasts:
            forecaster = Forecaster(observed=self._observed, origins=self.origins, loss=self.loss)
            self._forecasts[combination] = forecaster.forecast(combination)
        return self._forecasts[combination]

    def _unmeasured(self) -> list[Observation]:
        """The forecasts of what may still be measured."""
        return [
            forecast
            for combination in self.space
            if len(combination) > 1 and self._may_be_measured(frozenset(combination))
            if (forecast := self._forecast(combination))
        ]

    def _fields(self, among: Sequence[Observation]) -> Iterator[list[Observation]]:
        """The forecasts that are worth a trial, the most promising ones first; each field holds the ones before it."""
        yield [forecast for forecast in among if self.limits.satisfied_by(forecast)]
        yield [forecast for forecast in among if self.limits.perhaps_satisfied_by(forecast)]
        if not any(map(self.limits.satisfied_by, self._strategies)):
            yield [forecast for forecast in among if self.limits.without_target.perhaps_satisfied_by(forecast)]

    def _may_be_measured(self, parts: frozenset[str]) -> bool:
        return parts not in self._observed and not any(parts >= refused for refused in self._refused)

    @property
    def _strategies(self) -> list[Observation]:
        """What was measured, without the baseline: that nothing is done keeps the limits of reads and locks by itself."""
        return [observation for observation in self._observed.values() if observation.combination]

    @property
    def _contenders(self) -> list[Observation]:
        """What was measured within the limits; where no strategy keeps them, what does so but for the target, or all."""
        for limits in (self.limits, self.limits.without_target):
            if any(map(limits.satisfied_by, self._strategies)):
                return [observation for observation in self._observed.values() if limits.satisfied_by(observation)]
        return list(self._observed.values())

    def _smallest(self, loss: int, among: Sequence[Observation]) -> Combination | None:
        """The one that should be smallest of those that lose no more."""
        chosen = min(self._smaller(loss, among), key=lambda forecast: forecast.bytes, default=None)
        return chosen.combination if chosen else None

    def _smaller(self, loss: int, among: Iterable[Observation]) -> Iterator[Observation]:
        """What should be smaller than the smallest one within the limits, of those that lose no more."""
        best = min((observation.bytes for observation in self._contenders if observation.loss <= loss), default=inf)
        return (forecast for forecast in among if forecast.loss <= loss and forecast.bytes < best * (1 - LEAST_GAIN))

    def _widest(self, among: Sequence[Observation]) -> Combination | None:
        """What should add most to the hypervolume per second of its trial."""
        worth = [(gain / forecast.took, forecast.combination) for gain, forecast in self._widening(among)]
        return max(worth)[1] if worth else None

    def _widening(self, among: Iterable[Observation]) -> Iterator[tuple[float, Observation]]:
        """What should add to the hypervolume, after how much."""
        measure = Measure(self._observed[frozenset()], axes_of(self._observed.values()))
        volume = measure.gains(self._contenders)
        gains = ((volume.of(forecast), forecast) for forecast in among)
        return ((gain, forecast) for gain, forecast in gains if gain > LEAST_GAIN * volume.total)
