"""Whether one candidate is better in something than another one, and worse in nothing that was measured."""

from __future__ import annotations

from collections.abc import Iterator

from lab.analysis.candidate import Candidate
from lab.values import DeclaredLoss


def dominates(one: Candidate, other: Candidate) -> bool:
    """Whether `one` is better in something that was measured of both, and worse in nothing."""
    pairs = tuple(_measures(one, other))
    if any((a is None) != (b is None) for a, b in pairs):
        return False
    numbers = [(a, b) for a, b in pairs if a is not None and b is not None]
    if any(a > b for a, b in numbers) or not _loses_no_more(one, other):
        return False
    return any(a < b for a, b in numbers) or not _loses_no_more(other, one)


def _measures(one: Candidate, other: Candidate) -> Iterator[tuple[float | None, float | None]]:
    """Pairs of numbers, smaller is better."""
    yield one.bytes_now, other.bytes_now
    yield one.bytes_per_day, other.bytes_per_day
    yield one.bytes_outside, other.bytes_outside
    yield (one.worst_read.ratio if one.worst_read else None), (other.worst_read.ratio if other.worst_read else None)
    yield one.write_ratio, other.write_ratio
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
