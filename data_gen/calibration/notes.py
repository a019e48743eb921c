"""What was taken from a profile and what was assumed, in sentences."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeVar

T = TypeVar("T")


@dataclass
class Notes:
    """Sentences, collected while a case is made."""

    base: str
    """The case that stands in for what is not known."""
    taken: list[str] = field(default_factory=list)
    assumed: list[str] = field(default_factory=list)

    def choose(self, what: str, measured: T | None, otherwise: T) -> T:
        """The measured value where there is one, else the base's; which of them it was is noted."""
        value = otherwise if measured is None else measured
        words = f"{what}: {value:.4g}" if isinstance(value, float) else f"{what}: {value}"
        if measured is None:
            self.assumed.append(f"{words}, as in case {self.base}.")
        else:
            self.taken.append(f"{words}.")
        return value
