"""A platform's offer for an event: the same prices as market rows and as the site's document."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from data_gen.document import DocumentTemplate
from data_gen.fixtures import Fixture
from data_gen.listing import Catalogue
from data_gen.spread import Bools, Ints

BLOCKS = 18
"""Price blocks of one feed: the markets of a block are re-issued together."""


@dataclass(frozen=True, kw_only=True)
class MarketRow:
    """One row of market_odds or competitor_market_odds, without its prices."""

    market_id: str
    name: str
    outcomes: tuple[tuple[str, int], ...]
    """Name and number of the price, in the order of the JSON array."""
    line: float | None = None
    handicap: tuple[str, float, float] | None = None
    """Type and handicaps of home and away, None where the market has none."""
    groups: tuple[str, ...] | None = None


@dataclass
class Offer:
    """One platform's offer for one event; filled while it is built, unchanged afterwards."""

    opening: list[int] = field(default_factory=list)
    """Opening prices in hundredths, by number."""
    blocks: list[int] = field(default_factory=list)
    """Which of the `BLOCKS` blocks each price belongs to."""
    rows: list[MarketRow] = field(default_factory=list)
    document: dict[str, Any] = field(default_factory=dict)
    """The event-detail object, with marks (`slot`, `inner_slot`) in the places of prices and of values
    that depend on them."""

    def price(self, hundredths: int, block: int) -> int:
        """Add a price of that block and return its number."""
        self.opening.append(hundredths)
        self.blocks.append(block)
        return len(self.opening) - 1


@dataclass(frozen=True, kw_only=True)
class PriceUpdate:
    """The prices of one offer at one moment, and which of them are new."""

    numbers: list[int]
    """Of the prices issued now."""
    prices: Ints
    """All prices, in hundredths."""
    active: Bools
    blocks: list[int]
    """Blocks that were re-issued."""
    moment_us: int
    """Microseconds since 1970."""
    chance: np.random.Generator
    """For what only the document shows."""

    def texts(self, printed: Sequence[bytes]) -> Iterator[tuple[int, bytes]]:
        """The new prices by number, looked up in a table of how each hundredth is printed."""
        return zip(self.numbers, map(printed.__getitem__, self.prices[self.numbers].tolist()), strict=True)

    def states(self, active: bytes, inactive: bytes) -> Iterator[tuple[int, bytes]]:
        """Whether each of the new prices can be played, in the site's words."""
        return zip(self.numbers, (active if on else inactive for on in self.active[self.numbers].tolist()), strict=True)


@dataclass(frozen=True, kw_only=True)
class Depth:
    """How much of a platform's full offer is stored."""

    rows: float
    """How deep its market rows go, from 0 to 1."""
    document: float
    """How deep its document goes."""
    texts: float = 1.0
    """Multiple of the texts that a document contains whatever is on offer."""


@dataclass(frozen=True, kw_only=True)
class Platform:
    """One bookmaker's site."""

    name: str
    ladder: tuple[tuple[int, int], ...]
    """Pairs of an upper bound and the step of prices below it, in hundredths, ascending; the last bound is the highest
    price."""
    moves: float
    """Share of re-issued prices that come out as another number on the ladder, measured over many moves."""
    catalogue: Callable[[], Catalogue]
    """All market rows that it may offer; the rows of an offer are those that are deep enough, in the same order."""
    offer: Callable[[Fixture, Depth], Offer]
    """The offer for an event."""
    write: Callable[[DocumentTemplate, PriceUpdate], None]
    """Write the prices of an update into the offer's document."""


def block_of(market: int, markets: int) -> int:
    """The block of market number `market` in a catalogue of `markets`; neighbouring markets change together."""
    return market * BLOCKS // markets


def slot(kind: str, number: int) -> str:
    """Mark of a whole JSON value; `kind` is one capital letter."""
    return f"~{kind}{number}~"


def inner_slot(kind: str, number: int) -> str:
    """Mark of a place inside a JSON string; `kind` is one small letter."""
    return f"~{kind}{number}~"
