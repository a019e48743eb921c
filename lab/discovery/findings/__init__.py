"""The answers to the five questions, each with its evidence and the gaps in it."""

from __future__ import annotations

from lab.discovery.findings.duplicates import duplicate_snapshots
from lab.discovery.findings.outcomes import outcomes
from lab.discovery.findings.payload import payload
from lab.discovery.findings.retention import retention
from lab.discovery.findings.toast import toast
from lab.discovery.inputs import DiscoveryInputs
from lab.discovery.values import Finding


def findings(inputs: DiscoveryInputs) -> tuple[Finding, ...]:
    """All five, in the order of the plan; of a database that is not about odds, those that any database can answer."""
    if inputs.limits:
        return (retention(inputs), toast(inputs))
    return (payload(inputs), outcomes(inputs), duplicate_snapshots(inputs), retention(inputs), toast(inputs))
