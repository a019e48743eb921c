"""What a discovery says: from a profile, the usage of its columns and a run to answers, a plan and what is still open; pure."""

from lab.discovery import sources
from lab.discovery.discover import discover
from lab.discovery.inputs import DiscoveryInputs
from lab.discovery.values import Discovery, Proposal, Source

__all__ = ["Discovery", "DiscoveryInputs", "Proposal", "Source", "discover", "sources"]
