"""Chooses the blocks of a table to read: short runs, spread over the whole table."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

WHOLE = 2048
"""Tables of at most this many blocks (16 MB) are read whole, so their figures are exact."""
BUDGET = 1024
"""Number of blocks to read of a larger table, whatever its size."""
RUN = 8
"""Blocks in a run: few, because neighbouring blocks are alike, and more than one, because a disk reads ahead."""

EVERYTHING = 1 << 62
_LONG_RUN = 1024
"""Blocks in a run where a large table is read whole."""


@dataclass(frozen=True, kw_only=True)
class BlockRange:
    """Blocks [first, last) of one relation; all ranges of a run carry its number."""

    run: int
    oid: int
    first: int
    last: int


def chosen(relations: Sequence[tuple[int, int]], *, budget: int | None = None) -> tuple[BlockRange, ...]:
    """Ranges of `relations`, given as (oid, blocks) and laid end to end: all blocks if they fit, else a run per stratum.

    One run lies at random in each of equal strata, so that every age of an append-only table is represented.
    """
    total = sum(blocks for _, blocks in relations)
    budget = (WHOLE if total <= WHOLE else BUDGET) if budget is None else budget
    runs = max(budget // RUN, 1)
    if total <= budget:
        length = RUN if total <= WHOLE else _LONG_RUN
        spans = [(start, min(start + length, total)) for start in range(0, total, length)]
    else:
        place = random.Random(total)  # noqa: S311 - the same blocks for the same size, not a secret
        edges = [total * number // runs for number in range(runs + 1)]
        starts = [place.randint(low, high - RUN) for low, high in pairwise(edges)]
        spans = [(start, start + RUN) for start in starts]
    return tuple(block_range for run, span in enumerate(spans) for block_range in _cut(run, span, relations))


def _cut(run: int, span: tuple[int, int], relations: Sequence[tuple[int, int]]) -> list[BlockRange]:
    """The run as ranges, one for each relation that it overlaps."""
    ranges, offset = [], 0
    for oid, blocks in relations:
        first, last = max(span[0] - offset, 0), min(span[1] - offset, blocks)
        if first < last:
            ranges.append(BlockRange(run=run, oid=oid, first=first, last=last))
        offset += blocks
    return ranges
