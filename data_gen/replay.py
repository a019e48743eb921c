"""Scrapes in the order they were stored, each with the state of its offer at that moment."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

import numpy as np

from data_gen.case import CYCLE
from data_gen.curve import Curve
from data_gen.cycles import MICROSECOND, STEP
from data_gen.events import DatasetPlan
from data_gen.odds import Feed
from data_gen.offer import Offer, Platform

_HOUR = 3600 * MICROSECOND
_FEEDS = {"betpawa": 11, "sportybet": 12, "bet9ja": 13}  # each has its own random numbers


class View(Protocol):
    """The form that a pass gives an offer: a document, or market rows."""

    def update(self, feed: Feed, blocks: list[int], moment_us: int) -> None:
        """Take over the prices of these blocks."""


V = TypeVar("V", bound=View)


@dataclass(frozen=True)
class Scrape(Generic[V]):
    """One stored snapshot."""

    event: int
    platform: Platform
    cycle: int
    captured_us: int
    view: V


@dataclass
class _FollowedOffer(Generic[V]):
    feed: Feed
    view: V
    captured_us: int
    """When it was last stored."""


class Replay(Generic[V]):
    """One pass over the snapshots of some platforms; memory holds only the offers being followed."""

    def __init__(
        self,
        plan: DatasetPlan,
        platforms: tuple[Platform, ...],
        changes: Curve,
        view: Callable[[int, Platform, Offer], V],
    ) -> None:
        self._plan = plan
        self._platforms = platforms
        self._changes = changes
        self._view = view
        self._offers: dict[tuple[int, str], _FollowedOffer[V]] = {}

    def run(self, cycles: range) -> Iterator[Scrape[V]]:
        """The snapshots of these cycles; the ranges of successive calls must follow each other."""
        size = self._plan.case.workload.events_per_batch
        for cycle in cycles:
            events: list[int] = np.nonzero(self._plan.scraped[:, cycle])[0].tolist()
            batches = -(-len(events) // size)
            for batch in range(batches):
                captured = self._plan.cycles.captured(cycle, batch, batches)
                yield from self._batch(events[batch * size : (batch + 1) * size], cycle, captured)
            self._forget(cycle)

    def following(self, count: int) -> Iterator[list[Scrape[V]]]:
        """`count` cycles after the last one, whose offers move on: the first batch of each.

        They store snapshots of the same events and platforms as the last `count` cycles did, as far as these are still to be
        played. They belong to the last run of the scraper.
        """
        cycles, last = self._plan.cycles, len(self._plan.cycles) - 1
        for number in range(min(count, last + 1)):
            captured = cycles.captured(last, 0, 1) + (number + 1) * CYCLE.seconds * MICROSECOND
            listed = self._plan.scraped[:, last + 1 - count + number] & (self._plan.kickoffs > captured)
            events: list[int] = np.nonzero(listed)[0].tolist()[: self._plan.case.workload.events_per_batch]
            yield [
                Scrape(event, platform, last, captured, self._advanced(event, platform, captured))
                for event in events
                for platform in self._platforms
                if self._plan.stored[platform.name][event, last + 1 - count + number]
            ]

    def _batch(self, events: list[int], cycle: int, captured_us: int) -> Iterator[Scrape[V]]:
        for event in events:
            for platform in self._platforms:
                if self._plan.stored[platform.name][event, cycle]:
                    yield Scrape(event, platform, cycle, captured_us, self._advanced(event, platform, captured_us))

    def _advanced(self, event: int, platform: Platform, captured_us: int) -> V:
        """The offer as it is now. It moves only when it is stored, because nobody sees the prices in between."""
        offer = self._offers.get((event, platform.name))
        if offer is None:
            offer = self._offers[event, platform.name] = self._opened(event, platform, captured_us)
            return offer.view
        hours = (int(self._plan.kickoffs[event]) - captured_us) / _HOUR
        deduplicated = platform.name != "betpawa" and not self._plan.never_home[event]
        passed = max(round((captured_us - offer.captured_us) / STEP), 1)
        if deduplicated:  # it did not change in the cycles in which it was not stored
            passed = min(passed, self._plan.cycles.pause(captured_us))
        blocks = offer.feed.step(hours, cycles=passed, forced=deduplicated)
        offer.captured_us = captured_us
        offer.view.update(offer.feed, blocks, captured_us)
        return offer.view

    def _opened(self, event: int, platform: Platform, captured_us: int) -> _FollowedOffer[V]:
        fixture = self._plan.fixture(event)
        offer = self._plan.offer(event, platform)
        feed = Feed(offer, platform, fixture.chance(_FEEDS[platform.name]), self._changes)
        followed = _FollowedOffer(feed, self._view(event, platform, offer), captured_us)
        followed.view.update(feed, feed.all_blocks, captured_us)
        return followed

    def _forget(self, cycle: int) -> None:
        if cycle + 1 == len(self._plan.cycles):
            return  # what is still to be played goes on
        _, end = self._plan.lives
        for event, name in [key for key in self._offers if end[key[0]] <= cycle + 1]:
            del self._offers[event, name]
