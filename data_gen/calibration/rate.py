"""How often prices change, as a multiple of the case's curve.

Generates a few events in memory until as many market rows repeat as in the profile.
"""

from __future__ import annotations

import numpy as np

from data_gen.bisection import bisected
from data_gen.calibration.windows import EVENTS, KeptPlan, Repeated, compared_sides, weights
from data_gen.case import Case
from data_gen.curve import Curve
from data_gen.events import DatasetPlan
from data_gen.listing import Listing
from data_gen.odds import Feed
from data_gen.offer import Offer, Platform
from data_gen.replay import Replay
from data_gen.spread import Bools, Ints

_LEAST, _MOST = 0.01, 200.0
"""The multiples between which it is sought: below and above, all or none of the rows repeat."""


def change_rate(case: Case, home: Repeated | None, competitors: Repeated | None) -> float | None:
    """The multiple of `price_changes` at which the generator's rows repeat as often as the profiled ones.

    Home and competitors are taken together. None where the profile compared no rows.
    """
    sides = compared_sides(home, competitors)
    plan = KeptPlan(case, EVENTS, 1)

    def changing(rate: float) -> float:
        changes = Curve.of(case.workload.price_changes, rate)
        return -sum(repeated.compared * equal_market_rows(plan, sites, changes) for repeated, sites in sides)

    wanted = -sum(repeated.compared * repeated.share for repeated, _ in sides)
    return bisected(changing, wanted, _LEAST, _MOST) if sides else None


def equal_market_rows(plan: DatasetPlan, sites: tuple[Platform, ...], changes: Curve) -> float:
    """Expected share of the sites' market rows that equal the previous snapshot's in the windows of a profile."""
    replay = Replay(plan, sites, changes, lambda event, site, offer: _Compared(offer, plan.offered_lists(event, site)))
    scrapes = replay.run(range(len(plan.cycles)))
    views = {(scrape.event, scrape.platform.name): scrape.view for scrape in scrapes}
    weighed = [pair for view in views.values() for pair in view.weighed()]
    compared = sum(weight * rows for weight, _, rows in weighed)
    return sum(weight * equal for weight, equal, _ in weighed) / compared if compared else 1.0


class _Compared:
    """Counts the rows of each snapshot of an event that equal the previous snapshot's; any changed price changes a row."""

    def __init__(self, offer: Offer, lists: Listing) -> None:
        self._rows, self._lists = len(offer.rows), lists
        self._numbers = np.array([number for row in offer.rows for _, number in row.outcomes])
        self._row_of = np.repeat(np.arange(self._rows), [len(row.outcomes) for row in offer.rows])
        self._state: tuple[Ints, Bools] | None = None
        self._pairs: list[tuple[int, int]] = []

    def update(self, feed: Feed, _: list[int], moment_us: int) -> None:
        """Take over all prices and the list, and count the rows that stay the same; the first snapshot has none to compare."""
        before = self._state
        prices, listed = (2 * feed.prices + feed.active)[self._numbers], self._lists.rows[self._lists.number(moment_us)]
        self._state = prices, listed
        if before is not None:
            equal = listed & before[1]
            equal[self._row_of[before[0] != prices]] = False
            self._pairs.append((int(equal.sum()), int(listed.sum())))

    def weighed(self) -> list[tuple[float, int, int]]:
        """For each pair of snapshots: the share of the possible windows that include it, its equal rows and its rows."""
        pairs = zip(weights(len(self._pairs)), self._pairs, strict=True)
        return [(weight, equal, rows) for weight, (equal, rows) in pairs]
