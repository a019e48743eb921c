"""How often prices change, from how many market rows repeat, found by generating a few events in memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from data_gen.case import Case
from data_gen.events import Plan
from data_gen.markets import MarketLines
from data_gen.odds import Feed
from data_gen.payloads import BETPAWA, COMPETITORS
from data_gen.replay import Replay
from data_gen.sheet import Platform, Sheet

_EVENTS = 48
"""With fewer, the share depends on when just these events are looked at: by 4 points for 16, by 1 for 48."""
_LEAST, _MOST = 0.0005, 8.0
"""Rates between which one is looked for: below and above, nothing or everything changes."""
_HALVINGS = 9
_WINDOW = 11
"""Snapshots in a row that a profile compares of each event: pairs at the ends of a life are in fewer of its windows."""


def calm_change_rate(case: Case, home: Repeated | None, competitors: Repeated | None) -> float | None:
    """The rate at which the generator's rows repeat as often as those that were compared, home and competitors together.

    None where nothing was compared.
    """
    sides = [(one, sites) for one, sites in ((home, (BETPAWA,)), (competitors, COMPETITORS)) if one and one.rows]
    plan = Plan(case, _EVENTS, 1)

    def changing(rate: float) -> float:
        return -sum(one.rows * equal_market_rows(plan, sites, rate) for one, sites in sides)

    wanted = -sum(one.rows * one.share for one, _ in sides)
    return bisected(changing, wanted, _LEAST, _MOST) if sides else None


@dataclass(frozen=True, kw_only=True)
class Repeated:
    """A share of rows that repeat, and among how many."""

    share: float
    rows: int


def equal_market_rows(plan: Plan, sites: tuple[Platform, ...], change_rate: float) -> float:
    """Expected share of the sites' market rows that equal the previous snapshot's in the windows of a profile."""
    replay = Replay(plan, sites, change_rate, lambda _, __, sheet: _Compared(sheet))
    scrapes = replay.run(range(len(plan.cycles)))
    views = {(scrape.event, scrape.platform.name): scrape.view for scrape in scrapes}
    weighed = [(weight, equal, view.rows) for view in views.values() for weight, equal in view.weighed()]
    compared = sum(weight * rows for weight, _, rows in weighed)
    return sum(weight * equal for weight, equal, _ in weighed) / compared if compared else 1.0


def bisected(growing: Callable[[float], float], wanted: float, low: float, high: float) -> float:
    """Where a growing function of a positive number reaches `wanted`, or the nearer bound."""
    for _ in range(_HALVINGS):
        middle = (low * high) ** 0.5
        low, high = (middle, high) if growing(middle) < wanted else (low, middle)
    return float((low * high) ** 0.5)


class _Compared:
    """How many rows of each snapshot of one event are those of the one before."""

    def __init__(self, sheet: Sheet) -> None:
        self._lines = MarketLines(sheet)
        self._equal: list[int] = []

    @property
    def rows(self) -> int:
        return len(self._lines.lines)

    def issue(self, feed: Feed, blocks: list[int], moment_us: int) -> None:
        """Rewrite the rows, and count those that stay the same."""
        before = list(self._lines.lines)
        self._lines.issue(feed, blocks, moment_us)
        self._equal.append(sum(old == new for old, new in zip(before, self._lines.lines, strict=True)))

    def weighed(self) -> list[tuple[float, int]]:
        """By pair of snapshots, in how many of the possible windows it is, as a share, and its equal rows."""
        pairs = self._equal[1:]  # the first issue has nothing before it
        return list(zip(_weights(len(pairs)), pairs, strict=True))


@cache
def _weights(pairs: int) -> list[float]:
    """Every event has one window, which begins anywhere."""
    width = min(_WINDOW - 1, pairs)
    places = max(pairs - width + 1, 1)
    return [(min(pair, places - 1) - max(pair - width + 1, 0) + 1) / places for pair in range(pairs)]
