"""Are there duplicate snapshots? A profile that compared snapshots with their predecessors tells."""

from __future__ import annotations

from lab.discovery.inputs import DiscoveryInputs
from lab.discovery.values import Conclusion, Finding
from lab.values import Series, Share

_MANY = 0.5
"""Share of repeated market rows from which on snapshots are near-duplicates."""


def duplicate_snapshots(inputs: DiscoveryInputs) -> Finding:
    """By the share of compared snapshots and market rows that equal the previous ones."""
    compared = [series for series in inputs.profile.series if series.pairs]
    return Finding(
        question="Are there duplicate snapshots?",
        conclusion=_conclusion(compared),
        words=_words(compared),
        evidence=tuple(_evidence(series) for series in compared),
        missing=tuple(_gaps(inputs)),
    )


def _conclusion(compared: list[Series]) -> Conclusion:
    shares = [share.value for series in compared if (share := series.equal_snapshots)]
    if not shares:
        return "unknown"
    if any(shares):
        return "yes"
    return "partly" if any(share.value >= _MANY for series in compared if (share := series.equal_market_rows)) else "no"


def _words(compared: list[Series]) -> str:
    return {
        "unknown": "No snapshot was compared with its predecessor. `lab profile DSN` compares a sample.",
        "yes": "Some snapshots repeat all market rows of their predecessor.",
        "partly": "No snapshot repeats its predecessor as a whole, but most market rows repeat.",
        "no": "No compared snapshot repeats its predecessor.",
    }[_conclusion(compared)]


def _evidence(series: Series) -> str:
    shares = {
        "the same document": series.equal_payloads,
        "all market rows the same": series.equal_snapshots,
        "market rows that repeat": series.equal_market_rows,
        "the same list of markets": series.equal_lists,
    }
    compared = f"{series.pairs:,} pairs of snapshots from {series.events_sampled:,} events"
    percents = [f"{name} {_percent(share)}" for name, share in shares.items() if share]
    return f"{series.snapshots} with {series.markets}: {', '.join((compared, *percents))}."


def _percent(share: Share) -> str:
    error = "" if share.error is None else f" ± {100 * share.error:.1f}"
    return f"{100 * share.value:.1f}{error} %"


def _gaps(inputs: DiscoveryInputs) -> list[str]:
    gaps = [f"{series.snapshots}: nothing was compared." for series in inputs.profile.series if not series.pairs]
    if not inputs.profile.series:
        gaps.append("The profile has no table of snapshots with market rows.")
    if inputs.experiment and gaps:
        gaps.append("The change rate sets how much the run's workload repeats. That is an assumption, not evidence.")
    return gaps
