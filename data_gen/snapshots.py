"""The snapshots with their raw responses: odds_snapshots and competitor_odds_snapshots."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import numpy as np

from data_gen.copying import NULL
from data_gen.document import Constants, DocumentTemplate
from data_gen.odds import Feed
from data_gen.offer import Offer, Platform, PriceUpdate
from data_gen.replay import Scrape

HOME_COLUMNS = ("id", "event_id", "bookmaker_id", "captured_at", "scrape_run_id", "raw_response", "last_confirmed_at")
COMPETITOR_COLUMNS = ("id", "competitor_event_id", "captured_at", "scrape_run_id", "raw_response", "last_confirmed_at")


class Response:
    """The document of one offer, patched where prices changed."""

    def __init__(
        self, offer: Offer, platform: Platform, chance: np.random.Generator, constants: Constants, *, always_new: bool
    ) -> None:
        """`always_new` writes every price in every response, not only the changed prices."""
        self._document = DocumentTemplate(offer.document, constants)
        self._platform = platform
        self._chance = chance
        self._always_new = always_new

    def update(self, feed: Feed, blocks: list[int], moment_us: int) -> None:
        """Write the prices of these blocks into the document."""
        written = feed.all_blocks if self._always_new else blocks
        update = PriceUpdate(
            numbers=feed.members(written),
            prices=feed.prices,
            active=feed.active,
            blocks=written,
            moment_us=moment_us,
            chance=self._chance,
        )
        self._platform.write(self._document, update)

    def text(self) -> bytes:
        """The document as a COPY field."""
        return self._document.text()


def copied(
    scrapes: Iterable[Scrape[Response]],
    ids: Iterator[int],
    owner: Callable[[Scrape[Response]], bytes],
    moment: Callable[[int], str],
    *,
    confirmed: bool,
) -> Iterator[bytes]:
    """One row of COPY text per snapshot.

    `owner` gives the fields between id and captured_at; `confirmed` says whether last_confirmed_at is set.
    """
    for scrape in scrapes:
        captured = moment(scrape.captured_us).encode()
        confirmation = captured.removesuffix(b"+00") if confirmed else NULL
        run = b"%d" % (scrape.cycle + 1)
        yield b"\t".join((b"%d" % next(ids), owner(scrape), captured, run, scrape.view.text(), confirmation)) + b"\n"
