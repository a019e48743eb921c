"""Even spreading without chance: a sample of five events must have the same proportions as a sample of five thousand.

Uses only + - * / and sqrt, because IEEE 754 rounds these alike on every machine.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

_PRIMES = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37)
_PLANE = (0.7548776662466927, 0.5698402909980532)  # R2: the two-dimensional golden ratio


def sequence(count: int, axis: int, start: float) -> Floats:
    """`count` points of [0, 1) that fill it evenly in any prefix; `axis` picks independent sequences."""
    step = math.sqrt(_PRIMES[axis]) if axis else (math.sqrt(5) - 1) / 2
    values: Floats = np.fmod(start + np.arange(count, dtype=np.float64) * step, 1.0)
    return values


def plane(shape: tuple[int, ...], start: float) -> Floats:
    """A (rows, columns) field of values from [0, 1); every rectangle of it holds small and large values alike."""
    rows, columns = shape
    field: Floats = (start + np.arange(rows)[:, None] * _PLANE[0] + np.arange(columns)[None, :] * _PLANE[1]) % 1.0
    return field


def quota(weights: Ints, share: float, start: float) -> Ints:
    """How much of each weight to take so that `share` of all is taken, evenly along the sequence.

    Weights are taken whole or not at all, whichever keeps the running total nearest to the share; what is then missing
    or too much is put right at one of them. `start` in [0, 1) says where the pattern begins.
    """
    taken = np.zeros_like(weights)
    owed = start * share * float(weights.mean())
    for place, weight in enumerate(weights.tolist()):
        owed += share * weight
        if weight and owed >= weight / 2:
            taken[place] = weight
            owed -= weight
    return _settled(taken, weights, int(share * int(weights.sum()) + 0.5) - int(taken.sum()))


def _settled(taken: Ints, weights: Ints, missing: int) -> Ints:
    """Take `missing` more (or fewer, where negative) from the places that have most room for it."""
    while missing:
        room = weights - taken if missing > 0 else taken
        place = int(room.argmax())
        step = min(abs(missing), int(room[place]))
        taken[place] += step if missing > 0 else -step
        missing -= step if missing > 0 else -step
    return taken
