"""Compares a generated database with the published one: pairs of figures, each with a tolerance."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol


class Published(Protocol):
    """A published number, as a case file lists it."""

    @property
    def name(self) -> str:
        """The name of the measured counterpart."""

    @property
    def value(self) -> float:
        """The number, in `unit`."""

    @property
    def unit(self) -> str:
        """As printed."""

    @property
    def tolerance(self) -> float:
        """A share of the value where `relative`, else in the figure's own unit."""

    @property
    def relative(self) -> bool:
        """Whether the tolerance is a share of the value."""


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One published number beside the generated one."""

    name: str
    published: float
    generated: float | None
    """None where it could not be measured on this server."""
    unit: str
    allowed: float
    """Largest allowed distance from the published number, in `unit`."""

    @property
    def distance(self) -> float | None:
        """Generated minus published, in `unit`."""
        return None if self.generated is None else self.generated - self.published

    @property
    def holds(self) -> bool | None:
        """Whether the distance is within the tolerance; None where it was not measured."""
        return None if self.distance is None else abs(self.distance) <= self.allowed


def figures(published: Iterable[Published], measured: Mapping[str, float | None]) -> tuple[Figure, ...]:
    """Every published figure with its measured counterpart, in the order of the case; None if it was not measured."""
    return tuple(_figure(number, measured.get(number.name)) for number in published)


def _figure(number: Published, generated: float | None) -> Figure:
    allowed = number.tolerance * (abs(number.value) if number.relative else 1)
    return Figure(name=number.name, published=number.value, generated=generated, unit=number.unit, allowed=allowed)
