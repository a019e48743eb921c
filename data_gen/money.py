"""Prices are whole hundredths; these tables hold each price as text."""

from __future__ import annotations

HIGHEST = 25_000
"""The longest price, in hundredths."""


def _decimal(hundredths: int) -> str:
    whole, cents = divmod(hundredths, 100)
    return f"{whole}.{cents:02d}".removesuffix("0")


DECIMALS = tuple(_decimal(price).encode() for price in range(HIGHEST + 1))
"""As Python prints the float: 2.41, 4.8, 53.0."""
FIXED = tuple(b"%d.%02d" % divmod(price, 100) for price in range(HIGHEST + 1))
"""With two decimals: 2.41, 4.80, 53.00."""
SHORT = tuple(text.removesuffix(b".0") for text in DECIMALS)
"""Without decimals where there are none: 2.41, 4.8, 53."""
