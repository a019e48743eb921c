"""Predicts how many bytes a planned dataset takes on disk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from data_gen.case import GeneratorParameters
from data_gen.events import DatasetPlan
from data_gen.offer import Platform
from data_gen.payloads import BET9JA, BETPAWA, COMPETITORS
from data_gen.spread import Floats

_FIXED_BYTES = 1_600_000
"""Catalogue tables, runs, and the first pages of every index."""
_ROW_BYTES = {
    "market_odds": 264.3,
    "competitor_market_odds": 303.0,
    "event_scrape_status": 230.0,
    "odds_snapshots": 185.0,
    "competitor_odds_snapshots": 165.0,
}
"""Heap and indexes of one row."""
_NAME_BYTES = {"market_odds": 10.1, "competitor_market_odds": 13.1}
"""The part of a row that the catalogue's names of its outcomes take."""
_LATE_INDEX_BYTES = 20.2
"""Bytes that the late index adds to a row of market_odds; any index of several columns adds about as much."""
_INDEX_BYTES = 7.0
"""Bytes that an index of one column adds to a row; its values repeat."""
_TOAST = 1.055
"""Bytes of TOAST with its index for each byte of a document."""
_DOCUMENT_BYTES = {
    "betpawa": ((0, 0.2, 0.4, 0.6, 0.75, 0.9, 1), (9_400, 17_000, 28_600, 40_200, 51_100, 83_100, 91_000)),
    "sportybet": (
        (0, 0.15, 0.3, 0.49, 0.5, 0.7, 0.9, 1),
        (5_100, 12_300, 16_300, 22_600, 30_300, 35_400, 44_200, 46_500),
    ),
    "bet9ja": ((0, 0.5, 1), (42_400, 53_800, 65_800)),
}
"""Depths, and the measured size of a document of that depth when stored with pglz; linear between them."""
_TRANSLATIONS_BYTES = 40_200
"""The part of a document that Bet9ja's real table of translations takes."""


def expected_bytes(plan: DatasetPlan, rows: Mapping[str, int]) -> int:
    """Bytes of all tables with indexes and TOAST."""
    load = plan.case.workload
    tables = sum(width * rows[table] for table, width in _row_bytes(load).items())
    documents = document_bytes(plan, (BETPAWA,), load.home_document_markets)
    documents += document_bytes(plan, COMPETITORS, load.competitor_document_markets)
    return int(_FIXED_BYTES + tables + _TOAST * documents)


def _row_bytes(load: GeneratorParameters) -> dict[str, float]:
    late = _LATE_INDEX_BYTES if load.index_at else 0.0
    home = late + _NAME_BYTES["market_odds"] * (load.home_name_length - 1)
    competitors = _NAME_BYTES["competitor_market_odds"] * (load.competitor_name_length - 1)
    more = {"market_odds": home, "competitor_market_odds": competitors}
    return {table: width + more.get(table, 0.0) + _indexes(load, table) for table, width in _ROW_BYTES.items()}


def _indexes(load: GeneratorParameters, table: str) -> float:
    """Bytes of indexes that a row has beyond the usual ones; negative where it has fewer."""
    more, less = (
        sum(
            _LATE_INDEX_BYTES if "," in statement else _INDEX_BYTES
            for statement in statements
            if f"ON {table} " in statement
        )
        for statements in (load.more_indexes, load.without_indexes)
    )
    return more - less


def document_bytes(plan: DatasetPlan, sites: Sequence[Platform], markets: float) -> float:
    """Bytes of all documents of these platforms as stored, with `markets` times the markets of their rows."""
    depths = plan.document_depths(sites, markets)
    return sum(
        float((plan.stored[site.name].sum(axis=1) * _each(site, depths[site.name], markets)).sum()) for site in sites
    )


def _each(site: Platform, depths: Floats, texts: float) -> Floats:
    """Bytes of one document of each of these depths."""
    translations = _TRANSLATIONS_BYTES * (texts - 1) if site is BET9JA else 0.0
    return np.interp(depths, *_DOCUMENT_BYTES[site.name]) + translations
