"""Where a growing function reaches a value."""

from __future__ import annotations

from collections.abc import Callable

_HALVINGS = 9
"""Enough for the share of a percent that anything generated can be told apart by."""


def bisected(growing: Callable[[float], float], wanted: float, low: float, high: float) -> float:
    """Where a growing function of a positive number reaches `wanted`, or the nearer bound."""
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
    """The bounds, halved so many times at their `middle`: the function reaches `wanted` between them, if it does at all."""
    low, high = bounds
    for _ in range(halvings):
        between = middle(low, high)
        low, high = (between, high) if growing(between) < wanted else (low, between)
    return low, high
