"""Names of outcomes, longer or shorter than the catalogue's."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from itertools import count

from data_gen.offer import MarketRow
from data_gen.prose import description


def renamed(rows: list[MarketRow], length: float) -> list[MarketRow]:
    """The rows with names `length` times as long; shorter names stay distinct within their row."""
    if length == 1.0:  # the usual case; do not copy every row of every offer for nothing
        return rows
    return [replace(row, outcomes=_renamed(row, length)) for row in rows]


def _renamed(row: MarketRow, length: float) -> tuple[tuple[str, int], ...]:
    names = _names(row.market_id, tuple(name for name, _ in row.outcomes), length)
    return tuple(zip(names, (number for _, number in row.outcomes), strict=True))


@lru_cache(maxsize=10_000)  # most rows are those of every event
def _names(market: str, names: tuple[str, ...], length: float) -> tuple[str, ...]:
    distinct = next(size for size in count(1) if len({name[:size] for name in names}) == len(set(names)))
    sizes = [max(round(len(name) * length), min(len(name), distinct)) for name in names]
    more = description(int(market), max(sizes))
    return tuple(f"{name} {more}"[:size] for name, size in zip(names, sizes, strict=True))
