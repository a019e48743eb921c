"""How much a saving depends on how often prices change."""

from __future__ import annotations

from lab.analysis.full_size import MARKETS
from lab.analysis.rows import RateResult, saving
from lab.values import Completed, Experiment, Footprint, Verdict

SNAPSHOTS = ("odds_snapshots", "competitor_odds_snapshots")


def by_rate(experiment: Experiment) -> tuple[RateResult, ...]:
    """One row per verified trial at another change rate: saving of the market and snapshot tables, and of all."""
    return tuple(
        _at_rate(auxiliary.dataset.change_rate, auxiliary.template.footprint, auxiliary.outcome)
        for auxiliary in experiment.side_trials
        if auxiliary.purpose == "rate"
        and isinstance(auxiliary.outcome, Completed)
        and auxiliary.template
        and auxiliary.outcome.verification.verdict is not Verdict.DIFFERS
    )


def _at_rate(change_rate: float, before: Footprint, outcome: Completed) -> RateResult:
    after = outcome.footprint
    return RateResult(
        scenario=outcome.scenario,
        change_rate=change_rate,
        markets=saving(_bytes_of(after, MARKETS), _bytes_of(before, MARKETS)),
        snapshots=saving(_bytes_of(after, SNAPSHOTS), _bytes_of(before, SNAPSHOTS)),
        all=saving(after.total, before.total),
    )


def _bytes_of(footprint: Footprint, tables: tuple[str, ...]) -> int:
    return sum(table.total for table in footprint.tables if table.table in tables)
