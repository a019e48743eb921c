"""Does the search find what there is? One space was measured whole; the search sees of it only what it asks for.

`python -m benchmarks.search_space` measures space.csv again.
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

import pytest

from benchmarks.search_space import read_table
from lab import registry
from lab.search.front import Measure, axes_of
from lab.search.limits import Limits
from lab.search.measuring import loss_of
from lab.search.observation import LOSSES, Axis, Observation
from lab.search.result import SearchResult
from lab.search.space import Combination
from lab.search.strategy import Search
from lab.values import Constraints

pytestmark = pytest.mark.slow  # test_limits.py searches a space of a few parts

SEEDS = range(20)
MOST_TRIALS = 0.15
"""Of all combinations."""
NOISE = 0.15
"""Of the times that a search sees."""
WITHOUT_LOCKS = tuple(axis for axis in Axis if axis is not Axis.LOCK)
LEAST_VOLUME = 0.99
WINNER_WITHIN = 1.02
NO_LIMITS = Limits()


@dataclass(frozen=True, kw_only=True)
class Measured:
    """The table, by combination."""

    table: dict[Combination, Observation]
    lock_noise: float = NOISE

    @property
    def parts(self) -> list[Combination]:
        return [combination for combination in self.table if len(combination) == 1]

    def search(self, seed: int, limits: Limits = NO_LIMITS, trials: int | None = None) -> SearchResult:
        """Parts come in another order with each seed, and times differ by 15 %, as they do on a machine with other work.

        The budget is a number of trials, so all of them cost about the same.
        """
        rng = random.Random(seed)  # noqa: S311 - an order and noise, no secret
        left = self.most_trials if trials is None else trials
        parts = self.parts
        rng.shuffle(parts)

        def trial(combination: Combination) -> Observation:
            nonlocal left
            left -= 1
            observation = self.table[combination]
            slower, longer = rng.lognormvariate(0, NOISE), rng.lognormvariate(0, self.lock_noise)
            return replace(
                observation,
                seconds=(observation.seconds or 0.0) * slower,
                lock=(observation.lock or 0.0) * longer,
                took=slower,
            )

        entries = registry.resolve(part for (part,) in parts)
        return Search(
            space=[*parts, *(combination for combination in self.table if len(combination) > 1)],
            trial=trial,
            origins={entry.name: entry.scenario.origins for entry in entries},
            loss={entry.name: loss_of(entry.facts) for entry in entries},
            limits=limits,
            affords=lambda *_: left > 0,
        ).run()

    @property
    def most_trials(self) -> int:
        return int(MOST_TRIALS * len(self.table))

    def truth(self, result: SearchResult) -> list[Observation]:
        """What the search measured, without the noise."""
        return [self.table[observation.combination] for observation in result.observed]


@pytest.fixture(scope="module")
def measured() -> Measured:
    return Measured(
        table={
            observation.combination: observation for observation in read_table(Path(__file__).with_name("space.csv"))
        }
    )


@pytest.fixture(scope="module")
def searches(measured: Measured) -> list[SearchResult]:
    return [measured.search(seed) for seed in SEEDS]


def test_the_space_has_at_least_200_legal_combinations(measured: Measured) -> None:
    assert len(measured.table) >= 200
    assert all(registry.resolve(["+".join(combination)]) for combination in measured.table if combination)


@dataclass(frozen=True, kw_only=True)
class Volume:
    """The hypervolume of some combinations as a share of that of all."""

    measured: Measured
    axes: tuple[Axis, ...]
    longer: float = 1.0
    """Times are so many times as long: on more data they are, and count for more beside bytes and reads."""

    def of(self, some: Iterable[Observation]) -> float:
        every = self._longer(self.measured.table.values())
        axes = [axis for axis in axes_of(every) if axis in self.axes]
        measure = Measure(self.measured.table[()], axes)
        return measure.volume(self._longer(some)) / measure.volume(every)

    def _longer(self, some: Iterable[Observation]) -> list[Observation]:
        return [
            replace(
                observation,
                seconds=(observation.seconds or 0.0) * self.longer,
                lock=(observation.lock or 0.0) * self.longer,
            )
            for observation in some
        ]


VOLUMES = [
    pytest.param(WITHOUT_LOCKS, 1.0, id="without locks"),
    pytest.param(tuple(Axis), 1.0, id="with locks"),
    pytest.param(tuple(Axis), 10.0, id="on ten times the data"),
]


@pytest.mark.parametrize(("axes", "longer"), VOLUMES)
def test_a_search_reaches_99_percent_of_the_hypervolume_with_15_percent_of_the_trials(
    measured: Measured, searches: list[SearchResult], axes: tuple[Axis, ...], longer: float
) -> None:
    volume = Volume(measured=measured, axes=axes, longer=longer)
    for result in searches:
        assert len(result.observed) <= measured.most_trials
        assert volume.of(measured.truth(result)) >= LEAST_VOLUME


@pytest.mark.parametrize(("axes", "longer"), VOLUMES)
def test_as_many_combinations_at_random_do_not_reach_that(
    measured: Measured, axes: tuple[Axis, ...], longer: float
) -> None:
    volume = Volume(measured=measured, axes=axes, longer=longer)
    several = [observation for observation in measured.table.values() if len(observation.combination) > 1]
    alone = [observation for observation in measured.table.values() if len(observation.combination) <= 1]
    for seed in SEEDS:
        chance = random.Random(seed).sample(several, measured.most_trials - len(alone))  # noqa: S311 - no secret
        assert volume.of([*alone, *chance]) < LEAST_VOLUME


@pytest.mark.parametrize("loss", LOSSES)
def test_a_search_names_a_winner_within_2_percent_of_the_true_one(
    measured: Measured, searches: list[SearchResult], loss: int
) -> None:
    true = min(observation.bytes for observation in measured.table.values() if observation.loss <= loss)
    for result in searches:
        named = min(observation.bytes for observation in measured.truth(result) if observation.loss <= loss)
        assert named <= WINNER_WITHIN * true


def test_the_first_combination_after_the_parts_is_a_winner_that_loses_nothing(measured: Measured) -> None:
    """A budget that ends soon reaches it."""
    true = min(observation.bytes for observation in measured.table.values() if observation.loss == 0)
    for seed in SEEDS:
        result = measured.search(seed, trials=len(measured.parts) + 2)
        assert result.observed[-1].loss == 0
        assert result.observed[-1].bytes <= WINNER_WITHIN * true


def test_forecasts_of_combinations_are_within_3_percent_in_the_median(searches: list[SearchResult]) -> None:
    assert all(result.error_percent is not None for result in searches)
    assert median(result.error_percent or 0.0 for result in searches) <= 3


def test_forecasts_of_the_worst_read_are_within_15_percent_in_the_median(searches: list[SearchResult]) -> None:
    assert all(result.read_error_percent is not None for result in searches)
    assert median(result.read_error_percent or 0.0 for result in searches) <= 15


@pytest.mark.parametrize(
    ("most_read", "lock_rank"), [(1.5, None), (None, 0.25), (1.1, None), (3.0, None), (None, 0.5), (1.5, 0.5)]
)
def test_a_search_within_limits_names_a_winner_within_2_percent_of_the_true_one_and_breaks_none(
    measured: Measured, most_read: float | None, lock_rank: float | None
) -> None:
    """A limit of locks is that share of all locks of the space. What a trial shows keeps it or not, so locks have no noise here."""
    measured = replace(measured, lock_noise=0.0)
    locks = sorted(observation.lock for observation in measured.table.values() if observation.lock is not None)
    most_lock = None if lock_rank is None else locks[int(lock_rank * len(locks))]
    limits = Limits(constraints=Constraints(max_read=most_read, max_lock_seconds=most_lock))
    true = min(observation.bytes for observation in measured.table.values() if limits.satisfied_by(observation))
    for seed in SEEDS:
        result = measured.search(seed, limits)
        assert len(result.observed) <= measured.most_trials
        assert min(observation.bytes for observation in result.front) <= WINNER_WITHIN * true
        assert all(limits.satisfied_by(observation) for observation in result.front)
        assert all(limits.perhaps_satisfied_by(pair.forecast) for pair in result.compared)
