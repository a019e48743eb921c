"""SportyBet, a competitor: a flat list of markets, each with a long guide, exact probabilities and a change time."""

from __future__ import annotations

from functools import cache
from typing import Any

from data_gen.document import DocumentTemplate
from data_gen.fixtures import Fixture
from data_gen.listing import Catalogue
from data_gen.money import FIXED
from data_gen.offer import Depth, Offer, Platform, PriceUpdate, block_of, inner_slot, slot
from data_gen.payloads.catalogue import catalogue_row, depths, market_row, read
from data_gen.prose import guide

_BY_MINUTE, _EAGER = "900313", 0.65  # its lines come earlier than other markets, and weigh little when compressed
_ALWAYS = frozenset({"1", "10", "18", "29", "11", "41", "46", "450001"})
_LATE = frozenset({"65", "66", "87", "88"})  # handicaps of the halves
_SCORERS = dict.fromkeys(("38", "39", "40"), 0.5)  # depth from which players have prices
_TEXTS = 1_000  # numbers of this platform's explanations


@cache
def _depths() -> list[float]:
    """By number of the market; of the market with a line for every few minutes, each line has its own."""
    markets = read("sportybet")["markets"]
    keys = [market["desc"] if market["id"] == _BY_MINUTE else market["id"] for market in markets]
    by_key = depths(keys, always=_ALWAYS, late=_LATE) | _SCORERS
    return [
        by_key[key] * (_EAGER if market["id"] == _BY_MINUTE else 1) for key, market in zip(keys, markets, strict=True)
    ]


@cache
def _catalogue() -> Catalogue:
    markets = zip(_depths(), read("sportybet")["markets"], strict=True)
    return Catalogue(catalogue_row(depth, market["row"]) for depth, market in markets if market["row"])


def _offer(fixture: Fixture, depth: Depth) -> Offer:
    offer, shown = Offer(), []
    markets = read("sportybet")["markets"]
    for number, (market, least) in enumerate(zip(markets, _depths(), strict=True)):
        if least <= max(depth.rows, depth.document):
            block = block_of(number, len(markets))
            prices = [offer.price(opening, block) for _, opening, *_ in market["prices"]]
            if market["row"] and least <= depth.rows:
                offer.rows.append(market_row(market["row"], prices))
            if least <= depth.document:
                shown.append(_market(fixture, market, prices, block))
    offer.document = _document(fixture, shown)
    return offer


def _market(match: Fixture, market: dict[str, Any], prices: list[int], block: int) -> dict[str, Any]:
    group, group_id = read("sportybet")["groups"][market["group"]]
    extra = market["extra"]
    return {
        "id": market["id"],
        **({"specifier": market["spec"]} if market["spec"] else {}),
        "product": 3,
        "desc": _named(market["desc"], match),
        "status": 0,
        "group": group,
        "groupId": group_id,
        "marketGuide": guide(_TEXTS + market["text"][0], market["text"][1]),
        "title": market["title"],
        "name": market["name"],
        "favourite": market["favourite"],
        "outcomes": [_outcome(match, place, *price) for place, price in zip(prices, market["prices"], strict=True)],
        **{key: extra[key] for key in ("mode", "parameters") if key in extra},
        "farNearOdds": market["far"],
        **{key: extra[key] for key in ("marketExtendVOS",) if key in extra},
        "sourceType": market["source"],
        "lastOddsChangeTime": slot("T", block),
        **{key: extra[key] for key in ("earlyPayoutMarkets",) if key in extra},
        "banned": False,
    }


def _outcome(match: Fixture, number: int, outcome_id: str, _: int, title: str, precise: bool) -> dict[str, Any]:
    return {
        "id": outcome_id,
        "odds": inner_slot("o", number),
        "probability": inner_slot("f" if precise else "r", number),
        "voidProbability": "0E-10",
        "isActive": slot("A", number),
        "desc": _player(match, number) if title == "{player}" else _named(title, match),
    }


def _player(match: Fixture, number: int) -> str:
    first, last = match.squad[number % len(match.squad)]
    return f"{last}, {first} ({match.teams[number % 2]})"


def _named(text: str, match: Fixture) -> str:
    home, away = match.teams
    return text.replace("{home}", home).replace("{away}", away)


def _document(match: Fixture, markets: list[dict[str, Any]]) -> dict[str, Any]:
    home, away = match.teams
    chance = match.chance(7)
    icons = [f"https://s.sporty.net/common/main/res/{chance.bytes(16).hex()}.png" for _ in match.teams]
    source = {"sourceType": "BET_RADAR", "sourceId": match.sportradar_id}
    tournament = {"id": f"sr:tournament:{600 + match.league.number}", "name": match.league.name}
    category = {
        "id": f"sr:category:{90 + match.league.number % 10}",
        "name": match.league.country,
        "tournament": tournament,
    }
    return {
        "eventId": f"sr:match:{match.sportradar_id}",
        "gameId": str(43_000 + match.number),
        "productStatus": "0#0",
        "estimateStartTime": match.kickoff_us // 1000,
        "status": 0,
        "matchStatus": "Not start",
        "homeTeamId": f"sr:competitor:{470_000 + match.number * 2}",
        "homeTeamName": home,
        "awayTeamName": away,
        "awayTeamId": f"sr:competitor:{470_001 + match.number * 2}",
        "sport": {"id": "sr:sport:1", "name": "Football", "category": category},
        "markets": markets,
        "liveChannel": False,
        "webViewLiveChannel": True,
        "socialMediaLiveChannel": False,
        "bookingStatus": "Booked",
        "topTeam": False,
        "homeTeamIcon": icons[0],
        "awayTeamIcon": icons[1],
        "commentsNum": 0,
        "topicId": 44_000_000 + match.number,
        "fixtureVenue": {"name": f"{home} Stadium"},
        "giftGrabActivityResultVO": {"activityEnabled": False, "enabled": False},
        "ai": False,
        "bgEvent": False,
        "matchTrackerNotAllowed": False,
        "eventSource": {"preMatchSource": source, "liveSource": source},
        "containsPcbb": False,
        "banned": False,
    }


def _write(document: DocumentTemplate, update: PriceUpdate) -> None:
    noise = update.chance.integers(0, 64, len(update.numbers))
    chances = (95 * 10**10 - noise * 15_432_098) // update.prices[update.numbers]
    probabilities = list(zip(update.numbers, chances.tolist(), strict=True))
    document.fill("o", update.texts(FIXED))
    document.fill("f", ((number, b"0.%010d" % probability) for number, probability in probabilities))
    document.fill("r", ((number, b"0.%06d0000" % (probability // 10_000)) for number, probability in probabilities))
    document.fill("A", update.states(b"1", b"0"))
    moments = update.moment_us // 1000 - update.chance.integers(0, 540_000, len(update.blocks))
    document.fill("T", ((block, b"%d" % moment) for block, moment in zip(update.blocks, moments.tolist(), strict=True)))


SPORTYBET = Platform(
    name="sportybet",
    ladder=((200, 1), (300, 5), (1_000, 10), (2_000, 50), (10_000, 100)),
    moves=0.48,
    catalogue=_catalogue,
    offer=_offer,
    write=_write,
)
