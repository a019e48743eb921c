"""What a read costs is measured beside the baseline, only where the answers are the same, and named only beyond noise."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import Any

import pytest

from lab import runs
from lab.analysis.reads import Difference, in_words, read_gaps, read_results, unclear
from lab.analysis.results import Results, analyse
from lab.errors import InputError
from lab.report import csv, markdown, plans, summary, tables
from lab.report.table import MISSING
from lab.scenario import Database, Shape, lost_column
from lab.trial import reads
from lab.trial.reads import TimedSide
from lab.trial.template import Bench
from lab.units import duration_text, ratio_text
from lab.values import BASELINE, Completed, Experiment, ReadCost, ReadSide, Timing, Verdict
from lab.workload import Heavy, Read
from tests.lab.trials import run_scenario, run_sql

BRIEF = 0.01
"""Seconds for the reads of a trial: every query gets the fewest samples."""
QUERIES = [f"Q{number}" for number in range(1, 11)]


def timed(bench: Bench, *statements: str, **declared: Any) -> Completed:
    outcome = run_scenario(bench, run_sql(*statements), read_seconds=BRIEF, **declared)
    assert isinstance(outcome, Completed), outcome
    return outcome


@pytest.fixture(scope="module")
def untouched(bench: Bench) -> Completed:
    return timed(bench, "SELECT 1")


def costs(trial: Completed) -> dict[tuple[str, bool], ReadCost]:
    """By query, and whether it was read whole."""
    return {(cost.query, not cost.without): cost for cost in trial.reads or ()}


def test_every_query_is_measured_whole_and_without_its_payloads(untouched: Completed) -> None:
    measured = costs(untouched)
    assert list(dict.fromkeys(query for query, _ in measured)) == QUERIES
    with_payloads = {query for query, whole in measured if not whole}
    assert with_payloads == {"Q1", "Q2", "Q6", "Q8", "Q10"}
    assert all((query, True) in measured for query in QUERIES)
    for cost in measured.values():
        for side in (cost.after, cost.before):
            assert len(side.timing.values) >= reads.LEAST
            assert len(side.timing.warmups) == 1
            assert side.blocks is not None
            assert side.blocks > 0


def test_both_sides_touch_the_same_blocks_where_nothing_changed(untouched: Completed) -> None:
    for (query, _), cost in costs(untouched).items():
        assert cost.after.blocks == pytest.approx(cost.before.blocks, rel=0.05, abs=2), query


def test_a_read_without_payloads_touches_fewer_blocks(untouched: Completed) -> None:
    measured = costs(untouched)
    whole, light = measured["Q8", True].after.blocks, measured["Q8", False].after.blocks
    assert whole
    assert light
    assert light < whole


def test_answers_that_differ_are_not_timed(bench: Bench) -> None:
    outcome = timed(bench, "DELETE FROM market_odds WHERE id = (SELECT min(id) FROM market_odds)")
    assert outcome.verification.verdict is Verdict.DIFFERS
    assert outcome.reads is None


def test_a_trial_beside_others_times_nothing(bench: Bench) -> None:
    outcome = run_scenario(bench, run_sql("SELECT 1"), timed=False, read_seconds=BRIEF)
    assert isinstance(outcome, Completed)
    assert outcome.reads is None


def test_a_column_that_is_given_up_is_read_on_neither_side(bench: Bench) -> None:
    columns = ("odds_snapshots.raw_response", "competitor_odds_snapshots.raw_response")
    drop = [f"ALTER TABLE {column.partition('.')[0]} DROP COLUMN raw_response" for column in columns]
    outcome = timed(bench, *drop, losses=tuple(lost_column(column) for column in columns))
    assert outcome.verification.verdict is Verdict.AS_DECLARED
    (first,) = (cost for cost in outcome.reads or () if cost.query == "Q1")
    assert set(first.without) == set(columns)


def slow_markets(db: Database) -> None:
    """A view that answers the same and sleeps for every row."""
    with db.step("do"):
        db.execute("ALTER TABLE market_odds RENAME TO kept_markets")
        columns = ", ".join(
            name
            for (name,) in db.fetch(
                "SELECT attname FROM pg_attribute WHERE attrelid = 'kept_markets'::regclass AND attnum > 0"
                " AND NOT attisdropped ORDER BY attnum"
            )
        )
        db.execute(
            f"CREATE VIEW market_odds AS SELECT {columns} FROM kept_markets"
            " WHERE id > 0 AND (SELECT pg_sleep(0.02)) IS NOT NULL"
        )


@pytest.fixture(scope="module")
def slower(bench: Bench) -> Completed:
    outcome = run_scenario(bench, slow_markets, read_seconds=BRIEF, changes={"market_odds": Shape.VIEW})
    assert isinstance(outcome, Completed), outcome
    return outcome


def steady(trial: Completed, before_s: float | None = None) -> Completed:
    """The trial, its other side as long as its own, or about so long: how busy the machine was decides nothing."""
    measured = []
    for number, cost in enumerate(trial.reads or ()):
        values = cost.after.timing.values
        before = around(before_s, len(values), number) if before_s else values
        timing = replace(cost.before.timing, values=tuple(before))
        measured.append(replace(cost, before=replace(cost.before, timing=timing)))
    return with_reads(trial, *measured)


@pytest.mark.slow
def test_a_planted_delay_is_named_with_an_interval_and_an_untouched_clone_is_not(
    untouched: Completed, slower: Completed
) -> None:
    gaps = read_gaps({"native": [steady(untouched)]})
    by_query = {(read.query, not read.without): read for read in read_results(steady(slower, 0.001), gaps, {}) or ()}
    planted = by_query["Q3", True]
    assert planted.change is Difference.SLOWER
    assert 1 < planted.low <= planted.ratio <= planted.high
    assert min(costs(slower)["Q3", True].after.timing.values) >= 0.02  # pg_sleep never returns earlier
    assert f"Q3 takes {ratio_text(planted.ratio)} times as long" in planted.words
    assert not [read for read in read_results(untouched, read_gaps({"native": [untouched]}), {}) or () if read.named]


@pytest.mark.slow
def test_the_time_that_a_read_sleeps_is_no_cpu_time(slower: Completed) -> None:
    cost = costs(slower)["Q3", True]
    assert cost.after.cpu_seconds is not None
    assert 0 < cost.after.cpu_seconds < 0.02 < cost.after.timing.seconds


def test_a_dropped_index_shows_in_the_blocks(bench: Bench, untouched: Completed) -> None:
    outcome = timed(
        bench,
        "DROP INDEX market_odds_snapshot_id_idx, market_odds_snapshot_id_betpawa_market_id_idx,"
        " market_odds_betpawa_market_id_idx",
        changes={"market_odds": Shape.HYPERTABLE},  # whose guarantees may go
    )
    cost, before = costs(outcome)["Q2", False], costs(untouched)["Q2", False]
    assert cost.after.blocks is not None
    assert cost.before.blocks is not None
    assert cost.after.blocks > cost.before.blocks
    assert before.before.blocks == pytest.approx(cost.before.blocks, rel=0.05, abs=2)


@pytest.mark.slow
def test_pglite_is_measured_beside_a_process_of_its_own_and_what_it_cannot_tell_is_missing(pglite_bench: Bench) -> None:
    outcome = timed(pglite_bench, "SELECT 1")
    assert list(dict.fromkeys(cost.query for cost in outcome.reads or ())) == QUERIES
    for cost in outcome.reads or ():
        assert cost.before.timing.seconds > 0
        assert cost.after.cpu_seconds != 0
        assert cost.after.blocks is None or cost.after.blocks > 0


@pytest.mark.parametrize(
    ("total", "each"),
    [(None, None), (0.0, None), (0.05, None), (0.5, 0.1)],
)
def test_cpu_time_of_a_few_ticks_is_missing(total: float | None, each: float | None) -> None:
    assert reads._cpu(0.01, total, reads=5) == each


@pytest.mark.slow
def test_a_role_that_may_not_look_has_no_cpu_time(external_bench: Bench) -> None:
    outcome = timed(external_bench, "SELECT 1")
    assert outcome.reads
    assert all(cost.after.cpu_seconds is None for cost in outcome.reads)
    assert all(cost.after.blocks for cost in outcome.reads)


def test_a_query_that_is_refused_later_takes_no_sample_from_the_next(bench: Bench) -> None:
    """Warm-ups and plans take four of its values; in the second part it divides by zero."""
    late = Read(name="R1", query="R1", sql="SELECT 1 / (7 - nextval('times'))")
    good = Read(name="R2", query="R2", sql="SELECT 1")
    with bench.fresh() as (name, database), bench.server.gauge(name, database) as gauge:
        database.execute("CREATE SEQUENCE times")
        side = TimedSide(database=database, gauge=gauge, outside=bench.outside)
        measured = reads.measure(side, side, [late, good], (), seconds=0)
    (cost,) = measured.costs
    assert cost.query == "R2"
    assert [len(both.timing.values) for both in (cost.after, cost.before)] == [reads.LEAST] * 2
    assert "division by zero" in measured.notes[0]


@pytest.mark.parametrize("rounds", [1, 2, 5, 6])
def test_in_each_part_of_the_samples_the_other_side_comes_first(
    rounds: int, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What comes first after another query finds cold caches."""
    order: list[tuple[str, str]] = []
    sides: dict[TimedSide, str] = {}
    once = reads._once

    def noted(side: TimedSide, form: reads._Form) -> float:
        order.append((form.query, sides[side]))
        once(side, form)
        return 0.001

    monkeypatch.setattr(reads, "_once", noted)
    asked = [Read(name=name, query=name, sql="SELECT 1") for name in ("R1", "R2")]
    with bench.control() as (name, database), bench.server.gauge(name, database) as gauge:
        after = TimedSide(database=database, gauge=gauge, outside=bench.outside)
        before = replace(after, outside=bench.outside / "other")
        sides |= {after: "after", before: "before"}
        monkeypatch.setattr(reads, "MOST", rounds * reads.LEAST)
        reads.measure(after, before, asked, (), seconds=1_000)
    samples = order[4:]
    firsts = [side for _, side in samples[:: 2 * rounds]]
    assert len(samples) == 2 * 2 * rounds * reads.LEAST
    assert firsts[::2] == firsts[1::2] == ["before", "after", "before", "after", "before"]


