"""Compares a generated database with the published one: pairs of figures, each with a tolerance."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from lab.units import Unit, counted, joined, number_text

_NAMED = 3
"""Figures outside of their tolerance that are named."""


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


def trust(figures: Sequence[Figure]) -> str:
    """Whether a run on this workload may be trusted, and why not; one sentence."""
    outside = sorted((figure for figure in figures if figure.holds is False), key=_excess, reverse=True)
    unknown = [figure.name for figure in figures if figure.holds is None]
    known = len(figures) - len(unknown)
    unmeasured = f", and {joined(unknown)} could not be measured here" if unknown else ""
    if not outside:
        return f"You may trust a run on this workload: {known} of {counted(len(figures), 'figure')} within tolerance{unmeasured}."
    named = joined([_off(figure) for figure in outside[:_NAMED]])
    more = f", and {len(outside) - _NAMED} more are outside" if len(outside) > _NAMED else ""
    return f"Do not trust a run on this workload where these count: {named}{more}{unmeasured}."


def _excess(figure: Figure) -> float:
    """How many tolerances it is off."""
    distance = abs(figure.distance or 0.0)
    return distance / figure.allowed if figure.allowed else math.inf


def _off(figure: Figure) -> str:
    wanted = f"{_text(figure.published)} {figure.unit} ± {_text(figure.allowed)}"
    return f"{figure.name} is {_text(figure.generated)} instead of {wanted}"


def _text(value: float | None) -> str:
    return "" if value is None else number_text(value, Unit.OTHER)


def _figure(number: Published, generated: float | None) -> Figure:
    allowed = number.tolerance * (abs(number.value) if number.relative else 1)
    return Figure(name=number.name, published=number.value, generated=generated, unit=number.unit, allowed=allowed)
