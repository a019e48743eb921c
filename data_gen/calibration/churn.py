"""How often lists of markets change, as a multiple of the case's curves.

Draws the lists of a few events in memory until as many equal the one before as in the profile.
"""

from __future__ import annotations

from collections.abc import Iterator

from data_gen.bisection import bisected
from data_gen.calibration.windows import EVENTS, KeptPlan, Repeated, compared_sides, weights
from data_gen.case import Case
from data_gen.events import DatasetPlan
from data_gen.offer import Platform

_LEAST, _MOST = 0.01, 200.0
"""The multiples between which it is sought: below, only what is foreseen changes a list; above, everything does."""


def list_churn(case: Case, home: Repeated | None, competitors: Repeated | None) -> float | None:
    """The multiple of the case's curves at which the generator's lists repeat as often as the profiled ones.

    Home and competitors are taken together. 0, at which no list changes, where that is nearer to the profile than the
    least multiple. None where the profile compared no lists.
    """
    sides = compared_sides(home, competitors)
    if not sides:
        return None

    def changed(churn: float) -> float:
        plan = KeptPlan(case.updated({"list_churn": churn}), EVENTS, 1)
        return sum(repeated.compared * (1 - equal_lists(plan, sites)) for repeated, sites in sides)

    wanted = sum(repeated.compared * (1 - repeated.share) for repeated, _ in sides)
    return 0.0 if wanted < changed(_LEAST) / 2 else bisected(changed, wanted, _LEAST, _MOST)


def equal_lists(plan: DatasetPlan, sites: tuple[Platform, ...]) -> float:
    """Expected share of the sites' snapshots with the list of the one before, in the windows of a profile."""
    pairs = [pair for site in sites for event in range(plan.events) for pair in _weighed(plan, event, site)]
    compared = sum(weight for weight, _ in pairs)
    return sum(weight for weight, equal in pairs if equal) / compared if compared else 1.0


def _weighed(plan: DatasetPlan, event: int, site: Platform) -> Iterator[tuple[float, bool]]:
    """For each snapshot of the event but the first: its weight, and whether its list is that of the one before."""
    lists = plan.snapshot_lists(event, site)
    equal: list[bool] = (lists[1:] == lists[:-1]).all(axis=1).tolist()
    return zip(weights(len(equal)), equal, strict=True)
