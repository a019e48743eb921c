"""What a step takes at full size lies in an interval that both measured sizes explain."""

from __future__ import annotations

from dataclasses import replace

import pytest

from data_gen import Dataset
from lab import registry
from lab.analysis.forecast import Amount, Sizes, StepForecast, forecasts, matched, readings, together
from lab.analysis.results import analyse
from lab.report import migration
from lab.report.price import price
from lab.runner.server_pool import ServerPool
from lab.trial import trial
from lab.trial.template import Bench
from lab.units import duration_text
from lab.values import BASELINE, SIZE, Completed, Experiment, StepRecord, Timing
from tests.lab.trials import request_for
from tests.thin import BYTES, thin_case

SIZES = Sizes(larger=4.0, smaller=1.0, full=400.0)


def step(record: StepRecord, seconds: float, wal: int, name: str = "step") -> StepRecord:
    timing = Timing(warmups=(), values=(seconds,))
    return replace(record, name=name, timing=timing, wal_bytes=wal, peak_bytes=None, auxiliary=False)


@pytest.fixture(scope="module")
def record(sample: Experiment) -> StepRecord:
    return next(outcome.steps[0] for outcome in sample.outcomes if isinstance(outcome, Completed) and outcome.steps)


def test_what_grows_with_the_data_is_the_same_in_all_readings() -> None:
    read = readings(8.0, 2.0, SIZES)
    assert (read.low, read.value, read.high) == pytest.approx((800, 800, 800))


def test_a_constant_part_is_not_multiplied_but_may_be_no_constant() -> None:
    read = readings(13.0, 10.0, SIZES)  # 9 and 1 for each unit
    assert read.value == pytest.approx(409)
    assert read.low < 409
    assert read.high == pytest.approx(1300)


def test_what_grows_faster_than_the_data_reaches_beyond_proportion() -> None:
    read = readings(16.0, 1.0, SIZES)
    assert (read.low, read.value) == pytest.approx((1600, 1600))
    assert read.high == pytest.approx(160_000)


def test_nothing_stays_nothing() -> None:
    read = readings(0.0, 0.0, SIZES)
    assert (read.low, read.value, read.high) == (0, 0, 0)


def test_the_interval_is_wider_where_the_sizes_agree_less(record: StepRecord) -> None:
    even = ((step(record, 8, 80), step(record, 2, 20)),)
    uneven = ((step(record, 8, 80), step(record, 3, 20)),)
    first, second = (forecasts({1: (pairs, SIZES)}, draws=40, fewer=10)[1][0] for pairs in (even, uneven))
    assert first.seconds
    assert second.seconds
    assert first.seconds.high - first.seconds.low < second.seconds.high - second.seconds.low
    assert first.wal_bytes == second.wal_bytes
    assert first.peak_bytes is None


def test_other_steps_at_the_second_size_foretell_nothing(sample: Experiment, record: StepRecord) -> None:
    outcome = next(outcome for outcome in sample.outcomes if isinstance(outcome, Completed))
    larger, smaller = (replace(outcome, steps=(step(record, 1, 1, name),)) for name in ("step", "other"))
    assert matched(larger, smaller) == ()
    assert len(matched(larger, larger)) == 1


def test_a_run_that_timed_one_size_has_no_forecast(sample: Experiment) -> None:
    bare = replace(
        sample,
        auxiliary_trials=tuple(
            replace(auxiliary, outcome=replace(auxiliary.outcome, steps=()))
            if isinstance(auxiliary.outcome, Completed)
            else auxiliary
            for auxiliary in sample.auxiliary_trials
        ),
    )
    results = analyse(bare)
    assert not migration.forecasts(results).rows
    assert str(dict(price(results))["Migration"]).endswith(
        "At full size: not forecast, because only one size was timed."
    )


