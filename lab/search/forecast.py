"""Forecasts a combination from the effects of its parts, with first-order interactions.

The effect of a part on a table is a factor, for each kind of bytes; on a read and on writes it is one, too. A forecast begins
with the largest combination inside of the asked one that was measured, and applies the other parts to it. A table that a part
makes anew holds as many rows as the table that it declares to follow. Where two parts were measured together, what they gave
beyond the forecast of both is their interaction, and it is applied wherever both meet again.

The lock of a part lasts at most as long as the shortest one of all measured combinations inside of the asked one that
contain it, and in proportion to the rows that are left; the longest of these is the forecast.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import combinations
from typing import TypeVar

from lab.search.observation import Observation, Place
from lab.search.space import Combination

Origins = Mapping[str, Mapping[str, str]]
"""By part, each new table to the table whose rows it grows with."""
_Key = TypeVar("_Key")


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
        for both, expected in self._together(combination, start):
            result = replace(
                result,
                pieces=_adjusted(result.pieces, both.pieces, expected.pieces),
                reads=_adjusted(result.reads, both.reads, expected.reads),
            )
        return replace(
            result,
            combination=combination,
            growth=self._growth(result, start, combination),
            lock=self._lock(combination, math.fsum(result.rows.values())),
            loss=max((self.loss[part] for part in combination), default=0),
        )

    @property
    def _base(self) -> Observation:
        return self.observed[frozenset()]

    def _single(self, part: str) -> Observation:
        return self.observed[frozenset((part,))]

    def _start(self, wanted: frozenset[str]) -> Observation:
        inside = (observation for parts, observation in self.observed.items() if parts < wanted)
        return max(inside, key=lambda observation: (len(observation.combination), -observation.bytes))

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
            outside=_plus(current.outside, alone.outside),
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
                yield place, now * self._share_left(alone, table, parts)
            else:
                yield place, then * self._share_left(current, table, parts)

    def _share_left(self, other: Observation, table: str, parts: Combination) -> float:
        """The share of a new table's rows that is left where `other` deletes rows of the table that it follows."""
        origin = next((self.origins[part][table] for part in parts if table in self.origins.get(part, {})), None)
        return _factor(other.rows.get(origin, 0.0), self._base.rows.get(origin)) if origin else 1.0

    def _together(self, combination: Combination, start: Observation) -> Iterator[tuple[Observation, Observation]]:
        """Every two parts that were measured together and are not both in `start`: as measured, and as forecast."""
        for first, second in combinations(combination, 2):
            both = self.observed.get(frozenset((first, second)))
            if both and not {first, second} <= set(start.combination):
                yield both, self._with(self._single(first), second)

    def _lock(self, combination: Combination, rows: float) -> float | None:
        """The longest of its parts, where `rows` rows are left in all."""
        wanted = frozenset(combination)
        inside = [
            (parts, _lock_of(observation, rows)) for parts, observation in self.observed.items() if parts <= wanted
        ]
        least = [
            min((lock for parts, lock in inside if part in parts and lock is not None), default=None)
            for part in combination
        ]
        return max((lock for lock in least if lock is not None), default=0.0) if None not in least else None

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


def _lock_of(observation: Observation, rows: float) -> float | None:
    """Its longest lock where only `rows` rows are left: it lasts in proportion to them."""
    return (
        None
        if observation.lock is None
        else observation.lock * min(_factor(rows, math.fsum(observation.rows.values())), 1.0)
    )


def _factor(after: float, before: float | None) -> float:
    return after / before if before else 1.0


def _adjusted(
    amounts: Mapping[_Key, float], measured: Mapping[_Key, float], expected: Mapping[_Key, float]
) -> Mapping[_Key, float]:
    """Each amount times measured ÷ expected, where both are there."""
    return {
        key: amount * (measured[key] / expected[key] if measured.get(key) and expected.get(key) else 1.0)
        for key, amount in amounts.items()
    }


def _times(first: float | None, second: float | None) -> float | None:
    return None if first is None or second is None else first * second


def _plus(first: float | None, second: float | None) -> float | None:
    return None if first is None or second is None else first + second
