"""The frozen values that travel between the steps of a run; standard library only.

Bytes are bytes on disk, seconds are wall-clock seconds, and what was not measured is `None`, never 0.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class DatasetSpec:
    """Everything a worker needs to make the same rows again, to the byte."""

    case: str
    events: int
    seed: int
    change_rate: float
    """Share of a BetPawa event's price blocks re-issued per cycle in the calm hours, as the case defines it."""


@dataclass(frozen=True, kw_only=True)
class Capabilities:
    """What one server can do; printed with every number measured on it."""

    postgres: str
    lz4: bool
    timescaledb: str | None
    """Version of the extension that can be created there, None where it is not installed."""
    timescaledb_edition: str | None
    """'community' (has the columnstore), 'apache' (has not), None without the extension."""