def test_the_price_of_the_pick_is_that_of_all_its_steps_at_full_size(sample: Experiment) -> None:
    results = analyse(sample)
    row = next(row for row in results.trials if results.pick and row.trial is results.pick.trial)
    steps = [step for step in row.forecast or () if step.seconds]
    assert len(steps) == len(row.forecast or ()) > 1
    whole = together(steps)
    assert whole.seconds
    assert whole.seconds.value == pytest.approx(sum(step.seconds.value for step in steps if step.seconds))
    assert whole.seconds.low < whole.seconds.value < whole.seconds.high
    assert f"At full size about {duration_text(whole.seconds.value)} (" in str(dict(price(results))["Migration"])


def test_all_steps_together_are_not_known_where_one_is_not() -> None:
    amount = Amount(value=2.0, low=1.0, high=3.0)
    first = StepForecast(step="a", seconds=amount, wal_bytes=amount, peak_bytes=amount)
    whole = together([first, replace(first, wal_bytes=None)])
    assert (whole.seconds, whole.wal_bytes, whole.peak_bytes) == (Amount(value=4.0, low=2.0, high=6.0), None, amount)
    assert together([first, None]).seconds is None
    assert together([]).seconds is None


def test_a_run_that_timed_both_has_one_but_not_of_what_goes_by_age(sample: Experiment, record: StepRecord) -> None:
    both = ("drop_raw_response", "retention_7d")

    def timed(outcome: object, seconds: float, wal: int) -> object:
        measured = isinstance(outcome, Completed) and outcome.scenario in both
        return replace(outcome, steps=(step(record, seconds, wal),)) if measured else outcome  # type: ignore[type-var]

    experiment = replace(
        sample,
        outcomes=tuple(timed(outcome, 8, 8000) for outcome in sample.outcomes),  # type: ignore[misc]
        auxiliary_trials=tuple(
            replace(auxiliary, outcome=timed(auxiliary.outcome, 2, 2000)) if auxiliary.purpose == SIZE else auxiliary  # type: ignore[arg-type]
            for auxiliary in sample.auxiliary_trials
        ),
    )
    rows = {row[0]: row for row in migration.forecasts(analyse(experiment)).texts}
    assert "drop_raw_response" in rows
    assert "retention_7d" not in rows
    assert " to " in rows["drop_raw_response"][4]


@pytest.mark.slow
def test_four_times_the_size_lies_inside(pool: ServerPool) -> None:
    """WAL and disk, which no clock disturbs; `benchmarks.forecast` looks at seconds."""

    sizes = (BYTES, 4 * BYTES, 16 * BYTES)
    few, more, most = (Dataset.plan(thin_case(), size_bytes=size, seed=seed) for seed, size in enumerate(sizes, 1))

    def measured(dataset: Dataset, name: str) -> Completed:
        bench: Bench = pool.bench("native", dataset)
        (entry,) = registry.resolve([name])
        outcome = trial.run(request_for(bench, name), entry.scenario, bench)
        assert isinstance(outcome, Completed), outcome
        return outcome

    smaller, larger, full = (
        {name: measured(dataset, name) for name in (BASELINE, "drop_raw_response")} for dataset in (few, more, most)
    )
    totals = [outcomes[BASELINE].footprint.total for outcomes in (larger, smaller, full)]
    scales = Sizes(larger=totals[0], smaller=totals[1], full=totals[2])
    pairs = matched(larger["drop_raw_response"], smaller["drop_raw_response"])
    foretold = forecasts({1: (pairs, scales)}, draws=more.spec.scale, fewer=few.spec.scale)[1]
    steps = full["drop_raw_response"].steps
    assert [forecast.step for forecast in foretold] == [step_record.name for step_record in steps]
    for forecast, step_record in zip(foretold, steps, strict=True):
        for amount, value in (
            (forecast.wal_bytes, step_record.wal_bytes),
            (forecast.peak_bytes, step_record.peak_bytes),
        ):
            if amount is not None:
                assert value is not None
                assert amount.low <= value <= amount.high, (step_record.name, amount, value)
