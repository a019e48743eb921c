"""What follows from a value that may be missing."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

_Known = TypeVar("_Known")
_Value = TypeVar("_Value")


def of(known: _Known | None, value: Callable[[_Known], _Value]) -> _Value | None:
    """A value of what is known; None where it is not."""
    return None if known is None else value(known)
