"""How the tables of the odds workload belong together, grow and are called."""

from __future__ import annotations

from lab.values import WorkloadFacts

FACTS = WorkloadFacts(
    name="odds",
    reference="odds_snapshots",
    parents={"market_odds": "odds_snapshots", "competitor_market_odds": "competitor_odds_snapshots"},
    # A payload is as long as the list of its markets.
    toast_follows={"odds_snapshots": "market_odds", "competitor_odds_snapshots": "competitor_market_odds"},
    constant=("sports", "bookmakers", "tournaments", "competitor_tournaments", "scrape_runs"),
    unit="market row",
    unit_tables=("market_odds", "competitor_market_odds"),
    snapshot="snapshot",
)
