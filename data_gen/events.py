"""The plan of a dataset: which events exist, when each is scraped, on which sites, and which scrapes are stored.

All choices are spread evenly instead of drawn at random, so that small samples have the proportions of the whole.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, partial

import numpy as np

from data_gen.bisection import bracket
from data_gen.case import Case
from data_gen.curve import Curve
from data_gen.cycles import MICROSECOND, Cycles, microseconds
from data_gen.fixtures import Fixture
from data_gen.inserts import CompetitorInserts
from data_gen.listing import Life, Listing, RowCounts, listing
from data_gen.naming import renamed
from data_gen.offer import Depth, Offer, Platform
from data_gen.payloads import BET9JA, BETPAWA, COMPETITORS, SITES, SPORTYBET
from data_gen.spread import Bools, Floats, Ints, plane, quota, sequence

_QUARTER = 15 * 60 * MICROSECOND
_HOUR = 3600 * MICROSECOND
_DROPOUT_CYCLES = 6
_LISTS = {"betpawa": 31, "sportybet": 32, "bet9ja": 33}  # each platform's lists have their own random numbers
_LARGEST = 1.5  # offers are from a half to one and a half of the middle one


class DatasetPlan:
    """All decisions about one dataset; they depend only on the case, the number of events and the seed."""

    def __init__(self, case: Case, events: int, seed: int, list_churn: float = 1.0) -> None:
        """`list_churn` scales how often the case's lists change; at 0 they never do."""
        self.case = case
        self._list_churn = list_churn * case.workload.list_churn
        self.events = events
        self.seed = seed
        self.cycles = Cycles.of(case)
        self._starts: list[float] = np.random.Generator(np.random.PCG64(seed)).random(16).tolist()

    def start(self, purpose: int) -> float:
        """Where an evenly spread sequence begins, in [0, 1): the seed's only say in the plan."""
        return self._starts[purpose]

    def price_changes(self, times: float = 1.0) -> Curve:
        """Share of prices that change per cycle, so many times the case's own."""
        return Curve.of(self.case.workload.price_changes, times * self.case.workload.change_rate)

    def fixture(self, event: int) -> Fixture:
        """The match of that event."""
        return Fixture(event, self.seed, int(self.kickoffs[event]))

    @cached_property
    def kickoffs(self) -> Ints:
        """Microseconds since 1970, ascending: evenly over the time followed and one window beyond it.

        The last one is always still to come when the case ends.
        """
        first, last = microseconds(self.case.first_captured), microseconds(self.case.last_captured)
        window = int(self.case.window.total_seconds()) * MICROSECOND
        followed = last - first + window
        least = max(0.1, 1 - 0.9 * self.events * window / followed)
        places = (np.arange(self.events) + least + (0.92 - least) * self.start(0)) / self.events
        kickoffs: Ints = (first + (places * followed).astype(np.int64)) // _QUARTER * _QUARTER
        return kickoffs

    @cached_property
    def lives(self) -> tuple[Ints, Ints]:
        """First cycle of every event, and the one after its last."""
        window = self.case.window.total_seconds() * MICROSECOND
        windows = (window * (0.75 + 0.5 * self._sequence(1))).astype(np.int64)
        starts = self.cycles.starts
        first, end = (np.searchsorted(starts, moments) for moments in (self.kickoffs - windows, self.kickoffs))
        return first.astype(np.int64), end.astype(np.int64)

    @cached_property
    def scraped(self) -> Bools:
        """(events, cycles): true where the event is scraped in that cycle."""
        first, end = self.lives
        cycles = np.arange(len(self.cycles))
        return (cycles >= first[:, None]) & (cycles < end[:, None])

    @cached_property
    def offered(self) -> dict[str, Bools]:
        """By platform, (events, cycles): true where the event is on the site when it is scraped."""
        load = self.case.workload
        home = self._offered(load.home_share, 2, self._home_lacks)
        competitor_only: Bools = np.asarray((self.scraped & ~home).any(axis=1))
        home = home & ~self._dropped_out
        shares = ((SPORTYBET, load.sportybet_share, 3), (BET9JA, load.bet9ja_share, 4))
        return {BETPAWA.name: home} | {
            site.name: self._offered(share, axis, partial(self._competitor_lacks, competitor_only))
            for site, share, axis in shares
        }

    @cached_property
    def _dropped_out(self) -> Bools:
        """(events, cycles): true where the home bookmaker has withdrawn an event for a while."""
        first, end = self.lives
        share = self.case.workload.event_dropouts if self._list_churn else 0.0
        away = first + ((end - first) * self._sequence(9)).astype(np.int64)
        since = np.arange(len(self.cycles)) - away[:, None]
        chosen: Bools = (since >= 0) & (since < _DROPOUT_CYCLES) & (self._sequence(10) < share)[:, None]
        return chosen

    @cached_property
    def stored(self) -> dict[str, Bools]:
        """By platform, (events, cycles): true where a snapshot is inserted."""
        competitors = CompetitorInserts(
            scraped=self.scraped,
            offered=self.offered,
            in_session=self.cycles.sessions,
            sessions=self.case.workload.sessions,
            starts=tuple(self.start(7 + number) for number in range(len(COMPETITORS))),
        )
        return {BETPAWA.name: self._home_inserts()} | {site.name: competitors.of(site) for site in COMPETITORS}

    @cached_property
    def depths(self) -> dict[str, Floats]:
        """By platform, how deep the offer for each event is; an offer of depth 1 or more is complete.

        The lists have as many rows as the case, so an offer is deeper than what is on its lists at one moment.
        """
        return self._fitted_depths(self._listed_rows)

    @cached_property
    def _whole_depths(self) -> dict[str, Floats]:
        """The same where every row is on every list, as in the documents; how lists change must not move them."""
        return self._fitted_depths(self._whole_rows)

    @cached_property
    def _whole_rows(self) -> dict[str, RowCounts]:
        """By platform, the rows of the stored snapshots if every row of an offer were on every list."""
        return {site.name: RowCounts.whole(site.catalogue(), self._snapshots(site)) for site in SITES}

    @cached_property
    def _listed_rows(self) -> dict[str, RowCounts]:
        """By platform, the rows on the lists of the stored snapshots."""
        if not self._list_churn:
            return self._whole_rows
        return {
            site.name: RowCounts(
                site.catalogue(),
                np.array(
                    [self.lists(event, site).weights(self._stored_life(event, site)) for event in range(self.events)]
                ),
            )
            for site in SITES
        }

    def lists(self, event: int, platform: Platform) -> Listing:
        """Which rows of the platform's whole catalogue are on its lists for that event."""
        catalogue, life = platform.catalogue(), self._life(event, platform)
        if not self._list_churn or not len(life.hours):
            return Listing.constant(len(catalogue.depths))
        depth = float(self._whole_depths[platform.name][event])
        return listing(catalogue, depth, life, self.fixture(event).chance(_LISTS[platform.name]))

    def offered_lists(self, event: int, platform: Platform) -> Listing:
        """The same for the rows of the offer."""
        return self.lists(event, platform).only(platform.catalogue().depths <= self.depths[platform.name][event])

    def row_snapshots(self, event: int, platform: Platform) -> Ints:
        """By row of the offer, how many of the stored snapshots have it on their list."""
        return self.offered_lists(event, platform).weights(self._stored_life(event, platform))

    def snapshot_lists(self, event: int, platform: Platform) -> Bools:
        """(stored snapshots, rows of the offer): true where the row is on the snapshot's list."""
        return self.offered_lists(event, platform).shown(self._stored_life(event, platform))

    def _life(self, event: int, platform: Platform) -> Life:
        load, (first, end) = self.case.workload, (int(bound[event]) for bound in self.lives)
        curve = load.home_list_changes if platform is BETPAWA else load.competitor_list_changes
        starts = self.cycles.starts[first:end]
        hours = (self.kickoffs[event] - starts) / _HOUR
        changes = Curve.of(curve, self._list_churn).over(hours, self.cycles.passed[first:end])
        return Life(starts=starts, hours=hours, changes=changes, window_hours=load.window_hours)

    def _stored_life(self, event: int, platform: Platform) -> Bools:
        """By cycle of the event's life, whether a snapshot is stored."""
        first, end = (int(bound[event]) for bound in self.lives)
        return self.stored[platform.name][event, first:end]

    def _snapshots(self, platform: Platform) -> Ints:
        """By event, how many snapshots are stored."""
        counts: Ints = self.stored[platform.name].sum(axis=1)
        return counts

    def _fitted_depths(self, rows: Mapping[str, RowCounts]) -> dict[str, Floats]:
        """By platform, the depths at which those rows are as many as the case has."""
        load = self.case.workload
        middle = _LARGEST - 1 + self._sequence(5)
        only = self.never_home
        home = _fitted(lambda scale: self._mean_rows(rows, {BETPAWA: middle * scale}), load.home_rows)
        only_scale = _fitted(
            lambda scale: self._mean_rows(rows, dict.fromkeys(COMPETITORS, middle * scale), only),
            load.competitor_only_rows,
        )

        def offers(scale: float) -> dict[Platform, Floats]:
            return dict.fromkeys(COMPETITORS, middle * np.where(only, only_scale, scale))

        both = _fitted(lambda scale: self._mean_rows(rows, offers(scale)), load.competitor_rows)
        return {site.name: depths for site, depths in ({BETPAWA: middle * home} | offers(both)).items()}

    @cached_property
    def never_home(self) -> Bools:
        """Events that only competitors offer."""
        never: Bools = np.logical_not(self.offered[BETPAWA.name].any(axis=1))
        return never

    def market_rows(self, platform: Platform) -> int:
        """Market rows of all stored snapshots."""
        return int(self._listed_rows[platform.name].at(self.depths[platform.name]).sum())

    @cached_property
    def _document_depths(self) -> dict[str, Floats]:
        """By platform, how deep the documents of the case are."""
        load = self.case.workload
        home = self.document_depths((BETPAWA,), load.home_document_markets)
        return home | self.document_depths(COMPETITORS, load.competitor_document_markets)

    def document_depths(self, sites: Sequence[Platform], markets: float) -> dict[str, Floats]:
        """By platform, how deep documents are that have `markets` times the markets that whole offers have rows of."""

        def depths(scale: float) -> dict[Platform, Floats]:
            return {site: self._whole_depths[site.name] * scale for site in sites}

        def mean(scale: float) -> float:
            return self._mean_rows(self._whole_rows, depths(scale))

        scale = 1.0 if markets == 1.0 else _fitted(mean, markets * mean(1.0))
        return {site.name: values for site, values in depths(scale).items()}

    def offer(self, event: int, platform: Platform) -> Offer:
        """What the platform offers for that event."""
        load = self.case.workload
        markets, length = (
            (load.home_document_markets, load.home_name_length)
            if platform is BETPAWA
            else (load.competitor_document_markets, load.competitor_name_length)
        )
        depth, document = (depths[platform.name][event] for depths in (self.depths, self._document_depths))
        offer = platform.offer(self.fixture(event), Depth(rows=float(depth), document=float(document), texts=markets))
        offer.rows = renamed(offer.rows, length)
        return offer

    def _sequence(self, axis: int) -> Floats:
        return sequence(self.events, axis, self.start(axis))

    def _offered(self, share: float, axis: int, lacks: Callable[[Ints, float, float], Ints]) -> Bools:
        """True where the site offers the event. It never offers some, and opens one late to meet the share exactly."""
        first, end = self.lives
        lacking = lacks(end - first, 1 - share, self.start(axis))
        return self.scraped & (np.arange(len(self.cycles)) >= (first + lacking)[:, None])

    @staticmethod
    def _home_lacks(scrapes: Ints, share: float, start: float) -> Ints:
        """Scrapes that home lacks by event; none of the last, so that the newest day always has home snapshots."""
        weights = np.append(scrapes[:-1], 0)
        others = max(int(weights.sum()), 1)
        return quota(weights, min(share * int(scrapes.sum()) / others, 1), start)

    @staticmethod
    def _competitor_lacks(competitor_only: Bools, scrapes: Ints, share: float, start: float) -> Ints:
        """Scrapes that a competitor lacks by event: the same share of the events that home lacks for a time as of others.

        The two groups are balanced separately, because every competitor scrape of the first group is stored.
        """
        lacking = np.zeros_like(scrapes)
        for group in (competitor_only, np.logical_not(competitor_only)):
            if group.any():
                lacking[group] = quota(scrapes[group], share, start)
        return lacking

    def _home_inserts(self) -> Bools:
        offered = self.offered[BETPAWA.name]
        rate = self.case.workload.home_inserts * self.scraped.sum() / max(offered.sum(), 1)
        stored: Bools = offered & (plane(offered.shape, self.start(6)) < rate)
        return stored

    def _mean_rows(
        self, rows: Mapping[str, RowCounts], depths: Mapping[Platform, Floats], events: Bools | None = None
    ) -> float:
        """Market rows per snapshot of these platforms, over all events or those given."""
        chosen = np.ones(self.events, np.bool_) if events is None else events
        total = sum(int(rows[site.name].at(values)[chosen].sum()) for site, values in depths.items())
        return total / max(sum(int(self._snapshots(site)[chosen].sum()) for site in depths), 1)


def _fitted(mean: Callable[[float], float], wanted: float) -> float:
    """The scale at which the growing function `mean` comes nearest to `wanted`."""
    bounds = bracket(mean, wanted, (0.02, 3.0), middle=lambda low, high: (low + high) / 2, halvings=24)
    return min(bounds, key=lambda scale: abs(mean(scale) - wanted))
