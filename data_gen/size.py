"""Predicting what a planned dataset will weigh on disk."""

from __future__ import annotations

from collections.abc import Mapping

from data_gen.events import Plan
from data_gen.payloads import BETPAWA, COMPETITORS

_ROW_BYTES = {"market_odds": 284.0, "competitor_market_odds": 300.0, "event_scrape_status": 190.0, "odds_snapshots": 180.0,
              "competitor_odds_snapshots": 160.0}  # fmt: skip
"""Heap and indexes of one row."""
_DOCUMENT_BYTES = {"betpawa": (600.0, 300.0), "sportybet": (600.0, 310.0), "bet9ja": (38_000.0, 340.0)}
"""TOAST of one document: a fixed part, and one for each of its market rows."""


def expected_bytes(plan: Plan, rows: Mapping[str, int]) -> int:
    """Bytes of all tables with indexes and TOAST."""
    tables = sum(width * rows[table] for table, width in _ROW_BYTES.items())
    documents = sum(
        (plan.stored[site.name].sum(axis=1) * (_DOCUMENT_BYTES[site.name][0] + _DOCUMENT_BYTES[site.name][1] * plan.offer_rows[site.name])).sum()
        for site in (BETPAWA, *COMPETITORS)
    )
    return int(tables + documents)