def test_a_query_that_the_server_refuses_is_left_out_with_a_note(bench: Bench) -> None:
    good = Read(name="R1", query="R1", sql="SELECT 1")
    broken = Heavy(asked="1 / 0", compared="1")
    bad = Read(name="R2", query="R2", sql="SELECT {part}", lists={"part": {"t.a": "1", "t.b": broken}})
    with bench.control() as (name, database), bench.server.gauge(name, database) as gauge:
        side = TimedSide(database=database, gauge=gauge, outside=bench.outside)
        measured = reads.measure(side, side, [good, bad], (), seconds=BRIEF)
    assert [(cost.query, cost.without) for cost in measured.costs] == [("R1", ()), ("R2", ("t.b",))]
    (note,) = measured.notes
    assert note.startswith("R2 was not timed: ")
    assert "division by zero" in note


def test_two_trials_that_are_timed_at_once_have_an_untouched_clone_each_and_the_next_takes_one_of_them(
    bench: Bench,
) -> None:
    with bench.control() as (first, _), bench.control() as (second, _):
        assert first != second
    with bench.control() as (third, _):
        assert third in {first, second}


def test_costs_are_of_one_subject_and_sum_its_statements(bench: Bench) -> None:
    parts = [
        Read(name=f"R {subject} {part}", query="R", subject=subject, sql="SELECT pg_sleep(0.01)")
        for subject in ("a", "b", "c")
        for part in (1, 2)
    ]
    with bench.control() as (name, database), bench.server.gauge(name, database) as gauge:
        side, started = TimedSide(database=database, gauge=gauge, outside=bench.outside), perf_counter()
        (cost,) = reads.measure(side, side, parts, (), seconds=BRIEF).costs
        elapsed = perf_counter() - started
    timings = (cost.after.timing, cost.before.timing)
    assert min(cost.after.timing.values) >= 0.02
    assert 3 * sum(sum(timing.warmups) + sum(timing.values) for timing in timings) <= elapsed
    assert len(cost.plans) == 2


