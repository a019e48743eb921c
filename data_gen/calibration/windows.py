"""What a profile compares: windows of consecutive snapshots, of few events; and the plan of as many events in memory."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

from data_gen.case import Case
from data_gen.events import DatasetPlan
from data_gen.listing import Listing
from data_gen.offer import Offer, Platform
from data_gen.payloads import BETPAWA, COMPETITORS

EVENTS = 48
"""With fewer events, shares depend on when they are scraped: those of rows by 4 points for 16 events, by 1 for 48."""
_SNAPSHOTS = 11
"""Consecutive snapshots of each event that a profile compares. Pairs at the ends of an event's life are in fewer windows."""


@dataclass(frozen=True, kw_only=True)
class Repeated:
    """What a profile compared with the snapshot before: market rows, or whole lists of them."""

    share: float
    """Of those compared, that were equal."""
    compared: int


def compared_sides(home: Repeated | None, competitors: Repeated | None) -> list[tuple[Repeated, tuple[Platform, ...]]]:
    """What the profile compared, with the sites that it is of; empty where it compared nothing."""
    both = ((home, (BETPAWA,)), (competitors, COMPETITORS))
    return [(repeated, sites) for repeated, sites in both if repeated and repeated.compared]


@cache
def weights(pairs: int) -> list[float]:
    """For each pair of snapshots of an event, the share of the possible windows that include it.

    Every event has one window, which begins anywhere.
    """
    width = min(_SNAPSHOTS - 1, pairs)
    places = max(pairs - width + 1, 1)
    return [(min(pair, places - 1) - max(pair - width + 1, 0) + 1) / places for pair in range(pairs)]


class KeptPlan(DatasetPlan):
    """A plan that makes each offer and its lists once, because every rate that is tried replays the same offers."""

    def __init__(self, case: Case, events: int, seed: int) -> None:
        super().__init__(case, events, seed)
        self._offers: dict[tuple[int, str], Offer] = {}
        self._lists: dict[tuple[int, str], Listing] = {}

    def lists(self, event: int, platform: Platform) -> Listing:
        """The lists of the platform for that event."""
        key = event, platform.name
        if key not in self._lists:
            self._lists[key] = super().lists(event, platform)
        return self._lists[key]

    def offer(self, event: int, platform: Platform) -> Offer:
        """The platform's offer for that event, without its document."""
        key = event, platform.name
        if key not in self._offers:
            self._offers[key] = replace(super().offer(event, platform), document={})
        return self._offers[key]
