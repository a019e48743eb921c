"""The five questions, each answered from what was seen, with what supports the answer and what it does not know."""

from __future__ import annotations

from lab.discovery.answers.duplicates import duplicate_snapshots
from lab.discovery.answers.outcomes import outcomes
from lab.discovery.answers.payload import payload
from lab.discovery.answers.retention import retention
from lab.discovery.answers.toast import toast
from lab.discovery.inputs import DiscoveryInputs
from lab.discovery.values import Answer


def answers(inputs: DiscoveryInputs) -> tuple[Answer, ...]:
    """All five, in the order of the plan."""
    return (payload(inputs), outcomes(inputs), duplicate_snapshots(inputs), retention(inputs), toast(inputs))