def test_fewer_subjects_are_those_in_the_middle_of_each_query() -> None:
    named = [
        *(Read(name=f"R {subject}", query="R", subject=subject, sql="") for subject in "abc"),
        Read(name="S", query="S", sql=""),
    ]
    assert [read.name for read in reads.about(named, 1)] == ["R b", "S"]
    assert [read.name for read in reads.about(named, 2)] == ["R a", "R b", "S"]
    assert reads.about(named, None) == reads.about(named, 9) == tuple(named)


@pytest.mark.slow
def test_only_so_many_subjects_are_timed_as_the_trial_asks_for(bench: Bench) -> None:
    few = timed(bench, "SELECT 1", read_subjects=1)
    assert list(dict.fromkeys(query for query, _ in costs(few))) == QUERIES
    names = [read.name for read in bench.template.questions.reads if read.query == "Q3"]
    assert len(names) > 1
    assert [plan.name for plan in costs(few)["Q3", True].plans] == [names[(len(names) - 1) // 2]]


# What follows from samples, whatever server they came from


def cost_of(after: list[float], before: list[float], query: str = "Q1") -> ReadCost:
    sides = [
        ReadSide(timing=Timing(warmups=(1.0,), values=tuple(values)), cpu_seconds=None, blocks=None)
        for values in (after, before)
    ]
    return ReadCost(query=query, without=(), after=sides[0], before=sides[1], plans=())


def around(center: float, number: int, seed: int, spread: float = 0.03) -> list[float]:
    chance = random.Random(seed)  # noqa: S311 - the same samples every time
    return [center * chance.uniform(1 - spread, 1 + spread) for _ in range(number)]


def with_reads(trial: Completed, *measured: ReadCost) -> Completed:
    return replace(trial, reads=measured)


@pytest.mark.parametrize(
    ("ratio", "gap", "change"),
    [
        (5.5, 1.05, Difference.SLOWER),
        (0.4, 1.05, Difference.FASTER),
        (1.04, 1.10, Difference.NONE),
        (1.3, 1.5, Difference.NONE),
        (0.8, 1.5, Difference.NONE),
    ],
)
def test_a_difference_is_named_only_beyond_the_gap_of_two_baselines(
    untouched: Completed, ratio: float, gap: float, change: Difference
) -> None:
    baselines = [with_reads(untouched, cost_of(around(gap, 20, 1, 0.001), around(1, 20, 2, 0.001)))]
    trial = with_reads(untouched, cost_of(around(ratio, 20, 3), around(1, 20, 4)))
    (read,) = read_results(trial, read_gaps({"native": baselines}), {}) or ()
    assert read.change is change
    assert read.gap == pytest.approx(gap, rel=0.01)
    assert read.low <= read.ratio <= read.high
    assert read.ratio == pytest.approx(ratio, rel=0.05)


def test_what_chance_explains_is_not_named(untouched: Completed) -> None:
    scattered = [1.0, 9.0, 1.1, 8.0, 1.2]
    trial = with_reads(untouched, cost_of([2.0, 8.5, 1.3, 9.5, 1.15], scattered))
    baselines = [with_reads(untouched, cost_of([1.0] * 5, [1.0] * 5))]
    (read,) = read_results(trial, read_gaps({"native": baselines}), {}) or ()
    assert read.change is Difference.NONE


def test_the_gap_of_one_query_is_not_smaller_than_usual_by_luck(untouched: Completed) -> None:
    lucky, usual, wide = (cost_of([1 + gap] * 5, [1.0] * 5, f"Q{gap}") for gap in (0.0, 0.1, 0.3))
    gaps = read_gaps({"native": [with_reads(untouched, lucky, usual, wide)]})
    assert [gaps["native", f"Q{gap}"] for gap in (0.0, 0.1, 0.3)] == pytest.approx([1.1, 1.1, 1.3])


def test_without_a_baseline_a_change_is_not_known(untouched: Completed) -> None:
    (read,) = read_results(with_reads(untouched, cost_of([5.0] * 5, [1.0] * 5)), {}, {}) or ()
    assert read.change is Difference.UNKNOWN
    assert "not compared" in in_words([read])


def test_the_words_name_the_slowest_first_and_count_the_rest(untouched: Completed) -> None:
    slow = [cost_of(around(number, 9, number), around(1, 9, 7), f"Q{number}") for number in range(2, 8)]
    fast = cost_of(around(0.5, 9, 1), around(1, 9, 2), "Q9")
    baselines = [with_reads(untouched, *(cost_of([1.01] * 5, [1.0] * 5, f"Q{number}") for number in range(1, 10)))]
    words = in_words(read_results(with_reads(untouched, *slow, fast), read_gaps({"native": baselines}), {}))
    assert words.startswith("Reads: Q7 takes 7")
    assert "; Q6 takes" in words
    assert "; 2 more are slower." in words
    assert words.endswith("Faster: 1 of 7 queries.")
    assert in_words(None) == "Reads: not measured."


@pytest.fixture(scope="module")
def read_run(sample: Experiment, untouched: Completed, slower: Completed) -> Experiment:
    """The committed run, with reads as measured on the small database."""
    assert slower.reads

    def read(trial: Completed) -> Completed:
        if trial.server != "native":
            return replace(trial, reads=None)
        measured = steady(untouched) if trial.scenario == BASELINE else steady(slower, 0.001)
        return replace(trial, reads=measured.reads)

    outcomes = tuple(read(outcome) if isinstance(outcome, Completed) else outcome for outcome in sample.outcomes)
    return replace(sample, outcomes=outcomes)


@pytest.mark.slow
def test_a_run_with_reads_is_read_back_as_it_was_saved(read_run: Experiment, tmp_path: Path) -> None:
    runs.save(tmp_path, replace(read_run, outcomes=()))
    for number, outcome in enumerate(read_run.outcomes, 1):
        runs.add_outcome(tmp_path, number, outcome)
    again = runs.load(tmp_path)
    reads_of = [outcome.reads for outcome in read_run.outcomes if isinstance(outcome, Completed)]
    assert [outcome.reads for outcome in again.outcomes if isinstance(outcome, Completed)] == reads_of
    for measured in reads_of:
        kept = sum(len(plan.plan or "") for cost in measured or () for plan in cost.plans)
        assert kept < 100_000


def test_reports_show_what_reads_cost_beside_bytes(read_run: Experiment) -> None:
    results = analyse(read_run)
    savings = tables.savings(results)
    assert savings.heads[5:8] == ("at full size", "Q1", "worst read")
    by_row = {(row[0], row[1]): row[6:8] for row in savings.texts}
    assert by_row["baseline", "native"] == ("same", "none slower")
    assert by_row["toast_lz4", "native"][1].endswith(" x")
    assert by_row["baseline", "pglite"] == (MISSING, MISSING)
    table = tables.reads(results)
    named = {(row[0], row[2]) for row in table.texts}
    assert ("toast_lz4", "Q3") in named
    assert not [row for row in table.texts if row[0] == "baseline" or row[1] == "pglite"]
    assert table.markdown() in markdown.reads(results)
    cost = next(reason for reason in results.advice.reasons if "It costs: Reads: " in reason)
    assert "times as long" in cost
    assert " → " in cost


def test_files_for_programs_hold_every_query_with_its_interval(read_run: Experiment) -> None:
    results = analyse(read_run)
    lines = csv.reads(results).splitlines()
    header = lines[0].split(",")
    assert {"query", "ratio", "ratio_low", "ratio_high", "median_seconds", "cpu_microseconds", "blocks"} <= set(header)
    measured = sum(len(outcome.reads or ()) for outcome in read_run.outcomes if isinstance(outcome, Completed))
    assert len(lines) == measured + 1
    written = summary.of(results)
    assert len(written.reads) == measured
    saving = next(row for row in written.savings if row.scenario == "toast_lz4")
    assert saving.main_read == "Q1"
    assert saving.worst_read_ratio is not None
    assert saving.worst_read_ratio > 1


def test_a_run_without_reads_says_so_and_has_no_numbers_for_them(sample: Experiment) -> None:
    outcomes = tuple(
        replace(outcome, reads=None) if isinstance(outcome, Completed) else outcome for outcome in sample.outcomes
    )
    results = analyse(replace(sample, outcomes=outcomes))
    assert not tables.reads(results).rows
    assert {row[6:8] for row in tables.savings(results).texts} == {(MISSING, MISSING)}
    assert "The reads of this run were not timed." in markdown.reads(results)
    assert len(csv.reads(results).splitlines()) == 1
    assert summary.of(results).reads == ()
    assert "It costs: Reads: not measured." in results.advice.reasons


def test_plans_are_kept_and_shown_on_demand(read_run: Experiment) -> None:
    shown = "\n".join(plans.plans(analyse(read_run), "toast_lz4"))
    assert "Q3 after toast_lz4 on native" in shown
    assert "blocks" in shown
    assert "market_odds" in shown
    with pytest.raises(InputError, match="no completed trial of 'nothing'"):
        list(plans.plans(analyse(read_run), "nothing"))
    with pytest.raises(InputError, match="were not timed"):
        list(plans.plans(analyse(read_run), "hypertable_compression"))


def test_a_plan_is_what_the_server_said_without_zeros(untouched: Completed) -> None:
    plan = json.loads(costs(untouched)["Q9", True].plans[0].plan or "")
    assert plan["Node Type"]
    assert plan["Actual Rows"] >= 0
    assert not [name for name, value in plan.items() if name.endswith("Blocks") and value == 0]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.00042, "0.42 ms"),
        (0.0042, "4.2 ms"),
        (0.066, "66 ms"),
        (1.23, "1.2 s"),
        (99, "99 s"),
        (3336, "56 min"),
        (9373, "2.6 h"),
    ],
)
def test_durations_read_as_people_say_them(seconds: float, text: str) -> None:
    assert duration_text(seconds) == text


