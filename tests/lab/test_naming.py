"""The names of a picture's marks cover neither each other nor a mark, and stay inside of the picture."""

from __future__ import annotations

import random
from itertools import combinations

import pytest

from lab.report.page import naming
from lab.report.page.naming import Point, places

WIDTH, HEIGHT = 630.0, 320.0


def boxes(names: list[str], points: list[Point], marks: list[Point]) -> list[naming._Box]:
    stand = places(names, points, marks, width=WIDTH, height=HEIGHT)
    return [naming._box(name, point, place) for name, point, place in zip(names, points, stand, strict=True)]


@pytest.mark.parametrize("seed", range(20))
def test_seven_names_among_ten_marks_cover_nothing(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - the same picture every time
    marks = [Point(chance.uniform(10, WIDTH - 10), chance.uniform(10, HEIGHT - 10)) for _ in range(10)]
    points = marks[:7]
    name_boxes = boxes(["drop_raw_response+hypertable"] * 7, points, marks)
    assert not [pair for pair in combinations(name_boxes, 2) if pair[0].meets(pair[1])]
    assert all(map(naming._Box(0.0, 0.0, WIDTH, HEIGHT).holds, name_boxes))
    for mark in marks:
        centre = naming._Box(*mark, *mark)
        assert not [box for box in name_boxes if box.meets(centre)]


def test_among_many_marks_names_still_do_not_cover_each_other() -> None:
    chance = random.Random(4)  # noqa: S311 - the same picture every time
    marks = [Point(chance.uniform(10, WIDTH - 10), chance.uniform(10, HEIGHT - 10)) for _ in range(60)]
    name_boxes = boxes(["drop_raw_response+hypertable"] * 7, marks[:7], marks)
    assert not [pair for pair in combinations(name_boxes, 2) if pair[0].meets(pair[1])]


def test_marks_in_one_place_have_names_under_each_other() -> None:
    points = [Point(300.0, 160.0)] * 5
    name_boxes = boxes(["the_same_name"] * 5, points, points)
    assert not [pair for pair in combinations(name_boxes, 2) if pair[0].meets(pair[1])]


def test_a_name_stands_beside_its_mark_on_the_side_with_room() -> None:
    left, right = places(["a", "b"], points := [Point(20.0, 50.0), Point(600.0, 50.0)], points, width=630, height=320)
    assert (left.align, left.dy) == ("left", 0.0)
    assert (right.align, right.dy) == ("right", 0.0)
    assert not left.is_far


def test_a_name_that_fits_nowhere_stands_beside_its_mark() -> None:
    (place,) = places(["n" * 200], points := [Point(315.0, 160.0)], points, width=630, height=320)
    assert place.dy == 0.0
