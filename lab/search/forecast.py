"""Forecasts a combination from the effects of its parts, with first-order interactions.

The effect of a part on a table is a factor, for each kind of bytes. A forecast begins with the largest combination inside of
the asked one that was measured, and applies the other parts to it. A table that a part makes anew holds as many rows as the
table that it declares to follow. Where two parts were measured together, what they gave beyond the forecast of both is
their interaction, and it is applied wherever both meet again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import combinations

from lab.search.observation import Observation, Place
from lab.search.space import Combination

Origins = Mapping[str, Mapping[str, str]]
"""By part, each new table to the table whose rows it grows with."""


@dataclass(frozen=True, kw_only=True)
class Forecaster:
    """Forecasts from what is observed so far: the baseline, and parts alone; a part without a single trial has no forecast."""

    observed: Mapping[frozenset[str], Observation]
    origins: Origins
    loss: Mapping[str, int]
    """By part, as `Observation.loss`."""

    def forecast(self, combination: Combination) -> Observation | None:
        """What a trial of it should show; None where a part was never observed alone."""
        if any(frozenset((part,)) not in self.observed for part in combination):
            return None
        start = self._start(frozenset(combination))
        result = start
        for part in combination:
            if part not in start.combination:
                result = self._with(result, part)
        for factors in self._interactions(combination, start):
            pieces = {place: size * factors.get(place, 1.0) for place, size in result.pieces.items()}
            result = replace(result, pieces=pieces)
        growth = self._growth(result, start, combination)
        loss = max((self.loss[part] for part in combination), default=0)
        return replace(result, combination=combination, growth=growth, loss=loss)

    @property
    def _base(self) -> Observation:
        return self.observed[frozenset()]

    def _single(self, part: str) -> Observation:
        return self.observed[frozenset((part,))]

    def _start(self, wanted: frozenset[str]) -> Observation:
        inside = (one for parts, one in self.observed.items() if parts < wanted)
        return max(inside, key=lambda one: (len(one.combination), -one.bytes))

    def _with(self, current: Observation, part: str) -> Observation:
        """The effect of one more part on it."""
        base, alone = self._base, self._single(part)
        parts = (*current.combination, part)
        return replace(
            current,
            combination=parts,
            pieces=dict(self._pieces(current, alone, parts)),
            rows={
                table: count * _factor(alone.rows.get(table, 0.0), base.rows.get(table))
                for table, count in current.rows.items()
            },
            reads={query: ratio * alone.reads[query] for query, ratio in current.reads.items() if query in alone.reads},
            write=_times(current.write, alone.write),
            seconds=_plus(current.seconds, alone.seconds),
            lock=None if current.lock is None or alone.lock is None else max(current.lock, alone.lock),
            took=max(current.took + alone.took - base.took, 0.1),
        )

    def _pieces(self, current: Observation, alone: Observation, parts: Combination) -> Iterator[tuple[Place, float]]:
        base = self._base
        old, gone = {table for table, _ in base.pieces}, {table for table, _ in base.pieces}
        gone -= {table for table, _ in current.pieces}
        left = {table for table, _ in alone.pieces}
        for place in {**current.pieces, **alone.pieces}:
            table, now, then = place[0], current.pieces.get(place, 0.0), alone.pieces.get(place, 0.0)
            if table in gone or (table in old and table not in left):
                continue
            if table in old:
                before = base.pieces.get(place, 0.0)
                yield place, now * then / before if before else max(now, then)
            elif place in current.pieces:
                yield place, now * self._kept(alone, table, parts)
            else:
                yield place, then * self._kept(current, table, parts)

    def _kept(self, other: Observation, table: str, parts: Combination) -> float:
        """The share of a new table's rows that is left where `other` deletes rows of the table that it follows."""
        origin = next((self.origins[part][table] for part in parts if table in self.origins.get(part, {})), None)
        return _factor(other.rows.get(origin, 0.0), self._base.rows.get(origin)) if origin else 1.0

    def _interactions(self, combination: Combination, start: Observation) -> Iterator[Mapping[Place, float]]:
        """Of every two parts that were measured together and are not both in `start`: measured ÷ forecast, by place."""
        for first, second in combinations(combination, 2):
            both = self.observed.get(frozenset((first, second)))
            if both and not {first, second} <= set(start.combination):
                expected = self._with(self._single(first), second).pieces
                yield {
                    place: size / expected[place]
                    for place, size in both.pieces.items()
                    if size > 0 and expected.get(place, 0.0) > 0
                }

    def _growth(self, result: Observation, start: Observation, combination: Combination) -> float | None:
        """In proportion to the bytes; a part that saves more of one than of the other alone does so here too."""
        growth, base = start.growth, self._base
        if growth is None or base.growth is None:
            return None
        growth *= result.bytes / start.bytes
        for part in combination:
            alone = self._single(part)
            if part in start.combination:
                continue
            if alone.growth is None:
                return None
            growth *= alone.growth / base.growth * base.bytes / alone.bytes
        return growth


def _factor(after: float, before: float | None) -> float:
    return after / before if before else 1.0


def _times(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else one * other


def _plus(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else one + other