@pytest.mark.parametrize(("ratio", "text"), [(0.432, "0.43"), (1.08, "1.08"), (5.49, "5.5"), (120.4, "120")])
def test_ratios_have_two_or_three_digits(ratio: float, text: str) -> None:
    assert ratio_text(ratio) == text


def test_baselines_that_differ_too_much_are_said_with_what_cannot_be_seen() -> None:
    little = {("native", "Q1"): 1.02, ("native", "Q2"): 1.1, ("native", "Q3"): 1.6}
    assert list(unclear(little)) == []
    (line,) = unclear({**little, ("pglite", "Q1"): 1.5, ("pglite", "Q2"): 2.0})
    assert line.startswith(
        "pglite: the reads of two baselines differ by 1.75 times in the median, and those of Q2 by 2.0"
    )


def test_reports_say_where_a_slower_read_is_not_seen(sample: Experiment) -> None:
    def with_baselines(times: float) -> Results:
        """Of the committed run on one server, where the reads of a baseline take so many times as long as beside it."""

        def slowed(side: ReadSide) -> ReadSide:
            return replace(side, timing=replace(side.timing, values=tuple(times * each for each in side.timing.values)))

        outcomes = [
            replace(o, reads=tuple(replace(cost, after=slowed(cost.before)) for cost in o.reads or ()))
            if isinstance(o, Completed) and o.scenario == BASELINE
            else o
            for o in sample.outcomes
            if o.server == "native"
        ]
        return analyse(replace(sample, outcomes=tuple(outcomes)))

    assert with_baselines(1.1).cautions == ()
    results = with_baselines(2)
    (line,) = results.cautions
    assert line.startswith("native: the reads of two baselines differ by ")
    assert f"- **Mind:** {line}" in markdown.report(results)
