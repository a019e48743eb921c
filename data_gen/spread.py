"""Even spreading without chance: a sample of five events must have the same proportions as one of five thousand.

Only + - * / and sqrt, which IEEE 754 rounds alike on every machine.
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
    values: Floats = (start + np.arange(count) * step) % 1.0
    return values


def plane(rows: int, columns: int, start: float) -> Floats:
    """A (rows, columns) field of [0, 1) in which every rectangle holds every value about equally often."""
    field: Floats = (start + np.arange(rows)[:, None] * _PLANE[0] + np.arange(columns)[None, :] * _PLANE[1]) % 1.0
    return field


def quota(weights: Ints, order: Ints, share: float) -> Ints:
    """How much of each weight to take so that `share` of all is taken, going through them in `order`.

    All are taken whole or not at all but the last, of which the missing part is taken.
    """
    ordered = weights[order]
    before = np.concatenate(([0], np.cumsum(ordered)[:-1]))
    wanted = int(share * int(weights.sum()) + 0.5)
    taken = np.empty_like(weights)
    taken[order] = np.clip(wanted - before, 0, ordered)
    return taken
