"""Solves f(x) = y for a growing function f."""

from __future__ import annotations

from collections.abc import Callable

_HALVINGS = 9
"""Enough for a fraction of a percent; smaller differences do not show in generated data."""


def bisected(growing: Callable[[float], float], wanted: float, low: float, high: float) -> float:
    """The positive number at which a growing function reaches `wanted`, or the nearer bound."""
    low, high = bracket(growing, wanted, (low, high), middle=_geometric, halvings=_HALVINGS)
    return _geometric(low, high)


def _geometric(low: float, high: float) -> float:
    return float((low * high) ** 0.5)


def bracket(
    growing: Callable[[float], float],
    wanted: float,
    bounds: tuple[float, float],
    *,
    middle: Callable[[float, float], float],
    halvings: int,
) -> tuple[float, float]:
    """The bounds, halved `halvings` times at their `middle`. The function reaches `wanted` between them, if at all."""
    low, high = bounds
    for _ in range(halvings):
        between = middle(low, high)
        low, high = (between, high) if growing(between) < wanted else (low, between)
    return low, high
