"""Names of outcomes, longer or shorter than the catalogue's."""

from __future__ import annotations

from dataclasses import replace
from itertools import count

from data_gen.offer import MarketRow
from data_gen.prose import description


def renamed(rows: list[MarketRow], length: float) -> list[MarketRow]:
    """The rows with names `length` times as long; shorter names stay distinct within their row."""
    if length == 1.0:  # the usual case; do not copy every row of every offer for nothing
        return rows
    return [replace(row, outcomes=tuple(_renamed(row, length))) for row in rows]


def _renamed(row: MarketRow, length: float) -> list[tuple[str, int]]:
    names = [name for name, _ in row.outcomes]
    distinct = next(size for size in count(1) if len({name[:size] for name in names}) == len(set(names)))
    sizes = [max(round(len(name) * length), min(len(name), distinct)) for name in names]
    more = description(int(row.market_id), max(sizes))
    return [(f"{name} {more}"[:size], number) for (name, number), size in zip(row.outcomes, sizes, strict=True)]
