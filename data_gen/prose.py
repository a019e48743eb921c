"""Invented explanations of a given length, like those that a betting site prints beside a market.

They must compress like the real ones. SportyBet's guides share whole sentences, Bet9ja's descriptions only phrases.
"""

from __future__ import annotations

from functools import cache

import numpy as np

_OPENINGS = (
    "Predict whether ",
    "Pick which of the two teams ",
    "You have to predict whether ",
    "Bet on how often ",
    "Predict the exact moment when ",
    "Choose whether or not ",
)
_SUBJECTS = (
    "the total number of goals scored by both teams ",
    "the home team ",
    "the away team ",
    "either team ",
    "the number of corners taken ",
    "the named player ",
    "the team that scores first ",
    "the sum of all yellow and red cards shown ",
    "the margin between the two teams ",
)
_CLAIMS = (
    "will be over or under the stated line ",
    "will score at least once ",
    "will lead at any point ",
    "will win without conceding a goal ",
    "will be odd or even ",
    "will be ahead by the stated margin ",
    "will keep a clean sheet ",
    "will land within one of the listed ranges ",
    "will be higher than before ",
)
_PERIODS = (
    "during regular time. ",
    "in the first half. ",
    "in the second half. ",
    "in both halves of the match. ",
    "before the stated minute. ",
    "at the final whistle, stoppage time included. ",
)
_RULES = (
    "Extra time and penalty shoot-outs do not count. ",
    "Own goals count for the team they benefit. ",
    "A stake on a whole line is returned when the result lands exactly on it. ",
    "If the match is abandoned, bets that are not yet decided are void. ",
    "See the section \u201cRules of the house\u201d for worked examples. ",
    "Corners awarded but not taken are not counted. ",
    "Cards shown after the final whistle are ignored. ",
)

_TURNS = (
    (
        "Predict if ",
        "Guess the ",
        "Say how ",
        "Will the ",
        "Which is the ",
        "Choose when ",
        "Call whether ",
        "Name the ",
        "How many ",
    ),
    ("total ", "exact ", "first ", "last ", "next ", "combined ", "highest ", "lowest ", "winning ", "number of ", ""),
    (
        "goals ",
        "corners ",
        "result ",
        "score ",
        "bookings ",
        "throw-ins ",
        "shots ",
        "offsides ",
        "fouls ",
        "team ",
        "minute ",
        "margin ",
    ),
    (
        "of the match ",
        "scored ",
        "by home ",
        "by away ",
        "of both sides ",
        "per half ",
        "at the break ",
        "by a substitute ",
        "on target ",
    ),
    (
        "is over ",
        "is under ",
        "equals ",
        "will be in ",
        "falls between ",
        "comes before ",
        "or neither, given ",
        "beats ",
        "and also ",
    ),
    (
        "the spread. ",
        "the listed band. ",
        "one of the choices. ",
        "full time. ",
        "half-time. ",
        "15 minutes. ",
        "the other half. ",
        "3 or more. ",
    ),
)
_FAMILY = 12  # number of consecutive guides that begin alike
_LOOSE = 0.92  # share of a description's sentences that consist of short phrases


@cache
def guide(number: int, length: int) -> str:
    """Text number `number` of exactly `length` characters, in whole sentences that many texts share."""
    chance = np.random.Generator(np.random.PCG64(number // _FAMILY))
    text = "".join(_picked(table, chance) for table in (_OPENINGS, _SUBJECTS, _CLAIMS, _PERIODS))
    first = number // _FAMILY % len(_RULES)
    return (text + "".join(_RULES[first:] + _RULES[:first]) + text + "".join(_RULES))[:length]


@cache
def description(number: int, length: int) -> str:
    """Text number `number` of exactly `length` characters, in phrases that each text combines differently."""
    chance = np.random.Generator(np.random.PCG64(number))
    text = ""
    while len(text) < length:
        tables = _TURNS if chance.random() < _LOOSE else (_OPENINGS, _SUBJECTS, _CLAIMS, _PERIODS)
        text += "".join(_picked(table, chance) for table in tables)
    return text[:length]


def _picked(table: tuple[str, ...], chance: np.random.Generator) -> str:
    return table[int(chance.integers(len(table)))]
