"""Limits of reads and locks are hard: what is certain to break one is never measured, what perhaps keeps it comes last."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import combinations
from math import inf, prod

from lab.search.limits import Limits
from lab.search.observation import Observation
from lab.search.result import SearchResult
from lab.search.space import Combination
from lab.search.strategy import RESERVED, Search
from lab.values import Constraints, SearchEnding


@dataclass(frozen=True, kw_only=True)
class Part:
    """What one strategy does by itself; all effects multiply, and the longest lock counts."""

    size: float
    read: float = 1.0
    lock: float = 0.01
    took: float = 5.0
    """Seconds of its trial; the longest counts."""


PARTS: Mapping[str, Part] = {
    "pack": Part(size=0.2, read=3.0, lock=0.5, took=50.0),
    "trim": Part(size=0.8),
    "narrow": Part(size=0.7, read=1.2, lock=0.2),
    "drop": Part(size=0.9, read=1.1, lock=0.3),
}


@dataclass
class Lab:
    """Measures what the parts say, and notes it."""

    took: float | None = None
    """Seconds of each trial, in the place of what the parts say."""
    asked: list[Combination] = field(default_factory=list)
    spent: float = 0.0

    def trial(self, combination: Combination) -> Observation:
        self.asked.append(combination)
        parts = [PARTS[part] for part in combination]
        took = max((part.took for part in parts), default=5.0) if self.took is None else self.took
        self.spent += took
        return Observation(
            combination=combination,
            pieces={("t", "heap"): 100 * prod(part.size for part in parts)},
            rows={"t": 10.0},
            growth=None,
            reads={"Q1 all": prod(part.read for part in parts)},
            write=None,
            seconds=float(len(parts)),
            lock=max((part.lock for part in parts), default=0.0),
            loss=0,
            took=took,
        )

    def search(
        self,
        constraints: Constraints,
        *,
        longest: float = inf,
        of_several: float = inf,
        budget: float = inf,
        later: Mapping[str, float] | None = None,
    ) -> SearchResult:
        """The budget allows no trial that takes longer, and once all parts were measured alone none longer than `of_several`.

        The run of a finalist takes as long as its trial.
        """

        def affords(seconds: float, run: float) -> bool:
            longer = seconds > (min(longest, of_several) if len(self.asked) > len(PARTS) else longest)
            return not longer and self.spent + seconds + run <= budget

        return Search(
            space=list(space()),
            trial=self.trial,
            origins={},
            loss=dict.fromkeys(PARTS, 0),
            limits=Limits(constraints=constraints),
            affords=affords,
            later=later or {},
        ).run()


def space() -> Iterator[Combination]:
    for size in range(len(PARTS) + 1):
        yield from combinations(PARTS, size)


def several(asked: list[Combination]) -> list[Combination]:
    return [combination for combination in asked if len(combination) > 1]


def test_what_is_certain_to_be_too_slow_is_never_measured() -> None:
    lab = Lab()
    result = lab.search(Constraints(max_read=1.4))
    assert several(lab.asked)
    assert not any("pack" in combination for combination in several(lab.asked))
    assert min(result.front, key=lambda observation: observation.bytes).combination == ("trim", "narrow", "drop")


def test_what_is_certain_to_lock_too_long_is_never_measured() -> None:
    lab = Lab()
    result = lab.search(Constraints(max_lock_seconds=0.22))
    assert several(lab.asked) == [("trim", "narrow")]
    assert result.within_limits


def test_what_perhaps_keeps_a_limit_is_measured_and_left_out_if_it_does_not() -> None:
    lab = Lab()
    result = lab.search(Constraints(max_read=1.25))
    assert any({"narrow", "drop"} <= set(combination) for combination in lab.asked)
    assert all(observation.read is not None and observation.read <= 1.25 for observation in result.front)


def test_a_budget_that_does_not_reach_for_all_parts_alone_leaves_room_for_combinations() -> None:
    lab = Lab(took=5.0)
    lab.search(Constraints(), budget=5.0 * (1 + 2 + RESERVED + 1))
    assert [len(combination) for combination in lab.asked[:4]] == [0, 1, 1, 2]
    assert set(several(lab.asked)[0]) == {lab.asked[1][0], lab.asked[2][0]}


def test_a_search_keeps_the_time_for_the_run_of_what_it_found() -> None:
    lab = Lab()
    result = lab.search(Constraints(), budget=5 * 4 + 50 + 75)
    smallest = min(result.observed, key=lambda observation: observation.bytes)
    assert "pack" in smallest.combination
    assert lab.spent + smallest.took <= 5 * 4 + 50 + 75


def test_what_takes_many_usual_trials_is_not_begun_where_they_do_not_fit() -> None:
    patient, cautious = Lab(took=5.0), Lab(took=5.0)
    patient.search(Constraints(), later={"pack": 1.0})
    trials = len(patient.asked) - sum("pack" in combination for combination in patient.asked)
    budget = 5.0 * (trials + 4)  # one more, and the run of what was found
    cautious.search(Constraints(), later={"pack": 10.0}, budget=budget)
    assert ("pack",) in patient.asked
    assert not any("pack" in combination for combination in cautious.asked)


def test_where_only_the_target_is_out_of_reach_the_search_goes_on_for_the_closest() -> None:
    lab = Lab()
    result = lab.search(Constraints(target_bytes=1, max_read=1.4))
    assert not result.within_limits
    assert min(result.front, key=lambda observation: observation.bytes).combination == ("trim", "narrow", "drop")


def test_where_no_strategy_keeps_a_limit_no_combination_is_measured() -> None:
    lab = Lab()
    result = lab.search(Constraints(max_lock_seconds=0.001))
    assert not several(lab.asked)
    assert not result.within_limits
    assert {observation.combination for observation in result.front} >= {("pack",), ("trim",)}


def test_what_a_sample_does_not_show_breaks_no_limit() -> None:
    unseen = replace(Lab().trial(("pack",)), reads={}, lock=None)
    assert Limits(constraints=Constraints(max_read=1.1, max_lock_seconds=0.001)).satisfied_by(unseen)


def test_a_slow_part_does_not_end_the_search_of_the_others() -> None:
    lab = Lab()
    lab.search(Constraints(), longest=20.0)
    assert {("trim",), ("narrow",), ("drop",)} < set(lab.asked)
    assert several(lab.asked)
    assert not any("pack" in combination for combination in several(lab.asked))


def test_the_budget_ends_a_search_whose_left_out_combinations_promise_an_improvement() -> None:
    result = Lab().search(Constraints(), of_several=20.0)
    assert result.ending is SearchEnding.BUDGET
    assert ("pack", "trim", "narrow", "drop") in result.left_out
    assert all("pack" in combination for combination in result.left_out)


def test_what_is_left_out_and_promises_nothing_does_not_make_the_budget_end_a_search() -> None:
    result = Lab().search(Constraints(max_read=1.4), of_several=20.0)
    assert result.ending is SearchEnding.NOTHING_LEFT


def test_the_budget_ends_a_search_that_left_out_parts() -> None:
    result = Lab().search(Constraints(), longest=4.0)
    assert result.ending is SearchEnding.BUDGET
    assert result.left_out == tuple((part,) for part in PARTS)


def test_the_budget_ends_a_search_that_measured_nothing() -> None:
    assert Lab().search(Constraints(), longest=-1.0).ending is SearchEnding.BUDGET


def test_a_search_that_measured_all_that_promises_ends_because_nothing_is_left() -> None:
    assert Lab().search(Constraints()).ending is SearchEnding.NOTHING_LEFT


def test_a_further_form_of_a_part_waits_until_the_combinations_of_the_others_promise_nothing() -> None:
    lab = Lab()
    lab.search(Constraints(), later={"pack": 1.0})
    before = lab.asked[: lab.asked.index(("pack",))]
    assert ("trim", "narrow", "drop") in before
    assert any("pack" in combination for combination in several(lab.asked))
