"""Bet9ja's table of translations: the same some 3,576 entries in every document of the site.

The markets of the catalogue come first; the others are composed from subjects, periods and kinds of bet.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import count, islice, product

import numpy as np

from data_gen.payloads.catalogue import read
from data_gen.prose import description

ENTRIES = 3_576
"""Entries of the real table."""
_TEXTS = 2_000  # the explanations shared with the markets' own
_SUBJECTS = (
    ("THROW", "Throw-ins"),
    ("GKICK", "Goal Kicks"),
    ("FOUL", "Fouls"),
    ("OFFS", "Offsides"),
    ("SHOT", "Shots"),
    ("SHTG", "Shots on Target"),
    ("CARD", "Bookings"),
    ("PASS", "Passes"),
    ("TACK", "Tackles"),
    ("SAVE", "Saves"),
    ("PSHT", "Posts"),
    ("FREE", "Free Kicks"),
    ("SUBS", "Substitutions"),
)
_SIDES = (("", ""), ("H", "Home "), ("A", "Away "))
_PERIODS = (("", ""), ("1T", "1st Half - "), ("2T", "2nd Half - "))
_BETS = (
    ("OU", "Over/Under ", (("O", "Over", "Over ({HND})"), ("U", "Under", "Under ({HND})"))),
    ("1X2", "1X2 ", (("1", "1", "{T1}"), ("X", "X", "Draw"), ("2", "2", "{T2}"))),
    ("LST", "Least ", (("Y", "Yes", "Yes"), ("N", "No", "No"))),
    (
        "RNG",
        "Range of ",
        (("02", "0-2", "0-2"), ("35", "3-5", "3-5"), ("68", "6-8", "6-8"), ("9", "9+", "9+ in total")),
    ),
)


@cache
def translations(percent: int) -> dict[str, str | dict[str, str]]:
    """Key to text, or to name and description of a market; so many percent of the real table.

    Where that is more than there are, they come again under other keys.
    """
    table = list(dict(entry for market in _ordered() for entry in market).items())
    rounds = (("_" * number + key, entry) for number in count() for key, entry in table)
    return dict(islice(rounds, ENTRIES * percent // 100))


def _ordered() -> list[list[tuple[str, str | dict[str, str]]]]:
    """The markets in an order that means nothing, as on the site."""
    markets = [*_catalogued(), *_composed()]
    order = np.random.Generator(np.random.PCG64(9)).permutation(len(markets))
    return [markets[place] for place in order.tolist()]


def _catalogued() -> Iterator[list[tuple[str, str | dict[str, str]]]]:
    for key, title, text, *_, names, keys in read("bet9ja")["markets"]:
        labels = [(code, name, _long(name)) for code, name in zip(keys, names, strict=True)]
        yield list(_market(key, title, _TEXTS + text[0], text[1], labels))


def _composed() -> Iterator[list[tuple[str, str | dict[str, str]]]]:
    for number, (subject, side, period, bet) in enumerate(product(_SUBJECTS, _SIDES, _PERIODS, _BETS)):
        key = f"S_{bet[0]}{side[0]}{subject[0]}{period[0]}"
        title = f"{period[1]}{bet[1]}{side[1]}{subject[1]}"
        yield list(_market(key, title, _TEXTS + 500 + number, 45 + number * 37 % 90, bet[2]))


def _market(
    key: str,
    title: str,
    text: int,
    length: int,
    labels: tuple[tuple[str, str, str], ...] | list[tuple[str, str, str]],
) -> Iterator[tuple[str, str | dict[str, str]]]:
    yield f"M#{key}", {"NAME": title, "DESC": description(text, length)}
    for code, name, long in labels:
        yield f"M#{key}_{code}", name
        yield f"MCU#{key}_{code}", long
    if "Over" in labels[0][1]:
        yield f"MH#{key}", "|".join(name for _, name, _ in labels)


def _long(name: str) -> str:
    return {"1": "{T1}", "X": "Draw", "2": "{T2}", "Over": "Over ({HND})", "Under": "Under ({HND})"}.get(name, name)
