"""Which market rows of an offer are on the list at each moment: ladders move, markets come late, go and return.

Only the rows follow the list. A document has as many markets as the lists have on average, and always the same ones.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from operator import itemgetter

import numpy as np

from data_gen.spread import Bools, Floats, Ints

_FEWEST_LINES = 3  # of a ladder that moves
_FIXED = ("Corner", "Booking", "1X2 and")  # ladders that keep their lines: seen of corners, assumed of the others
_LADDERS = 0.75  # share of the changes that move a ladder; the others take a market away
_AWAY = 12  # cycles until a market returns, on average
_LATE = (0.15, 0.3)  # bookings and corners of a half have prices in such a last part of an event's life
_CLOSED = 0.11  # share of the events that lose their markets on winning both halves for good
_CLOSING_HOURS = (2.0, 6.0)  # so long before kick-off


@dataclass(frozen=True)
class CatalogueRow:
    """A market row that a platform may offer."""

    depth: float
    """How deep an offer must be to include it."""
    market: str
    name: str
    line: float | None


class Catalogue:
    """All market rows that a platform may offer, in the order of its lists."""

    def __init__(self, rows: Iterator[CatalogueRow]) -> None:
        """`rows` is consumed."""
        self._rows = tuple(rows)
        self.depths: Floats = np.array([row.depth for row in self._rows])
        """By row."""

    @cached_property
    def ladders(self) -> list[tuple[Ints, Ints]]:
        """Rows of the lowest and of the highest line of each ladder that moves."""
        lines: dict[str, dict[float, list[int]]] = defaultdict(lambda: defaultdict(list))
        for place, row in enumerate(self._rows):
            if row.line is not None and not any(word in row.name for word in _FIXED):
                lines[row.market][row.line].append(place)
        ladders = (rows for rows in lines.values() if len(rows) >= _FEWEST_LINES)
        return [(np.array(rows[min(rows)]), np.array(rows[max(rows)])) for rows in ladders]

    @cached_property
    def passing(self) -> list[Ints]:
        """Rows of each market that may go and return; those of every offer stay."""
        markets: dict[str, list[int]] = defaultdict(list)
        for place, row in enumerate(self._rows):
            if row.depth > 0 and not _comes_late(row.name):
                markets[row.market].append(place)
        return [np.array(rows) for rows in markets.values()]

    @cached_property
    def late(self) -> Ints:
        """Rows of the markets that come late."""
        return np.array([place for place, row in enumerate(self._rows) if _comes_late(row.name)], np.int64)

    @cached_property
    def closing(self) -> Ints:
        """Rows of the markets that some events lose for good."""
        return np.array([place for place, row in enumerate(self._rows) if "Win Both Halves" in row.name], np.int64)


def _comes_late(name: str) -> bool:
    return "Booking" in name or ("Corner" in name and "First Half" in name)


class RowCounts:
    """Market rows of a platform's stored snapshots, by how deep its offers are."""

    def __init__(self, catalogue: Catalogue, snapshots: Ints) -> None:
        """`snapshots` is (events, rows of the catalogue): how many snapshots of the event have the row."""
        order = np.argsort(catalogue.depths, kind="stable")
        self._depths = catalogue.depths[order]
        self._up_to = np.zeros((len(snapshots), len(order) + 1), np.int64)
        np.cumsum(snapshots[:, order], axis=1, out=self._up_to[:, 1:])

    @classmethod
    def whole(cls, catalogue: Catalogue, snapshots: Ints) -> RowCounts:
        """The same where every snapshot of an event has every row; `snapshots` is by event."""
        return cls(catalogue, np.broadcast_to(snapshots[:, None], (len(snapshots), len(catalogue.depths))))

    def at(self, depths: Floats) -> Ints:
        """By event, the rows of offers of these depths."""
        counts: Ints = self._up_to[np.arange(len(depths)), np.searchsorted(self._depths, depths, side="right")]
        return counts


