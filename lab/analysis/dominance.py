"""Whether one candidate is better in something than another one, and worse in nothing that was measured.

A migration is measured once, so its times differ by more than noise only beyond the ratio by which two baselines differ. There
are two such times, and one ratio for all trials of a server, so no candidates dominate each other in a circle.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeAlias

from lab.analysis.candidate import Candidate
from lab.values import DeclaredLoss

_Pair: TypeAlias = tuple[float | None, float | None]
"""A number of each, smaller is better."""


def dominates(one: Candidate, other: Candidate) -> bool:
    """Whether `one` is better in something that was measured of both, and worse in nothing."""
    exact, times = tuple(_measures(one, other)), tuple(_times(one, other))
    if any((a is None) != (b is None) for a, b in (*exact, *times)):
        return False
    numbers = [*_known(exact, 1.0), *_known(times, one.time_gap)]
    if any(a > b * most for a, b, most in numbers) or not _loses_no_more(one, other):
        return False
    return any(a * most < b for a, b, most in numbers) or not _loses_no_more(other, one)


def _known(pairs: Iterable[_Pair], gap: float) -> Iterator[tuple[float, float, float]]:
    return ((a, b, gap) for a, b in pairs if a is not None and b is not None)


def _measures(one: Candidate, other: Candidate) -> Iterator[_Pair]:
    """What is counted, or was measured again and again."""
    yield one.bytes_now, other.bytes_now
    yield one.bytes_per_day, other.bytes_per_day
    yield one.bytes_outside, other.bytes_outside
    yield (one.worst_read.ratio if one.worst_read else None), (other.worst_read.ratio if other.worst_read else None)
    yield one.write_ratio, other.write_ratio


def _times(one: Candidate, other: Candidate) -> Iterator[_Pair]:
    """Seconds that were measured once; of different servers they say nothing."""
    if one.trial.server == other.trial.server:
        yield one.cost.seconds, other.cost.seconds
        yield one.longest_lock_seconds, other.longest_lock_seconds


def _loses_no_more(one: Candidate, other: Candidate) -> bool:
    """Whether each loss of `one` is a part of a loss of `other`."""
    return all(any(_is_part(loss, larger) for larger in other.data_losses) for loss in one.data_losses)


def _is_part(loss: DeclaredLoss, larger: DeclaredLoss) -> bool:
    if loss == larger:
        return True
    return larger.whole_column and (loss.table, loss.column) == (larger.table, larger.column)
