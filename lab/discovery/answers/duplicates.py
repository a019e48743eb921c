"""Are there duplicate snapshots? Only a profile that compared snapshots with their predecessors can say."""

from __future__ import annotations

from lab.discovery.inputs import DiscoveryInputs
from lab.discovery.values import Answer, Says
from lab.values import Series, Share

_MANY = 0.5
"""Share of repeated market rows from which on snapshots are near-duplicates."""


def duplicate_snapshots(inputs: DiscoveryInputs) -> Answer:
    """By the share of compared snapshots and market rows that equal the previous ones."""
    compared = [series for series in inputs.profile.series if series.pairs]
    return Answer(
        question="Are there duplicate snapshots?",
        verdict=_verdict(compared),
        words=_words(compared),
        evidence=tuple(_evidence(series) for series in compared),
        missing=tuple(_gaps(inputs)),
    )


def _verdict(compared: list[Series]) -> Says:
    shares = [share.value for series in compared if (share := series.equal_snapshots)]
    if not shares:
        return "unknown"
    if any(shares):
        return "yes"
    return "partly" if any(share.value >= _MANY for series in compared if (share := series.equal_market_rows)) else "no"


def _words(compared: list[Series]) -> str:
    return {
        "unknown": "No snapshot was compared with the one before it; `lab profile DSN` does.",
        "yes": "Some snapshots repeat all market rows of the one before.",
        "partly": "Not whole ones, but most market rows repeat those of the snapshot before.",
        "no": "Of the snapshots that were compared, none repeats the one before.",
    }[_verdict(compared)]


def _evidence(series: Series) -> str:
    shares = {
        "the same document": series.equal_payloads,
        "all market rows the same": series.equal_snapshots,
        "market rows that repeat": series.equal_market_rows,
    }
    found = ", ".join(f"{name} {_percent(share)}" for name, share in shares.items() if share)
    compared = f"{series.pairs:,} pairs of {series.events_sampled:,} events compared"
    return f"{series.snapshots} with {series.markets}: {compared}: {found}."


def _percent(share: Share) -> str:
    error = "" if share.error is None else f" ± {100 * share.error:.1f}"
    return f"{100 * share.value:.1f}{error} %"


def _gaps(inputs: DiscoveryInputs) -> list[str]:
    gaps = [f"{series.snapshots}: nothing was compared." for series in inputs.profile.series if not series.pairs]
    if not inputs.profile.series:
        gaps.append("No table of snapshots with market rows was found in the profile.")
    if inputs.experiment and gaps:
        gaps.append("The run's workload repeats as its change rate says: that is an assumption, and no evidence.")
    return gaps
