"""The preference among strategies that keep every constraint: one criterion after the other, until one strategy is left."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import StrEnum

from lab.analysis.candidate import Candidate
from lab.values import Constraints


class Criterion(StrEnum):
    """What made the pick go before the runner-up."""

    CERTAINTY = "certainty"
    """Its whole interval is under the target."""
    LOSSES = "losses"
    READS = "reads"
    BYTES = "bytes"
    DOMINANCE = "dominance"


def ordered(candidates: Sequence[Candidate], constraints: Constraints) -> list[Candidate]:
    """By the preference: the best one, then the best of the others, and so on."""
    left, order = list(candidates), []
    while left:
        best = _best(left, constraints)
        left.remove(best)
        order.append(best)
    return order


def _best(candidates: Sequence[Candidate], constraints: Constraints) -> Candidate:
    *_, (_, (best,)) = sieve(candidates, constraints)
    return best


def preference(constraints: Constraints) -> Iterator[Criterion]:
    """What decides among those that keep the constraints and that no other one dominates, in its order."""
    if constraints.target_bytes is not None:
        yield Criterion.CERTAINTY
    yield Criterion.LOSSES
    if constraints.max_read is None:
        yield Criterion.READS
    yield Criterion.BYTES


def sieve(candidates: Sequence[Candidate], constraints: Constraints) -> Iterator[tuple[Criterion, list[Candidate]]]:
    """Each criterion of the preference with those that are left after it; the last one leaves one."""
    left = list(candidates)
    for criterion in preference(constraints):
        left = _LEFT[criterion](left, constraints)
        yield criterion, left


def _as_certain(candidates: list[Candidate], constraints: Constraints) -> list[Candidate]:
    return [candidate for candidate in candidates if is_certain(candidate, constraints)] or candidates


def _as_complete(candidates: list[Candidate], _: Constraints) -> list[Candidate]:
    least = min(map(_loss, candidates))
    return [candidate for candidate in candidates if _loss(candidate) == least]


def is_certain(candidate: Candidate, constraints: Constraints) -> bool:
    """Whether the whole interval of its size is under the target, or there is none."""
    size = candidate.size_after(constraints.horizon_days)
    if constraints.target_bytes is None:
        return True
    return size is not None and size.high is not None and size.high < constraints.target_bytes


def _loss(candidate: Candidate) -> tuple[bool, int]:
    return candidate.facts.deletes_rows, len(candidate.facts.given_up)


def _as_fast(candidates: list[Candidate], _: Constraints) -> list[Candidate]:
    """Those whose worst read is as fast as the fastest, as far as their intervals tell; all where none was measured."""
    worst = [(candidate, read) for candidate in candidates if (read := candidate.worst_read)]
    if not worst:
        return candidates
    fastest = min((read for _, read in worst), key=lambda read: read.ratio)
    return [candidate for candidate, read in worst if read.low <= fastest.high]


def _smallest(candidates: list[Candidate], _: Constraints) -> list[Candidate]:
    return [min(candidates, key=_size)]


def _size(candidate: Candidate) -> tuple[int, int, str, str]:
    """Of two that are equal, the one that comes first by its name."""
    return candidate.bytes_now, candidate.bytes_outside or 0, candidate.trial.scenario, candidate.trial.server


_LEFT: Mapping[Criterion, Callable[[list[Candidate], Constraints], list[Candidate]]] = {
    Criterion.CERTAINTY: _as_certain,
    Criterion.LOSSES: _as_complete,
    Criterion.READS: _as_fast,
    Criterion.BYTES: _smallest,
}
"""Which of the candidates a criterion leaves: at least one."""
