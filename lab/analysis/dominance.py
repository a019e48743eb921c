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


def dominates(candidate: Candidate, other: Candidate) -> bool:
    """Whether `candidate` is better in something that was measured of both, and worse in nothing."""
    exact, times = tuple(_measures(candidate, other)), tuple(_times(candidate, other))
    if any((a is None) != (b is None) for a, b in (*exact, *times)):
        return False
    numbers = [*_known(exact, 1.0), *_known(times, candidate.time_gap)]
    if any(a > b * most for a, b, most in numbers) or not _loses_no_more(candidate, other):
        return False
    return any(a * most < b for a, b, most in numbers) or not _loses_no_more(other, candidate)


def _known(pairs: Iterable[_Pair], gap: float) -> Iterator[tuple[float, float, float]]:
    return ((a, b, gap) for a, b in pairs if a is not None and b is not None)


def _measures(candidate: Candidate, other: Candidate) -> Iterator[_Pair]:
    """What is counted, or was measured again and again."""
    yield candidate.bytes_now, other.bytes_now
    yield candidate.bytes_per_day, other.bytes_per_day
    yield candidate.bytes_outside, other.bytes_outside
    yield (
        (candidate.worst_read.ratio if candidate.worst_read else None),
        (other.worst_read.ratio if other.worst_read else None),
    )
    yield candidate.write_ratio, other.write_ratio


def _times(candidate: Candidate, other: Candidate) -> Iterator[_Pair]:
    """Seconds that were measured once; of different servers they say nothing."""
    if candidate.trial.server == other.trial.server:
        yield candidate.cost.seconds, other.cost.seconds
        yield candidate.longest_lock_seconds, other.longest_lock_seconds


def _loses_no_more(candidate: Candidate, other: Candidate) -> bool:
    """Whether each loss of `candidate` is a part of a loss of `other`."""
    return all(any(_is_part(loss, larger) for larger in other.data_losses) for loss in candidate.data_losses)


def _is_part(loss: DeclaredLoss, larger: DeclaredLoss) -> bool:
    if loss == larger:
        return True
    return larger.whole_column and (loss.table, loss.column) == (larger.table, larger.column)
