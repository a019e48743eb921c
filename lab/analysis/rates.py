"""How much a saving depends on how often prices change."""

from __future__ import annotations

import pandas as pd

from lab.analysis.comparison import aside, saving
from lab.analysis.outlook import MARKETS
from lab.values import Completed, Experiment, Footprint, Verdict

SNAPSHOTS = ("odds_snapshots", "competitor_odds_snapshots")


def by_rate(experiment: Experiment) -> pd.DataFrame:
    """One row per verified trial at another change rate: saving in percent of the market and snapshot tables, and of all."""
    rows = [
        {
            "scenario": outcome.scenario,
            "change_rate": one.dataset.change_rate,
            **_savings_at_rate(one.template.footprint, outcome),
        }
        for one in aside(experiment, "rate")
        if isinstance(outcome := one.outcome, Completed)
        and one.template
        and outcome.verification.verdict is not Verdict.DIFFERS
    ]
    return pd.DataFrame(rows, columns=["scenario", "change_rate", "markets", "snapshots", "all"])


def _savings_at_rate(before: Footprint, outcome: Completed) -> dict[str, float]:
    after = outcome.footprint
    return {
        "markets": saving(_bytes_of(after, MARKETS), _bytes_of(before, MARKETS)),
        "snapshots": saving(_bytes_of(after, SNAPSHOTS), _bytes_of(before, SNAPSHOTS)),
        "all": saving(after.total, before.total),
    }


def _bytes_of(footprint: Footprint, tables: tuple[str, ...]) -> int:
    return sum(table.total for table in footprint.tables if table.table in tables)
