"""How the tables of the odds workload belong together, grow and are called."""

from __future__ import annotations

from lab.values import CHANGE_RATE, Parameter, WorkloadFacts

HOME, HOME_MARKETS = "odds_snapshots", "market_odds"
COMPETITORS, COMPETITOR_MARKETS = "competitor_odds_snapshots", "competitor_market_odds"
SIDES = {HOME: HOME_MARKETS, COMPETITORS: COMPETITOR_MARKETS}
"""The home bookmaker's tables and the competitors': the snapshots, and the market rows that belong to them.

A document is as long as the list of its markets: what TOAST holds of a snapshot grows with the market rows.
"""

SNAPSHOTS = tuple(sorted(SIDES))
PAYLOAD = "raw_response"
"""The column of a snapshot that holds the platform's whole response."""

FACTS = WorkloadFacts(
    name="odds",
    scale="event",
    reference=HOME,
    parents={markets: snapshots for snapshots, markets in SIDES.items()},
    toast_follows=SIDES,
    constant=("sports", "bookmakers", "tournaments", "competitor_tournaments", "scrape_runs"),
    unit="market row",
    unit_tables=tuple(SIDES.values()),
    snapshot="snapshot",
    detail="market",
    reads="Q1-Q5",
    parameters=(
        Parameter(
            name=CHANGE_RATE,
            meaning="how often prices change",
            note="The true rate is not published. 1 is the case's default: a tenth of a feed's blocks of prices per cycle"
            " in calm hours, more often before kick-off.",
        ),
    ),
)
