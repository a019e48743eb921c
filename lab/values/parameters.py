"""The parameters of scenarios: each is a value with a domain, and a name such as `retention(days=10)` states it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

Value: TypeAlias = int | str


@dataclass(frozen=True, kw_only=True)
class WholeNumber:
    """A parameter that is a whole number between two others, which are included."""

    meaning: str
    """What it decides, in words: 'How many days of rows stay'."""
    default: int
    least: int
    most: int

    @property
    def domain(self) -> str:
        """Its values in words."""
        return f"a whole number from {self.least:,} to {self.most:,}"

    def read(self, text: str) -> int | None:
        """The value that was written; None outside of the domain."""
        if not (text.isascii() and text.isdigit()):
            return None
        value = int(text[:20])  # longer ones are outside of every domain, and slow to read
        return value if self.least <= value <= self.most else None


@dataclass(frozen=True, kw_only=True)
class Choice:
    """A parameter that is one of a few words."""

    meaning: str
    """What it decides, in words: 'By which columns the columnstore segments'."""
    default: str
    values: tuple[str, ...]

    @property
    def domain(self) -> str:
        """Its values in words."""
        return f"one of {', '.join(map(repr, self.values))}"

    def read(self, text: str) -> str | None:
        """The value that was written; None outside of the domain."""
        return text if text in self.values else None


ScenarioParameter: TypeAlias = WholeNumber | Choice


@dataclass(frozen=True, kw_only=True)
class Setting:
    """One parameter of a scenario with its value, as reports print it."""

    scenario: str
    """The family that declares it, because the parts of a combination may have parameters of one name."""
    parameter: str
    value: Value
    default: Value
    domain: str
    meaning: str

    @property
    def line(self) -> str:
        """In one line: value, default, domain and meaning."""
        usual = "the default" if self.value == self.default else f"default {self.default}"
        return f"{self.scenario}: {self.parameter} = {self.value} ({usual}; {self.domain}). {self.meaning}."
