"""Invented names are the same whatever other threads draw meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from data_gen.fixtures import Fixture

_ROUNDS = 60
_FIRST, _SECOND = (Fixture(number=number, seed=1, kickoff_us=0) for number in (0, 10))
Names = Callable[[Fixture], object]
# Python 3.11 holds a lock around a cached property; 3.12 does not. The plain function runs without one on both.
_TEAMS: Names = vars(Fixture)["teams"].func
_SQUAD: Names = vars(Fixture)["squad"].func


def _drawn_together(draws: list[tuple[Names, Fixture]]) -> list[list[object]]:
    """What each thread drew in each round, all of them drawing at once."""
    barrier = Barrier(len(draws))

    def rounds(names: Names, fixture: Fixture) -> list[object]:
        barrier.wait()
        return [names(fixture) for _ in range(_ROUNDS)]

    with ThreadPoolExecutor(len(draws)) as threads:
        return [drawn.result() for drawn in [threads.submit(rounds, *draw) for draw in draws]]


@pytest.mark.parametrize(("first", "second"), [(_TEAMS, _TEAMS), (_SQUAD, _SQUAD), (_SQUAD, _TEAMS)])
def test_two_threads_that_name_matches_of_one_country_draw_the_same_names_as_one(first: Names, second: Names) -> None:
    assert _FIRST.league.locale == _SECOND.league.locale
    draws = [(first, _FIRST), (second, _SECOND)]
    alone = [names(fixture) for names, fixture in draws]
    assert _drawn_together(draws) == [[names] * _ROUNDS for names in alone]
