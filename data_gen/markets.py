"""The market rows of snapshots: market_odds and competitor_market_odds."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from itertools import compress

from data_gen.copying import NULL, field, zoned
from data_gen.listing import Listing
from data_gen.money import DECIMALS
from data_gen.odds import Feed
from data_gen.offer import MarketRow, Offer
from data_gen.replay import Scrape

COLUMNS = (
    "id",
    "snapshot_id",
    "betpawa_market_id",
    "betpawa_market_name",
    "line",
    "handicap_type",
    "handicap_home",
    "handicap_away",
    "outcomes",
    "market_groups",
    "unavailable_at",
)

_WITHDRAWN = 250  # in one of so many snapshots, one market is no longer available


class MarketLines:
    """The rows of one offer as COPY text after id and snapshot_id, rewritten only where prices changed."""

    def __init__(self, offer: Offer, lists: Listing) -> None:
        """`lists` says which of the offer's rows are on the list at each moment."""
        self._lists, self._listed = lists, -1
        self._on_list: list[bool] = []
        self._templates = [_template(row) for row in offer.rows]
        self._numbers = [[number for _, number in row.outcomes] for row in offer.rows]
        self._rows_of: dict[int, set[int]] = {}
        for row, numbers in enumerate(self._numbers):
            for number in numbers:
                self._rows_of.setdefault(offer.blocks[number], set()).add(row)
        self._lines = [b""] * len(offer.rows)

    @property
    def lines(self) -> Iterator[bytes]:
        """The rows that are on the list, in the order of the offer."""
        return compress(self._lines, self._on_list)

    def update(self, feed: Feed, blocks: list[int], moment_us: int) -> None:
        """Rewrite the rows with prices of these blocks, and take over the list of that moment."""
        if (listed := self._lists.number(moment_us)) != self._listed:
            self._listed, self._on_list = listed, self._lists.rows[listed].tolist()
        prices, active = feed.prices.tolist(), feed.active.tolist()
        for row in set().union(*(self._rows_of.get(block, set()) for block in blocks)):
            shown = [
                value for number in self._numbers[row] for value in (DECIMALS[prices[number]], _BOOLEAN[active[number]])
            ]
            self._lines[row] = self._templates[row] % tuple(shown)


_BOOLEAN = {True: b"true", False: b"false"}


def copied(scrapes: Iterable[Scrape[MarketLines]], ids: Iterator[int], snapshots: Iterator[int]) -> Iterator[bytes]:
    """The market rows as COPY text, one element per snapshot."""
    for scrape in scrapes:
        snapshot = next(snapshots)
        middle = b"\t%d\t" % snapshot
        lines = [b"%d%b%b" % (next_id, middle, line) for line, next_id in zip(scrape.view.lines, ids, strict=False)]
        if snapshot % _WITHDRAWN == 0:
            lines[-1] = lines[-1].removesuffix(NULL + b"\n") + field(zoned(scrape.captured_us)) + b"\n"
        yield b"".join(lines)


def _template(row: MarketRow) -> bytes:
    """The row's text from betpawa_market_id on, with %b twice per outcome: price and activity."""
    kind, home, away = row.handicap or (None, None, None)
    fixed = [row.market_id, row.name, row.line, kind, home, away]
    groups = json.dumps(list(row.groups)) if row.groups is not None else "null"
    before = b"\t".join(map(field, fixed)).replace(b"%", b"%%")
    return b"\t".join((before, _outcomes(row), groups.encode(), NULL)) + b"\n"


def _outcomes(row: MarketRow) -> bytes:
    names = [field(json.dumps(name)).replace(b"%", b"%%") for name, _ in row.outcomes]
    return b"[" + b", ".join(b'{"name": %b, "odds": %%b, "is_active": %%b}' % name for name in names) + b"]"
