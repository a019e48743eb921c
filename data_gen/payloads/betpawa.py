"""BetPawa, the home bookmaker: markets of rows of prices, each price with an obfuscated probability."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from functools import cache
from itertools import count
from typing import Any

import numpy as np

from data_gen.document import DocumentTemplate
from data_gen.fixtures import SQUAD, Fixture
from data_gen.listing import Catalogue, CatalogueRow
from data_gen.money import DECIMALS
from data_gen.offer import Depth, MarketRow, Offer, Platform, PriceUpdate, block_of, inner_slot, slot
from data_gen.payloads.catalogue import depths, read
from data_gen.prose import guide

_ALWAYS = frozenset({"3743", "4693", "3795", "5000", "4703", "4724", "1096755"})
_PLAYERS = 0.6  # depth from which players have prices
_GOALSCORER_ROWS = (248, 3228)  # the shortest and the longest price on a player to score
_SECRET = b'{"win":%d,"refund":%b,"key":%d}'
_MASK = np.int64(-0x61C8864680B583EB)  # mixed into every probability by the site: 0x9E3779B97F4A7C15


@cache
def _catalogue() -> Catalogue:
    return Catalogue(_catalogue_rows())


def _catalogue_rows() -> Iterator[CatalogueRow]:
    for market in read("betpawa")["markets"]:
        depth, key, name = _depths()[market["id"]], market["id"], market["title"]
        rows = [(depth, line) for line, *_ in market["rows"]] or [(player, None) for player in _player_depths()]
        yield from (CatalogueRow(least, key, name, line) for least, line in rows)


@cache
def _depths() -> dict[str, float]:
    markets = read("betpawa")["markets"]
    rare = frozenset(market["id"] for market in markets if market.get("rare"))
    on_players = frozenset(market["id"] for market in markets if not market["rows"])
    return depths([market["id"] for market in markets], always=_ALWAYS | on_players, late=rare)


@cache
def _player_depths() -> list[float]:
    return [_PLAYERS + (1 - _PLAYERS) * player / SQUAD for player in range(SQUAD)]


def _offer(fixture: Fixture, depth: Depth) -> Offer:
    return _OfferBuilder(fixture, depth).complete()


class _OfferBuilder:
    """Collects prices and rows while the document is composed."""

    def __init__(self, fixture: Fixture, depth: Depth) -> None:
        self._fixture = fixture
        self._depth = depth
        self._deepest = max(depth.rows, depth.document)
        self._offer = Offer()
        self._ids = (1_449_000_000 + fixture.number * 9_973 + number * 5_771 % 9_973 for number in count())

    def complete(self) -> Offer:
        self._offer.document = self._document(list(self._shown()))
        return self._offer

    def _shown(self) -> Iterator[dict[str, Any]]:
        """The document's markets; on the way, all prices get their numbers."""
        for number, market in enumerate(read("betpawa")["markets"]):
            least = _depths()[market["id"]]
            if least <= self._deepest:
                composed = self._market(number, market)
                if least <= self._depth.document:
                    yield composed

    def _market(self, number: int, market: dict[str, Any]) -> dict[str, Any]:
        rows = [self._row(number, market, row) for row in market["rows"]] or self._players(number, market)
        return {
            "marketType": _market_type(market),
            "row": rows,
            "displayNameRows": [],
            "displayNameColumns": market["heads"],
            "additionalInfo": {"boosted": False, "cashoutable": market["cashout"], "twoUp": False},
        }

    def _row(self, number: int, market: dict[str, Any], row: list[Any]) -> dict[str, Any]:
        line, handicap, formatted, identified, prices = row
        offered = [self._price(number, price) for price in prices]
        if _depths()[market["id"]] <= self._depth.rows:
            self._add(market, tuple((price[0], place) for price, (place, _) in zip(prices, offered, strict=True)), line)
        ids = {"id": str(374_100_000 + self._fixture.number * 97 + number)} if identified else {}
        return {**ids, "handicap": handicap, "formattedHandicap": formatted, "prices": [price for _, price in offered]}

    def _players(self, number: int, market: dict[str, Any]) -> list[dict[str, Any]]:
        depths_names = list(zip(_player_depths(), self._fixture.squad, strict=True))
        composed = [
            (least, self._player(number, market, player, " ".join(names)))
            for player, (least, names) in enumerate(depths_names)
            if least <= self._deepest
        ]
        return [row for least, row in composed if least <= self._depth.document]

    def _player(self, number: int, market: dict[str, Any], player: int, name: str) -> dict[str, Any]:
        shortest, longest = _GOALSCORER_ROWS
        opening = shortest + (longest - shortest) * player * player // (SQUAD * SQUAD)
        offered = [name, str(30_364_000 + player * 3), opening, None, name]
        place, price = self._price(number, offered, team=1 + player % 2)
        if _player_depths()[player] <= self._depth.rows:
            self._add(market, ((name, place),), None)
        return {"handicap": None, "formattedHandicap": None, "prices": [price]}

    def _add(self, market: dict[str, Any], outcomes: tuple[tuple[str, int], ...], line: float | None) -> None:
        groups = tuple(market["groups"])
        self._offer.rows.append(
            MarketRow(market_id=market["id"], name=market["title"], outcomes=outcomes, line=line, groups=groups)
        )

    def _price(self, market: int, price: list[Any], **extra: int) -> tuple[int, dict[str, Any]]:
        name, type_id, opening, handicap, title = price
        number = self._offer.price(opening, block_of(market, len(read("betpawa")["markets"])))
        return number, {
            "id": str(next(self._ids)),
            "name": name,
            "typeId": type_id,
            "price": slot("P", number),
            "suspended": slot("S", number),
            "handicap": handicap,
            **extra,
            "displayName": title,
            "additionalInfo": {"hot": False, "twoUp": False, "anyUp": "NO_UP"},
            "probability": inner_slot("u" if extra else "k", number),
        }

    def _document(self, markets: list[dict[str, Any]]) -> dict[str, Any]:
        match, league = self._fixture, self._fixture.league
        widgets = [
            (match.sportradar_id, "SPORTRADAR", "PREMATCH"),
            (match.sportradar_id, "SPORTRADAR", "INPLAY"),
            (str(13_590_000 + match.number), "GENIUSSPORTS", None),
        ]
        return {
            "id": str(external_id(match)),
            "name": match.name,
            "results": None,
            "widgets": [{"id": key, "type": kind, "retention": kept} for key, kind, kept in widgets],
            "participants": [
                {"id": str(650_000 + match.number * 2 + side), "name": team, "position": side + 1}
                for side, team in enumerate(match.teams)
            ],
            "startTime": match.kickoff.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "markets": markets,
            "totalMarketCount": len(
                {(market["marketType"]["id"], row["handicap"]) for market in markets for row in market["row"]}
            ),
            "category": {"id": "2", "name": "Football"},
            "region": {"id": str(140 + league.number), "name": league.country},
            "competition": {"id": str(13_300 + league.number), "name": league.name},
            "additionalInfo": {"live": False},
            "score": 40 + match.number % 60 + 0.00783593,
            "neutralVenue": False,
            "inplayBooked": True,
            "version": 100 + match.number % 50,
        }