@dataclass(frozen=True)
class Listing:
    """The lists of one offer, each valid until the next one."""

    places: list[int]
    """Where each begins, as a place among the cycles of the event's life; the first at 0."""
    starts_us: list[int]
    """The same in microseconds since 1970; the first list is valid before, too."""
    rows: Bools
    """(lists, rows): true where the row is on the list."""

    @classmethod
    def constant(cls, rows: int) -> Listing:
        """One list with all rows."""
        return cls([0], [0], np.ones((1, rows), np.bool_))

    def number(self, moment_us: int) -> int:
        """Which list is valid at that moment."""
        return max(bisect_right(self.starts_us, moment_us) - 1, 0)

    def only(self, rows: Bools) -> Listing:
        """The lists of those rows."""
        return Listing(self.places, self.starts_us, self.rows[:, rows])

    def shown(self, stored: Bools) -> Bools:
        """(snapshots, rows): true where the snapshot's list has the row; `stored` as in `weights`."""
        lists: Bools = self.rows[np.searchsorted(self.places, np.nonzero(stored)[0], side="right") - 1]
        return lists

    def weights(self, stored: Bools) -> Ints:
        """By row, how many of the snapshots have it; `stored` says for each cycle of the life whether there is one."""
        before = np.concatenate([[0], np.cumsum(stored)])
        weights: Ints = np.diff(before[[*self.places, len(stored)]]) @ self.rows
        return weights


@dataclass(frozen=True, kw_only=True)
class Life:
    """The cycles in which an event is followed; at each of them its list may change."""

    starts: Ints
    """Microseconds since 1970."""
    hours: Floats
    """To kick-off, descending."""
    changes: Floats
    """How likely the list changes by what nobody foresees."""
    window_hours: float
    """How long events are followed on average."""


Change = tuple[int, Ints, int]
"""Place of a cycle in the life, rows, and 1 where a reason begins to hide them or -1 where it ends."""


def listing(catalogue: Catalogue, depth: float, life: Life, chance: np.random.Generator) -> Listing:
    """The lists of an offer of that depth; rows that are deeper are always on them."""
    reasons = np.zeros(len(catalogue.depths), np.int64)  # by row, how many hide it now
    changes = sorted(_Changes(catalogue, depth, life, chance).all(), key=itemgetter(0))
    places, lists = [], []
    for place, group in groupby(changes, itemgetter(0)):
        if place < len(life.hours):
            for _, rows, more in group:
                reasons[rows] += more
            places.append(place)
            lists.append(reasons == 0)
    return Listing(places, life.starts[places].tolist(), np.array(lists))


class _Changes:
    """All changes in the life of one offer, in no order."""

    def __init__(self, catalogue: Catalogue, depth: float, life: Life, chance: np.random.Generator) -> None:
        self._catalogue, self._life, self._chance = catalogue, life, chance
        self._ladders = [ends for ends in catalogue.ladders if catalogue.depths[ends[0][0]] <= depth]
        self._passing = [rows for rows in catalogue.passing if catalogue.depths[rows[0]] <= depth]

    def all(self) -> Iterator[Change]:
        """What is foreseen comes first, so that it does not depend on how often lists change."""
        yield from self._late()
        yield from self._closing()
        changed = np.nonzero(self._chance.random(len(self._life.changes)) < self._life.changes)[0]
        moves = self._chance.random(len(changed)) < (_LADDERS if self._passing else 1.0)
        yield from self._moving(changed[moves].tolist())
        yield from self._passed(changed[~moves].tolist())

    def _late(self) -> Iterator[Change]:
        hours = self._life.window_hours * self._chance.uniform(*_LATE)
        yield 0, self._catalogue.late, 1
        yield self._at(hours), self._catalogue.late, -1

    def _closing(self) -> Iterator[Change]:
        closes, hours = self._chance.random() < _CLOSED, self._chance.uniform(*_CLOSING_HOURS)
        if closes:
            yield self._at(hours), self._catalogue.closing, 1

    def _moving(self, places: list[int]) -> Iterator[Change]:
        """A ladder shows all its lines but the lowest or the highest; when it moves, the other one of them is off."""
        hidden = self._chance.integers(0, 2, len(self._ladders)).tolist()
        yield 0, np.concatenate([ends[side] for side, ends in zip(hidden, self._ladders, strict=True)]), 1
        for place, ladder in zip(places, self._chance.integers(0, len(hidden), len(places)).tolist(), strict=True):
            yield place, self._ladders[ladder][hidden[ladder]], -1
            hidden[ladder] = 1 - hidden[ladder]
            yield place, self._ladders[ladder][hidden[ladder]], 1

    def _passed(self, places: list[int]) -> Iterator[Change]:
        """A market goes, and returns after a while."""
        for place, away in zip(places, self._chance.geometric(1 / _AWAY, len(places)).tolist(), strict=True):
            rows = self._passing[int(self._chance.integers(0, len(self._passing)))]
            yield place, rows, 1
            yield place + away, rows, -1

    def _at(self, hours: float) -> int:
        """The first cycle that is at most so many hours before kick-off, or the end of the life."""
        return int(np.searchsorted(-self._life.hours, -hours))
