"""Which scrapes of competitors are stored."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from data_gen.case import Session
from data_gen.offer import Platform
from data_gen.payloads import BETPAWA, COMPETITORS
from data_gen.spread import Bools, Floats, Ints, plane


@dataclass(frozen=True, kw_only=True)
class CompetitorInserts:
    """Competitor snapshots: always for events that only competitors offer, deduplicated for the others."""

    scraped: Bools
    """(events, cycles): true where the event is scraped."""
    offered: Mapping[str, Bools]
    """By platform, (events, cycles): true where the event is on the site when it is scraped."""
    in_session: Ints
    """By cycle, the number of its session."""
    sessions: tuple[Session, ...]
    starts: tuple[float, ...]
    """By competitor, where its evenly spread sequence begins, in [0, 1)."""

    def of(self, site: Platform) -> Bools:
        """(events, cycles): true where a snapshot of that platform is inserted."""
        offered = self.offered[site.name]
        spread = plane(offered.shape, self.starts[COMPETITORS.index(site)])
        inserted: Bools = self._certain(site) | (offered & (spread < self._rates[self.in_session]))
        return inserted

    def _certain(self, site: Platform) -> Bools:
        """Competitor-only scrapes, and the first scrape of every event."""
        offered = self.offered[site.name]
        first = offered & (np.cumsum(offered, axis=1) == 1)
        certain: Bools = first | (offered & ~self.offered[BETPAWA.name])
        return certain

    @cached_property
    def _rates(self) -> Floats:
        """By session, the share of the other scrapes to store to reach the case's numbers."""
        wanted = self._per_session(self.scraped) * [session.competitor_inserts for session in self.sessions]
        certain = sum(self._per_session(self._certain(site)) for site in COMPETITORS)
        possible = sum(self._per_session(self.offered[site.name] & ~self._certain(site)) for site in COMPETITORS)
        missing = np.maximum(wanted - certain, 0)
        scale = max(math.fsum(wanted - certain), 0.0) / max(math.fsum(missing), 1.0)
        rates: Floats = np.minimum(missing * scale / np.maximum(possible, 1), 1)
        return rates

    def _per_session(self, field: Bools) -> Ints:
        last = int(self.in_session[-1])
        return np.bincount(self.in_session, weights=field.sum(axis=0), minlength=last + 1).astype(np.int64)