def external_id(match: Fixture) -> int:
    """The site's own number of the match."""
    return 33_200_000 + match.number * 7


def _market_type(market: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": market["id"],
        "name": market["name"],
        "displayName": market["title"],
        "explainer": guide(*market["text"]) if market["text"] else None,
        "priority": market["priority"],
        "tabs": market["tabs"],
        "handicapType": market["handicap"],
        "priceColumnCount": market["columns"],
        "priceSortingMethod": "PRICE_TYPE_ID" if market["rows"] else "GOALSCORER_SORTING",
    }


def _write(document: DocumentTemplate, update: PriceUpdate) -> None:
    keys = update.chance.integers(-(2**63), 2**63, len(update.numbers))
    chances = (95.0 / update.prices[update.numbers]).view(np.int64)
    wins, refunds = chances ^ _MASK ^ keys, keys ^ _MASK
    drawn = list(zip(update.numbers, wins.tolist(), refunds.tolist(), keys.tolist(), strict=True))
    document.fill("P", update.texts(DECIMALS))
    document.fill("S", update.states(b"false", b"true"))
    document.fill(
        "k", ((number, b64encode(_SECRET % (win, b"%d" % refund, key))) for number, win, refund, key in drawn)
    )
    document.fill("u", ((number, b64encode(_SECRET % (win, b"null", key))) for number, win, _, key in drawn))


BETPAWA = Platform(name="betpawa", ladder=((10_000, 1),), moves=0.84, catalogue=_catalogue, offer=_offer, write=_write)
