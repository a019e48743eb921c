"""Explanations such as a betting site prints beside a market: made up here, of a given length, repeating themselves."""

from __future__ import annotations

import numpy as np

_OPENINGS = ("Predict whether ", "Pick which of the two teams ", "You have to predict whether ", "Bet on how often ",
             "Predict the exact moment when ", "Choose whether or not ")  # fmt: skip
_SUBJECTS = ("the total number of goals scored by both teams ", "the home team ", "the away team ", "either team ",
             "the number of corners taken ", "the named player ", "the team that scores first ",
             "the sum of all yellow and red cards shown ", "the margin between the two teams ")  # fmt: skip
_CLAIMS = ("will be over or under the stated line ", "will score at least once ", "will lead at any point ",
           "will win without conceding a goal ", "will be odd or even ", "will be ahead by the stated margin ",
           "will keep a clean sheet ", "will land within one of the listed ranges ", "will be higher than before ")  # fmt: skip
_PERIODS = ("during regular time. ", "in the first half. ", "in the second half. ", "in both halves of the match. ",
            "before the stated minute. ", "at the final whistle, stoppage time included. ")  # fmt: skip
_RULES = ("Extra time and penalty shoot-outs do not count. ", "Own goals count for the team they benefit. ",
          "A stake on a whole line is returned when the result lands exactly on it. ",
          "If the match is abandoned, bets that are not yet decided are void. ",
          "See the section \u201cRules of the house\u201d for worked examples. ",
          "Corners awarded but not taken are not counted. ", "Cards shown after the final whistle are ignored. ")  # fmt: skip


def explanation(number: int, length: int) -> str:
    """Text number `number`, exactly `length` characters; the same arguments give the same text everywhere."""
    chance = np.random.Generator(np.random.PCG64(number))
    text = ""
    while len(text) < length:
        tables = (_OPENINGS, _SUBJECTS, _CLAIMS, _PERIODS) if not text or chance.random() < 0.5 else (_RULES,)
        text += "".join(table[int(chance.integers(len(table)))] for table in tables)
    return text[:length]
