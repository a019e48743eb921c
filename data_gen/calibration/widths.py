"""The parameters that give generated documents and outcomes the mean widths of a profile."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from data_gen import payloads
from data_gen.bisection import bisected
from data_gen.calibration.facts import Facts
from data_gen.calibration.notes import Notes
from data_gen.case import DOCUMENT_MARKETS, NAME_LENGTH, Case
from data_gen.events import DatasetPlan
from data_gen.facts import COMPETITOR_MARKETS, COMPETITORS, HOME, HOME_MARKETS
from data_gen.listing import Listing
from data_gen.markets import MarketLines
from data_gen.naming import renamed
from data_gen.odds import Feed
from data_gen.offer import MarketRow, Platform
from data_gen.size import document_bytes
from data_gen.spread import Ints
from lab.values import ColumnProfile

_LIKE = 0.015
"""Half of the tolerance of `lab fidelity`. A width that is this near by itself is left alone, which keeps the case plain."""
_EVENTS = 200
"""Enough to show the mean width of documents within 0.4 %."""
_NAMING_EVENTS = 24
"""Enough to show the mean width of outcomes, which hardly differs between events."""
_SHORT = 126
"""Bytes up to which a value has a header of 1 byte; a longer one has 4."""
_OUTCOMES = 6
"""Place of the column in a market row after its id and snapshot_id."""
_SIDES = (
    ("home", HOME, HOME_MARKETS, (payloads.BETPAWA,)),
    ("competitor", COMPETITORS, COMPETITOR_MARKETS, payloads.COMPETITORS),
)

Mean = Callable[[float], float]
"""Maps a multiple to the mean bytes that the generator would make with it."""


@dataclass(frozen=True, kw_only=True)
class _Lever:
    """A parameter that makes a column wider."""

    of: str
    bounds: tuple[float, float]
    """Bounds of the search for a multiple."""


_MARKETS = _Lever(of="the markets of their rows", bounds=DOCUMENT_MARKETS)
_LENGTH = _Lever(of="the length of the catalogue's names", bounds=NAME_LENGTH)


def widths(facts: Facts, case: Case, notes: Notes) -> dict[str, float]:
    """Parameters for the profiled widths, where the generator's own widths differ."""
    return {parameter: multiple for parameter, multiple in _multiples(facts, case, notes) if multiple is not None}


def _multiples(facts: Facts, case: Case, notes: Notes) -> Iterator[tuple[str, float | None]]:
    for who, snapshots, markets, sites in _SIDES:
        documents, outcomes = facts.column(snapshots, "raw_response"), facts.column(markets, "outcomes")
        what = f"{who.capitalize()} documents"
        yield f"{who}_document_markets", _multiple(what, documents, _MARKETS, _documents(case, sites), notes)
        what = f"Outcomes of {who} market rows"
        yield f"{who}_name_length", _multiple(what, outcomes, _LENGTH, _outcomes(case, sites), notes)


def _multiple(what: str, column: ColumnProfile | None, lever: _Lever, mean: Mean, notes: Notes) -> float | None:
    """The multiple at which the column is as wide as profiled; None where no change is needed or the width is unknown."""
    wanted = column.mean_bytes if column else None
    if wanted is None:
        notes.assume(what, "as wide as the generator makes them by itself")
        return None
    if _alike(mean(1.0), wanted):
        notes.take(what, f"{wanted:,.0f} B, as the generator makes them by itself")
        return None
    multiple = bisected(mean, wanted, *lever.bounds)
    if _alike(mean(multiple), wanted):
        notes.take(what, f"{wanted:,.0f} B, with {multiple:.3g} times {lever.of}")
    else:
        notes.assume(what, f"{mean(multiple):,.0f} B, the nearest that the generator can make to {wanted:,.0f} B")
    return multiple


def _alike(mean: float, wanted: float) -> bool:
    return abs(mean / wanted - 1) <= _LIKE


def _documents(case: Case, sites: Sequence[Platform]) -> Mean:
    plan = DatasetPlan(case, _EVENTS, 1)
    snapshots = sum(int(plan.stored[site.name].sum()) for site in sites)
    return lambda markets: document_bytes(plan, sites, markets) / snapshots


def _outcomes(case: Case, sites: Sequence[Platform]) -> Mean:
    plan = DatasetPlan(case, _NAMING_EVENTS, 1)
    openings = [_OpeningOffer.of(plan, event, site) for site in sites for event in range(plan.events)]
    rows = sum(int(opening.snapshots.sum()) for opening in openings)
    return lambda length: sum(opening.outcome_bytes(length) for opening in openings) / rows


@dataclass(frozen=True, kw_only=True)
class _OpeningOffer:
    """The opening prices of an event on a platform; later prices are as wide."""

    snapshots: Ints
    """By row, how many snapshots have it on their list."""
    rows: list[MarketRow]
    nameless: list[int]
    """By row, the bytes of its outcomes beside their names."""

    @classmethod
    def of(cls, plan: DatasetPlan, event: int, site: Platform) -> _OpeningOffer:
        offer = plan.offer(event, site)
        feed = Feed(offer, site, plan.fixture(event).chance(1), plan.price_changes())
        lines = MarketLines(offer, Listing.constant(len(offer.rows)))
        lines.update(feed, feed.all_blocks, 0)
        outcomes = (line.split(b"\t")[_OUTCOMES].replace(b"\\\\", b"\\") for line in lines.lines)
        nameless = [len(text) - _name_bytes(row) for text, row in zip(outcomes, offer.rows, strict=True)]
        return cls(snapshots=plan.row_snapshots(event, site), rows=offer.rows, nameless=nameless)

    def outcome_bytes(self, length: float) -> int:
        """Bytes of all outcomes of all snapshots as stored, with names `length` times as long."""
        sizes = (size + _name_bytes(row) for size, row in zip(self.nameless, renamed(self.rows, length), strict=True))
        return sum(count * _stored(size) for count, size in zip(self.snapshots.tolist(), sizes, strict=True))


def _name_bytes(row: MarketRow) -> int:
    """Of the names of its outcomes, as JSON."""
    return sum(len(json.dumps(name)) for name, _ in row.outcomes)


def _stored(size: int) -> int:
    return size + (1 if size <= _SHORT else 4)
