"""How far a projection may be off, from two measured sizes that share no event.

The smaller size, projected to the rows of the larger one, misses what was measured there by a gap. Both draw events by
chance, n and m of them, so that a gap has the variance of one event times 1/n + 1/m, and what is projected from the larger
size alone that times 1/n. One gap may be small by luck: a trial's own is pooled with those of all trials of the run.
Bytes that are no more than what does not grow, such as a file's only page, say next to nothing of their rows, and a line
through two points says nothing of itself: both take no part in a gap, and may be none or twice as many.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from lab.analysis.projection import Piece, Scale, Target, follows_nothing, pieces, scale
from lab.values import Completed

_DEVIATIONS = 3.18
"""Half of an interval of 95 %, in standard errors that come from few tables: their weights make them about three, so that
this is Student's t with 3 degrees of freedom."""


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """Bytes with the interval that holds them; without a second size there is none."""

    bytes: int
    low: int | None
    high: int | None

    @property
    def percent(self) -> float | None:
        """Half of the interval, in percent of the bytes."""
        return None if self.high is None else 100 * (self.high - self.bytes) / self.bytes


def gap(trial: Completed, smaller: Completed, origins: Mapping[str, str]) -> float:
    """What the smaller size misses the larger by: root of the squares over all tables, as a share of what grows."""
    waiting = {table.table: table.rowstore.rows for table in trial.footprint.tables if table.rowstore}
    made = scale(Target(rows=trial.rows, newest_rows=waiting), smaller, origins)
    measured = {one.place: one.growing for one in pieces(trial.footprint)}
    misses: defaultdict[tuple[str, bool], float] = defaultdict(float)
    for one in pieces(smaller.footprint):
        if _tells(one, smaller, origins):
            misses[one.table, one.newest] += made.grown(one) - measured.get(one.place, 0)
    return math.hypot(*misses.values()) / sum(measured.values())


def untold(trial: Completed, made: Scale) -> float:
    """Bytes of the target that were projected from next to nothing."""
    weak = (one for one in pieces(trial.footprint) if not _tells(one, trial, made.origins))
    return sum(made.grown(one) for one in weak if made.grows(one.table))


def _tells(piece: Piece, trial: Completed, origins: Mapping[str, str]) -> bool:
    return piece.growing > piece.fixed and not follows_nothing(piece.table, trial, origins)


def error(own: float, pooled: Iterable[float], *, events: int, fewer: int) -> float:
    """Half of the interval that chance makes, as a share of what grows; `pooled` are the gaps of all trials."""
    squares = [one * one for one in pooled]
    variance = (own * own + sum(squares) / len(squares)) / 2 * fewer / (events + fewer)
    return _DEVIATIONS * math.sqrt(variance)
