"""Runs are compared where they may be, sizes to the byte, and an answer that differs is never a saving."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from html import escape
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from lab import runs
from lab.analysis.comparison import ComparedRow, Comparison, RowVerdict, compare
from lab.analysis.results import analyse
from lab.cli import app
from lab.errors import LabError
from lab.report import comparison as report
from lab.report.page.comparison import charts
from lab.report.page.comparison import comparison as page
from lab.values import Completed, Experiment, Failed, Mismatch, Outcome, ReadCost, Timing, Verdict
from tests.lab.test_page import HOSTILE, parsed
from tests.support import SAMPLE

STRATEGY = "outcome_normalization_packed"


def changed(sample: Experiment, change: Callable[[Completed], Outcome | None], scenario: str = STRATEGY) -> Experiment:
    """The sample under another name, with another outcome of one scenario; None leaves it out."""
    outcomes = [
        change(outcome) if isinstance(outcome, Completed) and outcome.scenario == scenario else outcome
        for outcome in sample.outcomes
    ]
    return replace(sample, run="other", outcomes=tuple(outcome for outcome in outcomes if outcome))


def compared(*experiments: Experiment) -> Comparison:
    return compare([analyse(experiment) for experiment in experiments])


def row_of(comparison: Comparison, scenario: str = STRATEGY) -> ComparedRow:
    (row,) = (row for row in comparison.rows if row.scenario == scenario)
    return row


def larger(trial: Completed) -> Completed:
    first, *rest = trial.footprint.tables
    grown = replace(first, heap=first.heap + 8192)
    return replace(trial, footprint=replace(trial.footprint, tables=(grown, *rest)))


def slower(trial: Completed) -> Completed:
    def stretched(cost: ReadCost) -> ReadCost:
        timing = Timing(warmups=(), values=tuple(30 * value for value in cost.after.timing.values))
        return replace(cost, after=replace(cost.after, timing=timing))

    return replace(trial, reads=tuple(map(stretched, trial.reads or ())))


def wrong(trial: Completed) -> Completed:
    differs = Mismatch(name="Q1", expected="3 rows", found="2 rows")
    return replace(trial, verification=replace(trial.verification, verdict=Verdict.DIFFERS, mismatches=(differs,)))


def failed(trial: Completed) -> Failed:
    return Failed(scenario=trial.scenario, server=trial.server, step="pack", error="disk full", steps=())


def test_the_same_measurements_are_the_same(sample: Experiment) -> None:
    comparison = compared(sample, replace(sample, run="other"))
    assert comparison.disagreements == ()
    verdicts = {verdict for row in comparison.rows for verdict in row.verdicts}
    assert verdicts == {RowVerdict.SAME, RowVerdict.NO_NUMBERS}
    assert comparison.worse(0) == ()


def test_servers_that_agree_in_every_run_share_a_row(sample: Experiment) -> None:
    assert row_of(compared(sample, replace(sample, run="other")), "baseline").servers == ("native", "pglite")


def test_a_page_more_is_larger_and_nothing_else_is(sample: Experiment) -> None:
    comparison = compared(sample, changed(sample, larger))
    assert row_of(comparison).verdicts == (RowVerdict.LARGER,)
    assert 0 < (row_of(comparison).change_percent or 0) < 0.01
    assert [row.scenario for row in comparison.worse(0)] == [STRATEGY]
    assert comparison.worse(0.01) == ()


def test_reads_that_take_thirty_times_as_long_are_slower(sample: Experiment) -> None:
    comparison = compared(sample, changed(sample, slower))
    row = row_of(comparison)
    assert row.verdicts == (RowVerdict.SLOWER,)
    assert row.read
    assert row.read.ratio == pytest.approx(30)
    assert comparison.worse(2) == (row,)
    assert row_of(compared(changed(sample, slower), sample)).verdicts == (RowVerdict.FASTER,)


@pytest.mark.parametrize(("fact", "other", "named"), [("cores", 99, "machine"), ("storage", "tmpfs", "storage")])
def test_reads_of_two_machines_are_not_compared(sample: Experiment, fact: str, other: Any, named: str) -> None:
    slow = changed(sample, slower)
    elsewhere = replace(slow, environment=replace(slow.environment, **{fact: other}))
    comparison = compared(sample, elsewhere)
    assert row_of(comparison).read is None
    assert next(report.hindrances(comparison)).startswith(f"Times may not be compared: not the same {named}")


def test_a_run_of_other_rows_between_two_of_the_same_rows_takes_no_verdict_from_them(sample: Experiment) -> None:
    between = replace(sample, run="middle", plan=replace(sample.plan, dataset=replace(sample.plan.dataset, seed=9)))
    comparison = compared(sample, between, changed(sample, larger))
    assert row_of(comparison).verdicts == (RowVerdict.LARGER,)
    assert comparison.comparable
    assert any("middle: 9" in line for line in report.hindrances(comparison))
    assert not compared(sample, changed(sample, larger), between).comparable


@pytest.mark.parametrize("change", [wrong, failed])
def test_an_answer_that_differs_has_no_saving_and_a_trial_that_failed_says_why(
    sample: Experiment, change: Callable[[Completed], Outcome]
) -> None:
    comparison = compared(sample, changed(sample, change))
    row = row_of(comparison)
    assert row.verdicts == (RowVerdict.BROKEN,)
    assert row.savings[1] is None
    assert row.savings[0]
    assert comparison.worse(1000) == (row,)
    assert row_of(compared(changed(sample, change), sample)).verdicts == (RowVerdict.MENDED,)
    (line,) = report.reasons(comparison)
    assert "2 rows" in line or "disk full" in line


def test_a_scenario_that_one_run_lacks_is_new_or_gone(sample: Experiment) -> None:
    without = changed(sample, lambda _: None)
    assert row_of(compared(without, sample)).verdicts == (RowVerdict.NEW,)
    assert row_of(compared(sample, without)).verdicts == (RowVerdict.GONE,)


def test_sizes_of_other_rows_are_not_compared(sample: Experiment) -> None:
    other = replace(sample, run="other", plan=replace(sample.plan, dataset=replace(sample.plan.dataset, seed=2)))
    comparison = compared(sample, other)
    assert not comparison.comparable
    assert row_of(comparison).verdicts == (RowVerdict.NOT_COMPARABLE,)
    assert row_of(comparison).change_percent is None
    assert list(report.hindrances(comparison)) == [
        f"Sizes and times may not be compared: not the same seed ({sample.run}: 1, other: 2)"
    ]


@pytest.mark.parametrize(("limit", "code"), [pytest.param("1%", 0, marks=pytest.mark.slow), ("0.00001%", 1)])
def test_compare_ends_with_1_where_a_run_is_worse_than_allowed_and_has_written_its_page(
    limit: str, code: int, sample: Experiment, tmp_path: Path
) -> None:
    runs.save(tmp_path, changed(sample, larger))
    html = tmp_path / "compared.html"
    done = CliRunner().invoke(app, ["compare", str(SAMPLE), str(tmp_path), "--fail-on", limit, "--html", str(html)])
    assert (done.exit_code == 0) == (code == 0), done.output
    assert f"From {sample.run} to other: 1 larger" in html.read_text(encoding="utf-8")
    if code:
        assert isinstance(done.exception, LabError)
        assert STRATEGY in str(done.exception)


@pytest.mark.slow
def test_the_page_shows_the_changes_of_the_comparison_and_nothing_else(sample: Experiment) -> None:
    comparison = compared(sample, changed(changed(sample, larger), slower, "rewrite_only"), replace(sample, run="last"))
    assert list(charts(comparison)) == []  # the last run is that which counts
    comparison = compared(
        sample, replace(sample, run="middle"), changed(changed(sample, larger), slower, "rewrite_only")
    )
    sizes, reads = charts(comparison)
    assert [row[0] for row in sizes.table.rows] == [f"{STRATEGY} · native"]
    assert [row[0] for row in reads.table.rows] == ["rewrite_only · native"]
    written = page(comparison)
    assert written.count("<svg ") == 2
    assert "Everything: the runs loaded the same rows" in written
    for row in report.table(comparison).texts:
        assert all(escape(text) in written for text in row)


def test_a_page_says_which_run_was_interrupted_and_why_a_trial_has_no_bytes(sample: Experiment) -> None:
    cut = replace(changed(sample, failed), finished=None, outcomes=changed(sample, failed).outcomes[:12])
    written = page(compared(sample, cut))
    assert f"Note: other was interrupted: 12 of {len(sample.plan.trials)} trials have an outcome." in written
    assert "disk full" in written
    assert "No size and no read that may be compared changed." in written


def test_runs_in_which_everything_failed_have_a_page(sample: Experiment) -> None:
    nothing = replace(
        sample,
        outcomes=tuple(failed(outcome) for outcome in sample.outcomes if isinstance(outcome, Completed)),
        auxiliary_trials=(),
    )
    written = page(compared(nothing, replace(nothing, run="other")))
    assert re.search(r"to other: \d+ without numbers</h1>", written)
    assert "<svg" not in written


def test_a_name_in_a_comparison_is_never_taken_for_html(sample: Experiment) -> None:
    written = page(compared(sample, replace(changed(sample, larger), run=HOSTILE)))
    assert written.count("&lt;img src=x") > 3
    assert not {"img", "script"} & set(parsed(written).elements)


@pytest.mark.slow
def test_compare_and_history_speak_json_of_a_version(sample: Experiment, tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    runs.save(folder := tmp_path / "one", sample)
    (tmp_path / "two" / runs.FILE).write_text("{", encoding="utf-8")
    compared = json.loads(CliRunner().invoke(app, ["compare", str(SAMPLE), str(folder), "--json"]).output)
    assert compared["format"] == 1
    assert {row["scenario"] for row in compared["rows"]} >= {"baseline", STRATEGY}
    listed = json.loads(CliRunner().invoke(app, ["history", "--out", str(tmp_path), "--json"]).output)
    assert [run["run"] for run in listed["runs"]] == [sample.run]
    assert len(listed["unreadable"]) == 1
