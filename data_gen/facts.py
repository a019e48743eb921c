"""How the tables of the odds workload belong together and grow, and what reports call them."""

from __future__ import annotations

from lab.values import CHANGE_RATE, LIST_CHURN, Parameter, WorkloadFacts

HOME, HOME_MARKETS = "odds_snapshots", "market_odds"
COMPETITORS, COMPETITOR_MARKETS = "competitor_odds_snapshots", "competitor_market_odds"
SIDES = {HOME: HOME_MARKETS, COMPETITORS: COMPETITOR_MARKETS}
"""Snapshot tables of the home bookmaker and of the competitors, with the tables of their market rows.

A document is as long as its list of markets, so the TOAST of a snapshot table grows with the market rows.
"""

SNAPSHOTS = tuple(sorted(SIDES))
PAYLOAD = "raw_response"
"""The column of a snapshot that holds the platform's whole response."""

TITLES = {
    "Q1": "list of the next 50 events with their newest odds",
    "Q2": "newest odds of one event",
    "Q3": "odds history of one market",
    "Q4": "competitors' odds history of one market",
    "Q5": "margin history of one market",
    "Q6": "snapshot list of one event",
    "Q7": "number of events with a withdrawn market",
    "Q8": "newest odds of all events to come",
    "Q9": "scrapes of a week by status",
    "Q10": "snapshots and their bytes by day",
    "W1": "storing a cycle of new snapshots",
    "W2": "confirming the newest snapshots",
    "D1": "deleting the oldest day",
}
"""What the reads of `data_gen.queries` and the writes of `data_gen.writes` do."""

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
    reads="Q1-Q10",
    titles=TITLES,
    parameters=(
        Parameter(
            name=CHANGE_RATE,
            meaning="how often prices change",
            note="The true rate is not published. 1 is the case's default: 1.8 % of the prices per cycle a day before"
            " kick-off, 32 % in the last hour, as public series of prices have it.",
        ),
        Parameter(
            name=LIST_CHURN,
            meaning="how often lists of markets change",
            note="At 0 an event keeps its list of markets and lines. 1 is the case's default: 1 to 2 % of the lists of a"
            " cycle in calm hours, 14 to 30 % in the last hour. At 100 nearly every snapshot has another list.",
        ),
    ),
)
