"""Pure: turns a profile, the usage of its columns and a run into findings, a plan, risks and a checklist."""

from lab.discovery import provenance
from lab.discovery.discover import discover
from lab.discovery.inputs import DiscoveryInputs
from lab.discovery.values import Discovery, Proposal, Provenance

__all__ = ["Discovery", "DiscoveryInputs", "Proposal", "Provenance", "discover", "provenance"]
