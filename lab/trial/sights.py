"""How long a lock was there, from what was seen of it at some moments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lab.postgres.locks import Held
from lab.values import LockMode


@dataclass(frozen=True, kw_only=True)
class Sight:
    """What a session had locked at a moment between two others."""

    asked: float
    answered: float
    held: Held


def longest_holds(
    sights: Sequence[Sight], began: float, ended: float, taken: Held = frozenset()
) -> Mapping[tuple[int, LockMode], float]:
    """Of each relation and mode that was seen or is among those `taken`, the longest time in seconds that it was locked at most.

    `sights` are in the order of time, between `began` and `ended`. A lock came after the last sight without it was asked
    for, and went before the next one without it was answered. One that was taken and not seen lies between two of them.
    """
    longest: dict[tuple[int, LockMode], float] = {}
    since: dict[tuple[int, LockMode], float] = {}
    absent = began

    def gone(place: tuple[int, LockMode], at: float) -> None:
        longest[place] = max(longest.get(place, 0.0), at - since.pop(place))

    for sight in sights:
        for place in since.keys() - sight.held:
            gone(place, sight.answered)
        for place in sight.held - since.keys():
            since[place] = absent
        absent = sight.asked
    for place in tuple(since):
        gone(place, ended)
    if unseen := taken - longest.keys():
        asked, answered = (began, *(sight.asked for sight in sights)), (*(sight.answered for sight in sights), ended)
        longest |= dict.fromkeys(unseen, max(after - before for before, after in zip(asked, answered, strict=True)))
    return longest
