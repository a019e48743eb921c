"""How far a projection may be off, from two measured sizes that share no event.

The smaller size, projected to the rows of the larger one, misses what was measured there by a gap. Both draw events by
chance, n and m of them, so that a gap has the variance of one event times 1/n + 1/m, and what is projected from the larger
size alone that times 1/n. One gap may be small by luck: a trial's own is pooled with those of all trials of the run.
Tables whose size is mostly fixed overhead, and new tables fitted through two points, carry no information about sampling
error. They are left out of the gap and given an interval of ± 100 %.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass

from lab.analysis.projection import Lineage, Piece, Scale, Target, pieces, scale
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


def gap(trial: Completed, smaller: Completed, lineage: Lineage) -> float:
    """What the smaller size misses the larger by: root of the squares over all tables, as a share of what grows.

    Both have rows of the reference table, and something grows in the larger one.
    """
    newest = {table.table: table.rowstore.rows for table in trial.footprint.tables if table.rowstore}
    factors = scale(Target(rows=trial.rows, newest_rows=newest), smaller, lineage)
    measured = {piece.place: piece.growing for piece in pieces(trial.footprint)}
    misses: defaultdict[tuple[str, bool], float] = defaultdict(float)
    for piece in pieces(smaller.footprint):
        if _is_informative(piece, smaller, lineage):
            misses[piece.table, piece.uncompressed] += factors.grown(piece) - measured.get(piece.place, 0)
    return math.hypot(*misses.values()) / sum(measured.values())


def unsupported_bytes(trial: Completed, factors: Scale) -> float:
    """Bytes of the target that were projected from a size that says nothing about their error."""
    weak = (piece for piece in pieces(trial.footprint) if not _is_informative(piece, trial, factors.lineage))
    return sum(factors.grown(piece) for piece in weak if factors.grows(piece.table))


def _is_informative(piece: Piece, trial: Completed, lineage: Lineage) -> bool:
    return piece.growing > piece.fixed and not lineage.follows_nothing(piece.table, trial)


def mean_square(gaps: Collection[float]) -> float:
    """What the gaps of all trials have in common, for `error`."""
    return sum(share * share for share in gaps) / len(gaps)


def error(own: float, pooled: float, *, draws: int, fewer: int) -> float:
    """Half of the interval that chance makes, as a share of what grows.

    `pooled` is the mean square of all trials' gaps; `draws` and `fewer` are the scales of both sizes.
    """
    variance = (own * own + pooled) / 2 * fewer / (draws + fewer)
    return _DEVIATIONS * math.sqrt(variance)
