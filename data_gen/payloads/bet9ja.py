"""Bet9ja, a competitor: one flat object of odds, the markets' descriptions and the whole site's translations."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from data_gen.document import DocumentTemplate
from data_gen.fixtures import Fixture
from data_gen.listing import Catalogue
from data_gen.money import SHORT
from data_gen.offer import Depth, Offer, Platform, PriceUpdate, block_of, inner_slot, slot
from data_gen.payloads.catalogue import catalogue_row, depths, market_row, read
from data_gen.payloads.translations import translations
from data_gen.prose import description
from lab.postgres.sql import copy_escaped

_ALWAYS = frozenset({"S_1X2", "S_DC", "S_OU", "S_GGNG", "S_DNB"})
_TEXTS = 2_000  # numbers of this platform's explanations


@cache
def _depths() -> list[float]:
    """By number of the market."""
    keys = [market[0] for market in read("bet9ja")["markets"]]
    by_key = depths(keys, always=_ALWAYS)
    return [by_key[key] for key in keys]


@cache
def _catalogue() -> Catalogue:
    return Catalogue(catalogue_row(_depths()[market], row) for market, *row in read("bet9ja")["rows"])


def _included(depth: float) -> set[int]:
    return {number for number, least in enumerate(_depths()) if least <= depth}


def _offer(fixture: Fixture, depth: Depth) -> Offer:
    offer = Offer()
    stored, shown = _included(depth.rows), _included(depth.document)
    odds = [
        (place, key, opening, market)
        for place, (key, opening, market) in enumerate(read("bet9ja")["odds"])
        if market in stored | shown
    ]
    blocks = len(_depths())
    numbers = {place: offer.price(opening, block_of(market, blocks)) for place, _, opening, market in odds}
    offer.rows = [market_row(row, numbers) for market, *row in read("bet9ja")["rows"] if market in stored]
    order = fixture.chance(8).permutation(len(odds)).tolist()  # a hash table's order: every event has its own
    slots = {
        key: inner_slot("o", numbers[place])
        for place, key, _, market in (odds[position] for position in order)
        if market in shown
    }
    offer.document = _document(fixture, slots, shown, round(100 * depth.texts))
    return offer


@cache
def _description(number: int) -> dict[str, Any]:
    key, title, text, priority, width, category, market_id, unit, unit_title, names, keys = read("bet9ja")["markets"][
        number
    ]
    return {
        "ID": key,
        "DS": title,
        "MDESC": description(_TEXTS + text[0], text[1]),
        "P": priority,
        "VW": width,
        "GCAT": category,
        "MARKETID": market_id,
        "M_PAYOUT": "120",
        "CNT": unit,
        "CNTLABEL": unit_title,
        "SGN": names,
        "SGNK": keys,
    }


def _document(match: Fixture, odds: dict[str, str], included: set[int], translated: int) -> dict[str, Any]:
    """`translated` is how many percent of the real table of translations it has."""
    starts = match.kickoff.strftime("%Y-%m-%d %H:%M:%S")
    lines = {number: values for number, values in read("bet9ja")["aux"] if number in included}
    return {
        "INCTYPE": 0,
        "ST": 1,
        "GID": 1_414_000 + match.league.number,
        "SPORTCAST_FIXTURE_ID": str(520_000 + match.number),
        "C": str(4_000 + match.number % 6_000),
        "STARTDATE": starts,
        "SGID": 12_000 + match.league.number,
        "EXTID": match.sportradar_id,
        "PLAYER_EID": 9_260_000 + match.number,
        "DS": match.name,
        "SID": 1,
        "P": 0,
        "PRV": 1,
        "IS_BOOSTED": False,
        "IS_BETBUILDER": True,
        "ENDVISIBILITYDATE": starts,
        "ID": external_id(match),
        "PL": 0,
        "TYPE": 0,
        "ISSTREAMINGVIDEO": True,
        "PLAYER_SID": 301,
        "GN": match.league.name,
        "GP": 99,
        "SG": match.league.country,
        "S": "Soccer",
        "O": odds,
        "AUX": {
            _description(number)["ID"]: {line: _number(line) for line in values} for number, values in lines.items()
        },
        "EXCLUDED_BONUS": [],
        "BOOSTED_ODDS": [],
        "BOOSTED_MARKETS": [],
        "MK": [_description(number) for number in sorted(included)],
        "CATMARKET": read("bet9ja")["tail"],
        "TRANS": slot("T", translated),
    }


def external_id(match: Fixture) -> int:
    """The site's own number of the match."""
    return 769_000_000 + match.number * 11


def _number(text: str) -> int | float:
    return float(text) if "." in text else int(text)


def _write(document: DocumentTemplate, update: PriceUpdate) -> None:
    document.fill("o", update.texts(SHORT))
    document.fill("T", ((percent, _translations(percent)) for percent in document.numbers("T")))


@cache
def _translations(percent: int) -> bytes:
    """Two thirds of the text, held once for all documents."""
    return copy_escaped(json.dumps(translations(percent))).encode()


BET9JA = Platform(
    name="bet9ja",
    ladder=((300, 1), (1_000, 5), (1_500, 25), (10_000, 100)),
    moves=0.82,
    catalogue=_catalogue,
    offer=_offer,
    write=_write,
)
