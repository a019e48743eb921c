"""Which parameters of a case come from a profile, and which are assumed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeVar

from lab.values import Note

T = TypeVar("T")


@dataclass
class Notes:
    """A note on each parameter, collected while a case is made."""

    base: str
    """The case whose values stand in for unknown ones."""
    items: list[Note] = field(default_factory=list)

    def take(self, what: str, value: str, *, parameter: str = "") -> None:
        """Note that the profile gave this value; `parameter` is its name for programs, `what` by default."""
        self._add("profile", what, value, parameter)

    def assume(self, what: str, value: str, *, parameter: str = "") -> None:
        """Note a value that the profile did not give and that is assumed."""
        self._add("assumed", what, value, parameter)

    def choose(self, what: str, measured: T | None, otherwise: T, *, parameter: str = "") -> T:
        """The measured value where there is one, else the base's. Notes which of the two it was."""
        value = otherwise if measured is None else measured
        words = f"{value:.4g}" if isinstance(value, float) else f"{value}"
        if measured is None:
            self.assume(what, f"{words}, as in case {self.base}", parameter=parameter)
        else:
            self.take(what, words, parameter=parameter)
        return value

    def _add(self, source: Literal["profile", "assumed"], what: str, value: str, parameter: str) -> None:
        self.items.append(Note(parameter=parameter or what, value=value, source=source, words=f"{what}: {value}."))
