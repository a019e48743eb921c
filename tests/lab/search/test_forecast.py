"""Forecasts of combinations: effects of parts, rows that others delete, and interactions."""

from __future__ import annotations

import pytest

from lab.search.forecast import Forecaster
from lab.search.observation import Observation, Place
from lab.search.space import Combination

BASE: dict[Place, float] = {("t", "heap"): 100.0, ("t", "indexes"): 40.0, ("u", "toast"): 60.0}


def seen(
    *combination: str,
    pieces: dict[Place, float] = BASE,
    rows: float = 10.0,
    seconds: float = 1.0,
    read: float = 2.0,
    lock: float | None = None,
) -> Observation:
    return Observation(
        combination=combination,
        pieces=pieces,
        rows={"t": rows},
        growth=sum(pieces.values()) / 10,
        reads={"Q1 all": read if combination else 1.0},
        write=None,
        seconds=seconds if combination else 0.0,
        lock=lock,
        loss=0,
        took=5.0,
    )


TRIM = seen("trim", pieces={**BASE, ("t", "indexes"): 20.0})
DROP = seen("drop", pieces={("t", "heap"): 100.0, ("t", "indexes"): 40.0, ("u", "toast"): 0.0})
HALF = seen("half", pieces={("t", "heap"): 50.0, ("t", "indexes"): 20.0, ("u", "toast"): 60.0}, rows=5.0)
VIEW = seen("view", pieces={("packed", "heap"): 30.0, ("u", "toast"): 60.0})


def forecast(combination: Combination, *observed: Observation) -> Observation:
    known = {frozenset(observation.combination): observation for observation in (seen(), *observed)}
    losses = {part: 0 for observation in observed for part in observation.combination}
    result = Forecaster(observed=known, origins={"view": {"packed": "t"}}, loss=losses).forecast(combination)
    assert result
    return result


def test_effects_on_different_bytes_add_up() -> None:
    assert forecast(("trim", "drop"), TRIM, DROP).bytes == 100 + 20


def test_effects_on_the_same_bytes_multiply() -> None:
    assert forecast(("trim", "half"), TRIM, HALF).pieces["t", "indexes"] == pytest.approx(10)


def test_a_new_table_holds_the_rows_that_another_part_leaves() -> None:
    result = forecast(("half", "view"), HALF, VIEW)
    assert result.pieces == {("packed", "heap"): 15.0, ("u", "toast"): 60.0}


def test_an_interaction_of_two_parts_holds_where_both_meet_again() -> None:
    both = seen("trim", "half", pieces={("t", "heap"): 50.0, ("t", "indexes"): 5.0, ("u", "toast"): 60.0}, rows=5.0)
    assert forecast(("trim", "half", "drop"), TRIM, HALF, DROP, both).pieces["t", "indexes"] == pytest.approx(5)
    trim_drop = seen("trim", "drop", pieces={("t", "heap"): 100.0, ("t", "indexes"): 20.0, ("u", "toast"): 0.0})
    again = forecast(("trim", "half", "drop"), TRIM, HALF, DROP, both, trim_drop)
    assert again.pieces["t", "indexes"] == pytest.approx(5)


def test_reads_multiply_and_seconds_add_up() -> None:
    result = forecast(("trim", "drop"), TRIM, DROP)
    assert (result.read, result.seconds) == (4.0, 2.0)


def test_an_interaction_of_two_reads_holds_where_both_meet_again() -> None:
    both = seen("trim", "half", rows=5.0, read=3.0)
    trim_drop = seen("trim", "drop", read=5.0)
    assert forecast(("trim", "half", "drop"), TRIM, HALF, DROP, both, trim_drop).read == pytest.approx(5 * 2 * 3 / 4)


def test_the_longest_lock_is_that_of_a_part() -> None:
    assert forecast(("trim", "drop"), seen("trim", lock=0.1), seen("drop", lock=0.4)).lock == 0.4


def test_a_lock_that_another_part_makes_shorter_is_as_short_where_both_meet_again() -> None:
    alone = (seen("view", lock=0.2), seen("drop", lock=0.9), seen("trim", lock=0.1))
    assert forecast(("drop", "trim", "view"), *alone, seen("drop", "trim", lock=0.3)).lock == 0.3


def test_a_lock_is_shorter_where_another_part_deletes_rows() -> None:
    deletes = seen("half", rows=5.0, lock=0.1)
    assert forecast(("half", "drop"), deletes, seen("drop", lock=0.8)).lock == pytest.approx(0.4)


def test_a_lock_that_is_not_known_of_one_part_is_not_forecast() -> None:
    assert forecast(("trim", "drop"), seen("trim", lock=0.1), seen("drop")).lock is None


def test_what_was_not_measured_stays_missing() -> None:
    result = forecast(("trim", "drop"), TRIM, DROP)
    assert result.write is None
    assert result.lock is None


def test_a_part_without_a_trial_of_its_own_has_no_forecast() -> None:
    known = {frozenset(observation.combination): observation for observation in (seen(), TRIM)}
    assert Forecaster(observed=known, origins={}, loss={}).forecast(("trim", "drop")) is None
