"""Where the names of marks stand, so that none covers another name or a mark."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

_LETTER = 6.4
"""Width of a letter in pixels, on average and rather too large."""
_LINE = 14.0
"""Height of a name in pixels."""
_BESIDE = 16.0
"""From the middle of a mark to its name."""
_RADIUS = 8.0
"""Of a mark of middle size."""
_STEPS = (0.0, *(sign * step * 6.0 for step in range(1, 25) for sign in (1, -1)))
"""How far down a name moves; the nearest that is free is taken."""


class Point(NamedTuple):
    """The middle of a mark, in pixels from the left and from the top."""

    x: float
    y: float


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a name stands, in pixels from its mark."""

    align: str
    """The end of the name that is next to the mark: left or right."""
    dx: float
    dy: float

    @property
    def is_far(self) -> bool:
        """Whether it is no longer seen whose name it is."""
        return abs(self.dy) > _LINE


class _Box(NamedTuple):
    left: float
    top: float
    right: float
    bottom: float

    def holds(self, other: _Box) -> bool:
        return (
            self.left <= other.left
            and self.top <= other.top
            and other.right <= self.right
            and other.bottom <= self.bottom
        )

    def meets(self, other: _Box) -> bool:
        return (
            self.left < other.right and other.left < self.right and self.top < other.bottom and other.top < self.bottom
        )


def places(
    names: Sequence[str], points: Sequence[Point], marks: Sequence[Point], *, width: float, height: float
) -> tuple[Place, ...]:
    """The place of each name, in order; `points` are their marks, `marks` all marks of a picture of that size.

    A name stands on the side where the picture has room. Where all is full it covers marks, then names.
    """
    dots = [_Box(mark.x - _RADIUS, mark.y - _RADIUS, mark.x + _RADIUS, mark.y + _RADIUS) for mark in marks]
    picture = _Box(0.0, 0.0, width, height)
    taken: list[_Box] = []
    stand = []
    for name, point in zip(names, points, strict=True):
        tries = [(place, _box(name, point, place)) for place in _tries(point, width)]
        inside = [(place, box) for place, box in tries if picture.holds(box)]
        free = [(place, box) for place, box in inside if not any(map(box.meets, taken))]
        clear = ((place, box) for place, box in free if not any(map(box.meets, dots)))
        place, box = next(clear, (free or tries)[0])
        taken.append(box)
        stand.append(place)
    return tuple(stand)


def _tries(point: Point, width: float) -> Iterator[Place]:
    """The side with more room first, the nearest lines first."""
    sides = (("left", _BESIDE), ("right", -_BESIDE))
    for dy in _STEPS:
        for align, dx in sides if point.x < width / 2 else reversed(sides):
            yield Place(align=align, dx=dx, dy=dy)


def _box(name: str, point: Point, place: Place) -> _Box:
    start, middle, length = point.x + place.dx, point.y + place.dy, _LETTER * len(name)
    left = start if place.align == "left" else start - length
    return _Box(left, middle - _LINE / 2, left + length, middle + _LINE / 2)
