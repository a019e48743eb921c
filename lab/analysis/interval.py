"""The interval of a projection, from two measured sizes that share no event.

The smaller size, projected to the rows of the larger one, differs from the measurement there by a gap. Both are random
samples of n and m events. So a gap has the variance of one event times 1/n + 1/m, and a projection from the larger size
has that variance times 1/n. One gap may be small by luck: a trial's own gap is pooled with those of all trials of the run.
A trial without a gap of its own takes the widest of the run.
Tables whose size is mostly fixed overhead, and new tables fitted through two points, carry no information about sampling
error. They are left out of the gap and given an interval of ± 100 %.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass

from lab.analysis.projection import Lineage, Scale, TargetRows, scale, valued_shares
from lab.values import Completed, FootprintPiece

_DEVIATIONS = 3.18
"""Half of an interval of 95 %, in standard errors that come from few tables: their weights make them about three, so that
this is Student's t with 3 degrees of freedom."""


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """Bytes with their interval; without a second size there is no interval."""

    bytes: int
    low: int | None
    high: int | None

    def shifted(self, by: int) -> Estimate:
        """The same with so many bytes more, and an interval as wide."""
        low, high = (None if end is None else end + by for end in (self.low, self.high))
        return Estimate(bytes=self.bytes + by, low=low, high=high)

    @property
    def least(self) -> int:
        """The lower end, or the bytes where there is no interval."""
        return self.bytes if self.low is None else self.low

    @property
    def percent(self) -> float | None:
        """Half of the interval, in percent of the bytes."""
        return None if self.high is None else 100 * (self.high - self.bytes) / self.bytes


def gap(trial: Completed, smaller: Completed, lineage: Lineage) -> float:
    """The distance between the projected smaller size and the larger one: root of the sum of squares over all tables.

    It is a share of the growing bytes. Both need rows of the reference table, and the larger one needs growing bytes.
    """
    newest = {table.table: table.rowstore.rows for table in trial.footprint.tables if table.rowstore}
    factors = scale(TargetRows(rows=trial.rows, newest_rows=newest, valued=valued_shares(trial)), smaller, lineage)
    measured = {piece.place: piece.growing for piece in trial.footprint.pieces}
    misses: defaultdict[tuple[str, bool], float] = defaultdict(float)
    for piece in smaller.footprint.pieces:
        if _is_informative(piece, smaller, lineage):
            misses[piece.table, piece.uncompressed] += factors.grown(piece) - measured.get(piece.place, 0)
    return math.hypot(*misses.values()) / math.fsum(measured.values())


def unsupported_bytes(trial: Completed, factors: Scale) -> float:
    """Bytes of the full database whose projection error the two sizes cannot show."""
    weak = (piece for piece in trial.footprint.pieces if not _is_informative(piece, trial, factors.lineage))
    return math.fsum(factors.grown(piece) for piece in weak if factors.grows(piece.table))


def _is_informative(piece: FootprintPiece, trial: Completed, lineage: Lineage) -> bool:
    return piece.growing > piece.fixed and not lineage.follows_nothing(piece.table, trial)


def mean_square(gaps: Collection[float]) -> float:
    """The mean of the squared gaps of all trials, for `error`."""
    return math.fsum(share * share for share in gaps) / len(gaps)


def error(own: float, pooled: float, *, draws: int, fewer: int) -> float:
    """Half of the interval due to sampling, as a share of the growing bytes.

    `pooled` is the mean square of all trials' gaps; `draws` and `fewer` are the numbers of events in both sizes.
    """
    variance = (own * own + pooled) / 2 * fewer / (draws + fewer)
    return _DEVIATIONS * math.sqrt(variance)
