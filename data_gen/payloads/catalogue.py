"""Reading the platforms' market catalogues."""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from typing import Any

from data_gen.spread import sequence


@cache
def read(platform: str) -> dict[str, Any]:
    """The catalogue of that platform as data; callers must not change it."""
    content: dict[str, Any] = json.loads((resources.files("data_gen.catalogue") / f"{platform}.json").read_text("utf-8"))
    return content


def depths(market_ids: list[str], always: frozenset[str]) -> dict[str, float]:
    """How deep an offer must be to include each market, in [0, 1).

    A shallow offer has fewer markets of every sort, which keeps the mixture of a full one; a few are always there.
    """
    distinct = list(dict.fromkeys(market_ids))
    spread = sequence(len(distinct), 0, 0.5).tolist()
    return {market: 0.0 if market in always else depth for market, depth in zip(distinct, spread, strict=True)}
