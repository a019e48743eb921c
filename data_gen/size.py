"""Predicting what a planned dataset will weigh on disk."""

from __future__ import annotations

from collections.abc import Mapping

from data_gen.events import Plan
from data_gen.payloads import BETPAWA, COMPETITORS

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
_LATE_INDEX_BYTES = 20.2
"""What the index that not every case has adds to a row of market_odds."""
_DOCUMENT_BYTES = {"betpawa": (4_200.0, 284.0), "sportybet": (11_000.0, 201.0), "bet9ja": (35_700.0, 362.0)}
"""TOAST of one document: a fixed part, and one for each of its market rows."""


def expected_bytes(plan: Plan, rows: Mapping[str, int]) -> int:
    """Bytes of all tables with indexes and TOAST."""
    tables = sum(width * rows[table] for table, width in _ROW_BYTES.items())
    late = _LATE_INDEX_BYTES * rows["market_odds"] if plan.case.workload.index_at else 0.0
    return int(_FIXED_BYTES + tables + late + sum(_documents(plan, site.name) for site in (BETPAWA, *COMPETITORS)))


def _documents(plan: Plan, site: str) -> float:
    fixed, per_row = _DOCUMENT_BYTES[site]
    return float((plan.stored[site].sum(axis=1) * (fixed + per_row * plan.offer_rows[site])).sum())
