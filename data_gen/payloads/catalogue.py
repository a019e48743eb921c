"""Reading the platforms' market catalogues."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Any

from data_gen.listing import CatalogueRow
from data_gen.offer import MarketRow
from data_gen.spread import sequence

_LATE = 0.7  # such markets are there in about one event of four


@cache
def read(platform: str) -> dict[str, Any]:
    """The catalogue of that platform as data; callers must not change it."""
    content: dict[str, Any] = json.loads(
        (resources.files("data_gen.catalogue") / f"{platform}.json").read_text("utf-8")
    )
    return content


def depths(market_ids: list[str], *, always: frozenset[str], late: frozenset[str] = frozenset()) -> dict[str, float]:
    """How deep an offer must be to include each market, in [0, 1).

    A shallow offer has fewer markets of every sort, which keeps the mixture of a full one; some are `always` there, and
    some come `late`, in deep offers only.
    """
    distinct = list(dict.fromkeys(market_ids))
    spread = zip(distinct, sequence(len(distinct), 0, 0.5).tolist(), strict=True)
    return {
        market: 0.0 if market in always else _LATE + (1 - _LATE) * depth if market in late else depth
        for market, depth in spread
    }


def catalogue_row(depth: float, entry: list[Any]) -> CatalogueRow:
    """A competitor's row of the catalogue without its outcomes."""
    market_id, name, line, _, home, *_ = entry
    return CatalogueRow(depth, market_id, name, home if line is None else line)


def market_row(entry: list[Any], numbers: Mapping[int, int] | Sequence[int]) -> MarketRow:
    """A competitor's row of the catalogue, whose outcomes name places of prices, with the prices' numbers."""
    market_id, name, line, kind, home, away, outcomes = entry
    numbered = tuple((outcome, numbers[place]) for outcome, place in outcomes)
    handicap = (kind, home, away) if kind else None
    return MarketRow(market_id=market_id, name=name, outcomes=numbered, line=line, handicap=handicap)
