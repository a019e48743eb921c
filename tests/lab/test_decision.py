"""Constraints first, then dominance, then the stated preference; what was not measured keeps no limit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from lab.analysis.candidate import Candidate
from lab.analysis.decision import Limit, breaches, decide
from lab.analysis.dominance import dominates
from lab.analysis.interval import Estimate
from lab.analysis.preference import Criterion, preference
from lab.analysis.reads import Difference, ReadResult
from lab.analysis.recommendation import recommend, rule
from lab.analysis.results import Results, analyse
from lab.analysis.sensitivity import variations
from lab.discovery import provenance
from lab.report import markdown, overview, summary
from lab.report.price import price
from lab.scenario import lost_column, lost_rows, lost_values
from lab.values import Completed, Constraints, DeclaredLoss, Experiment, Skipped

GB = 1 << 30
TEN = Constraints(target_bytes=10 * GB)


@pytest.fixture(scope="module")
def results(sample: Experiment) -> Results:
    return analyse(sample)


@pytest.fixture(scope="module")
def like(results: Results) -> Candidate:
    """A candidate of the committed run whose reads were measured, which loses nothing."""
    return next(
        candidate for candidate in results.decision.ranking if candidate.worst_read and not candidate.data_losses
    )


def reads_of(like: Candidate, ratio: float) -> tuple[ReadResult, ...]:
    """All queries as fast as before, but the first."""
    read = (like.reads or ())[0]
    same = replace(read, ratio=1.0, low=1.0, high=1.0, change=Difference.NONE)
    slower = replace(read, ratio=ratio, low=0.95 * ratio, high=1.05 * ratio, change=Difference.SLOWER)
    slower = replace(slower, after=replace(read.before, median=ratio * read.before.median, p95=ratio * read.before.p95))
    return (slower if ratio > 1 else same, same)


def planted(  # noqa: PLR0913 - what a test may want to say
    like: Candidate,
    name: str,
    size: float,
    *,
    read: float | None = 1.0,
    losses: Sequence[DeclaredLoss] = (),
    keeps_days: int | None = None,
    empties_after_days: int | None = None,
    per_day: int | None = 0,
    lock: float | None = None,
    share: float = 0.02,
) -> Candidate:
    """A candidate of so many GB ± 2 %, whose worst read takes `read` times as long."""
    whole = round(size * GB)
    half = round(share * whole)
    return replace(
        like,
        trial=replace(like.trial, scenario=name),
        facts=replace(
            like.facts,
            losses=tuple(losses),
            given_up=tuple(loss.words for loss in losses),
            deletes_rows=any(loss.column is None for loss in losses),
            keeps_days=keeps_days,
            empties_after_days=empties_after_days,
        ),
        projection=replace(
            like.projection,
            size=Estimate(bytes=whole, low=whole - half, high=whole + half),
            bytes_per_day=per_day,
            steady_bytes=None,
        ),
        saving_percent=50.0,
        reads=None if read is None else reads_of(like, read),
        longest_lock_seconds=lock,
    )


def names(candidates: Sequence[Candidate]) -> list[str]:
    return [candidate.name for candidate in candidates]


PAYLOAD = lost_column("readings.payload")
OLD_PAYLOAD = lost_values("readings.payload", "of rows older than 7 days")
OLD_ROWS = lost_rows("rows older than 30 days")


def test_the_least_read_cost_goes_before_the_fewest_bytes(like: Candidate) -> None:
    small, fast = planted(like, "small", 1, read=5.5), planted(like, "fast", 9, read=1.2)
    decision = decide([small, fast], TEN)
    assert decision.pick == fast
    assert decision.runner_up == small
    assert decision.decided_by is Criterion.READS
    assert names(decision.front) == ["fast", "small"]


def test_a_stated_price_of_reads_leaves_the_choice_to_bytes(like: Candidate) -> None:
    small, fast, slow = (planted(like, f"x{read}", 10 - read, read=read) for read in (5.5, 1.2, 6.5))
    decision = decide([fast, small, slow], replace(TEN, max_read=6.0))
    assert decision.pick == small
    assert decision.decided_by is Criterion.BYTES
    (out,) = decision.excluded
    assert out.candidate == slow
    (breach,) = out.breaches
    assert (breach.limit, breach.allowed) == (Limit.MAX_READ, 6.0)
    assert breach.found == pytest.approx(6.5)


def test_reads_whose_intervals_overlap_cost_the_same(like: Candidate) -> None:
    small, large = planted(like, "small", 1, read=2.05), planted(like, "large", 9, read=2.0)
    assert decide([large, small], TEN).pick == small


def test_reads_may_count_as_equal_among_all_and_not_between_the_first_two(like: Candidate) -> None:
    def reading(candidate: Candidate, low: float, high: float) -> Candidate:
        slow, same = candidate.reads or ()
        return replace(candidate, reads=(replace(slow, low=low, high=high), same))

    first = reading(planted(like, "smallest", 1, read=2.6), 2.4, 2.9)
    second = reading(planted(like, "second", 2, read=2.1), 1.9, 2.3)
    third = reading(planted(like, "fastest", 3, read=2.0), 1.5, 3.0)
    decision = decide([first, second, third], TEN)
    assert names(decision.ranking[:2]) == ["smallest", "second"]
    assert decision.decided_by is Criterion.BYTES


def test_what_loses_nothing_goes_before_columns_and_columns_before_rows(like: Candidate) -> None:
    rows = planted(like, "rows", 1, losses=[OLD_ROWS])
    columns = planted(like, "columns", 2, losses=[PAYLOAD, OLD_PAYLOAD])
    nothing = planted(like, "nothing", 9, read=3.0)
    decision = decide([rows, columns, nothing], TEN)
    assert names(decision.ranking) == ["nothing", "columns", "rows"]
    assert decision.decided_by is Criterion.LOSSES


def test_what_another_one_beats_is_dominated_by_it(like: Candidate) -> None:
    better = planted(like, "better", 2, losses=[OLD_PAYLOAD])
    worse = planted(like, "worse", 2, losses=[PAYLOAD])
    other = planted(like, "other", 3, losses=[OLD_ROWS])
    decision = decide([worse, better, other], TEN)
    assert [(loser.candidate, loser.by) for loser in decision.dominated] == [(worse, better)]
    assert names(decision.front) == ["better", "other"]
    assert not dominates(worse, better)
    assert not dominates(better, better)
    assert not dominates(better, other)


def test_the_smallest_and_fastest_of_all_leaves_nothing_else_on_the_front(like: Candidate) -> None:
    best, *others = (planted(like, f"size{size}", size, read=size) for size in (2, 3, 4))
    decision = decide([*others, best], TEN)
    assert decision.front == (best,)
    assert decision.decided_by is Criterion.DOMINANCE
    assert decision.runner_up == others[0]


def test_what_was_measured_of_one_alone_is_compared_with_nothing(like: Candidate) -> None:
    unknown, known = planted(like, "unknown", 1, read=None), planted(like, "known", 2, read=3.0)
    assert not dominates(unknown, known)
    assert not dominates(known, unknown)
    assert decide([unknown, known], TEN).pick == known


def test_seconds_of_different_servers_are_not_compared(like: Candidate) -> None:
    quick, slow = planted(like, "quick", 2), planted(like, "slow", 2)
    quick = replace(quick, cost=replace(quick.cost, seconds=1.0))
    slow = replace(slow, cost=replace(slow.cost, seconds=9.0))
    assert dominates(quick, slow)
    assert not dominates(replace(quick, trial=replace(quick.trial, server="elsewhere")), slow)


def test_times_that_differ_no_more_than_two_baselines_are_equal(like: Candidate) -> None:
    gap = like.time_gap
    assert gap > 1
    small = planted(like, "small", 2, lock=1.0)
    assert dominates(small, planted(like, "same lock", 3, lock=1.0 / (0.999 * gap)))
    assert not dominates(small, planted(like, "shorter lock", 3, lock=1.0 / (1.001 * gap)))
    assert not dominates(small, planted(like, "same size and lock", 2, lock=0.999 * gap))
    assert dominates(small, planted(like, "longer lock", 2, lock=1.001 * gap))


@pytest.mark.parametrize("constraints", [Constraints(max_read=9.0), Constraints(max_lock_seconds=9.0)])
def test_what_was_not_measured_keeps_no_limit(like: Candidate, constraints: Constraints) -> None:
    (breach,) = breaches(planted(like, "x", 1, read=None), constraints)
    assert (breach.measured, breach.found) == (False, None)
    assert breach.allowed == 9.0


def test_without_growth_nothing_is_known_to_stay_under_the_target(like: Candidate) -> None:
    (breach,) = breaches(planted(like, "x", 1, per_day=None), replace(TEN, horizon_days=90))
    assert (breach.limit, breach.measured) == (Limit.TARGET, False)


def test_growth_until_the_horizon_counts_against_the_target(like: Candidate) -> None:
    now = planted(like, "x", 1, per_day=GB // 10)
    assert not list(breaches(now, replace(TEN, horizon_days=80)))
    (breach,) = breaches(now, replace(TEN, horizon_days=100))
    assert breach.found == pytest.approx(11 * GB, rel=0.01)


def test_a_retention_stops_growing_before_the_horizon(like: Candidate) -> None:
    grows = planted(like, "x", 1, per_day=GB, losses=[OLD_ROWS], keeps_days=3)
    stays = replace(grows, projection=replace(grows.projection, steady_bytes=3 * GB, rest_per_day=0.0))
    assert list(breaches(grows, replace(TEN, horizon_days=90)))
    assert not list(breaches(stays, replace(TEN, horizon_days=90)))


@pytest.mark.parametrize(
    ("constraints", "expected"),
    [
        (Constraints(keep_history=True), [(Limit.KEEP_HISTORY, None)]),
        (Constraints(keep={"payload": 7}), []),
        (Constraints(keep={"payload": 8}), [(Limit.KEEP, 7)]),
        (Constraints(keep={"readings.payload": 31}), [(Limit.KEEP, 7), (Limit.KEEP, 30)]),
        (Constraints(keep={"payload": None}), [(Limit.KEEP, 7), (Limit.KEEP, 30)]),
        (Constraints(keep={"value": 30}), []),
        (Constraints(keep={"value": 31}), [(Limit.KEEP, 30)]),
    ],
)
def test_history_and_columns_stay_as_long_as_asked_for(
    like: Candidate, constraints: Constraints, expected: list[tuple[Limit, float | None]]
) -> None:
    trial = planted(like, "x", 1, losses=[OLD_PAYLOAD, OLD_ROWS], keeps_days=30, empties_after_days=7)
    assert [(breach.limit, breach.found) for breach in breaches(trial, constraints)] == expected


def test_a_column_that_goes_stays_for_no_day(like: Candidate) -> None:
    (breach,) = breaches(planted(like, "x", 1, losses=[PAYLOAD]), Constraints(keep={"payload": 1}))
    assert breach.found == 0


def test_an_impossible_constraint_names_the_closest_trial(like: Candidate, sample: Experiment) -> None:
    trials = [planted(like, f"read{read}", 3, read=read, lock=read / 10) for read in (5.0, 3.0, 4.0)]
    decision = decide(trials, replace(TEN, max_read=2.0))
    assert decision.pick is None
    assert decision.closest is not None
    assert decision.closest.candidate.name == "read3.0"
    assert [(nearest.candidate.name, nearest.breaches[0].limit) for nearest in decision.impossible] == [
        ("read3.0", Limit.MAX_READ)
    ]
    advice = recommend(decision, sample.case)
    assert advice.scenario is None
    assert "the closest is read3.0: worst read 3.0 times as long where 2.0 is allowed" in advice.headline


def test_constraints_that_only_contradict_each_other_are_not_impossible_by_themselves(like: Candidate) -> None:
    small, fast = planted(like, "small", 5, read=4.0), planted(like, "fast", 11, read=1.0)
    decision = decide([small, fast], replace(TEN, max_read=2.0))
    assert decision.pick is None
    assert decision.impossible == ()
    assert decision.closest is not None
    assert decision.closest.candidate == fast


def test_what_may_be_under_the_target_comes_after_what_is(like: Candidate) -> None:
    perhaps, certain = planted(like, "perhaps", 9.9), planted(like, "certain", 9, read=3.0)
    decision = decide([perhaps, certain], TEN)
    assert decision.pick == certain
    assert decision.decided_by is Criterion.CERTAINTY
    assert decide([perhaps], TEN).pick == perhaps
    assert decide([planted(like, "over", 10.5)], TEN).pick is None


@pytest.mark.parametrize("constraints", [Constraints(), TEN, Constraints(max_read=1.5)])
def test_the_printed_rule_says_what_decides_in_its_order_and_nothing_else(constraints: Constraints) -> None:
    words = {
        Criterion.CERTAINTY: "whole interval goes first",
        Criterion.LOSSES: "loses no data goes before",
        Criterion.READS: "least read cost",
        Criterion.BYTES: "fewest bytes",
    }
    places = {criterion: rule(constraints).find(text) for criterion, text in words.items()}
    printed = [criterion for criterion, place in sorted(places.items(), key=lambda pair: pair[1]) if place >= 0]
    assert printed == list(preference(constraints))


def test_without_a_target_none_is_imposed_and_nothing_presses(sample: Experiment) -> None:
    results = analyse(replace(sample, case=replace(sample.case, target_bytes=None)))
    assert "No target is set, so nothing presses." in results.advice.headline
    assert {row.projection.status for row in results.trials if row.projection} == {None}
    assert not results.over_target
    pick = results.decision.pick
    assert pick is not None
    assert pick.worst_read is not None
    assert not pick.worst_read.query
    assert not pick.data_losses


def test_a_database_under_its_target_is_told_so(sample: Experiment) -> None:
    roomy = Constraints(target_bytes=2 * sample.case.database_bytes)
    assert "already, so nothing presses" in analyse(sample, roomy).advice.headline
    growing = replace(roomy, horizon_days=9_000)
    assert "nothing presses" not in analyse(sample, growing).advice.headline


def test_the_price_of_reads_stands_in_the_headline(results: Results) -> None:
    pick = results.decision.pick
    assert pick is not None
    assert pick.worst_read is not None
    assert pick.worst_read.query
    assert f"Its worst read, {pick.worst_read.called}, takes" in results.advice.headline


@pytest.mark.parametrize("named", [True, False])
def test_the_first_screen_says_in_words_what_gets_slower(sample: Experiment, *, named: bool) -> None:
    """A run of an older lab has no words for its reads and writes, and opens all the same."""
    queries = [f"Q{number}" for number in range(1, 11)] + ["W1", "W2", "D1"]
    titles = {query: f"what {query} does" for query in queries} if named else {}
    results = analyse(replace(sample, workload=replace(sample.workload, titles=titles)))
    assert results.pick
    assert results.pick.worst_read
    worst = results.pick.worst_read.query
    words = f"{worst} (what {worst} does)" if named else worst
    assert f"Its worst read, {words}, takes" in results.advice.headline
    paid = dict(price(results))
    assert f"The worst: {words} " in (paid["Reads"] or "")
    assert f"W1{' (what W1 does)' * named} writes" in (paid["Writes"] or "")
    assert (f"{worst}: what {worst} does" in overview.legend(results, writes=False)) == named
    assert (f"- {worst}: what {worst} does\n" in markdown.reads(results)) == named
    assert ("- W1: what W1 does\n" in markdown.writes(results)) == named


def test_the_pick_is_the_first_of_the_ranking(results: Results) -> None:
    assert results.decision.pick == results.decision.ranking[0]
    assert results.decision.runner_up == results.decision.ranking[1]


def test_every_verified_strategy_is_on_the_front_or_has_a_reason(results: Results) -> None:
    decision = results.decision
    out = [loser.candidate for loser in decision.dominated] + [excluded.candidate for excluded in decision.excluded]
    assert sorted(names([*decision.front, *out])) == sorted(names(decision.ranking))
    assert all(excluded.breaches for excluded in decision.excluded)


def test_a_run_without_timed_reads_keeps_no_limit_on_them(sample: Experiment) -> None:
    untimed = replace(
        sample,
        outcomes=tuple(
            replace(outcome, reads=None) if isinstance(outcome, Completed) else outcome for outcome in sample.outcomes
        ),
    )
    decision = analyse(untimed, replace(sample.constraints, max_read=9.0)).decision
    assert decision.pick is None
    assert all(breach.measured is False for nearest in decision.impossible for breach in nearest.breaches)
    assert [nearest.breaches[0].limit for nearest in decision.impossible] == [Limit.MAX_READ]


def test_the_pick_is_decided_anew_where_a_number_is_another_one(results: Results, sample: Experiment) -> None:
    names_of = [variation.name for variation in results.variations]
    assert {"change rate 0.25", "change rate 4", "1 x growth over 30 days", "2 x growth over 30 days"} <= set(names_of)
    assert any(reason.startswith("It stays first in ") for reason in results.advice.reasons)
    tight = replace(sample.constraints, target_bytes=4 << 30, horizon_days=30)
    first = {variation.name: variation.first for variation in analyse(sample, tight).variations}
    assert first["0.5 x growth over 30 days"] is not None
    assert first["2 x growth over 30 days"] is None
    assert "1 x growth over 30 days" not in first, "That is the decision itself."


def test_a_variation_that_another_one_wins_is_named(like: Candidate, sample: Experiment) -> None:
    near, far = planted(like, "near", 5, share=0.2), planted(like, "far", 5.5, share=0.2)
    decision = decide([near, far], TEN)
    varied = variations([near, far], decision, sample)
    assert decision.pick == near
    assert [variation.first for variation in varied if variation.name.startswith("its interval's upper end")] == ["far"]
    assert "far" in next(line for line in recommend(decision, sample.case, varied).reasons if "Otherwise" in line)


def test_programs_read_the_decision_with_its_limits(sample: Experiment) -> None:
    results = analyse(sample, replace(sample.constraints, max_read=1.5))
    decided = summary.of(results).decision
    assert decided.pick is None
    assert decided.excluded.keys() == set(decided.ranking)
    slowest = decided.excluded["store_changes_only"]
    assert [(breach.limit, breach.allowed) for breach in slowest] == [("target", 10 * GB), ("max read", 1.5)]


def test_the_command_of_a_run_states_its_constraints(sample: Experiment) -> None:
    asked = Constraints(
        target_bytes=GB, horizon_days=9, keep_history=True, keep={"a.b": 7}, max_read=1.1, max_lock_seconds=0.1
    )
    run = replace(sample, plan=replace(sample.plan, constraints=asked))
    command = provenance.of_run(run, "", "", case_file=None).command
    assert "--target 1024MB --horizon 9d --keep-history --keep a.b:7d --max-read 1.1x --max-lock 0.1s" in command


def test_nothing_measured_is_nothing_decided(sample: Experiment) -> None:
    skipped = Skipped(scenario="toast_lz4", server=None, reason="no lz4")
    decision = analyse(replace(sample, outcomes=(skipped,))).decision
    assert (decision.pick, decision.runner_up, decision.closest, decision.impossible) == (None, None, None, ())
