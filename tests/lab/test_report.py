"""Every report is a pure function of the saved experiment, and what was not measured is an empty cell."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import pytest

from lab.analysis import comparison
from lab.analysis.recommendation import recommend
from lab.analysis.side_by_side import disagreements, side_by_side
from lab.errors import InputError
from lab.report import markdown, markers, tables
from lab.report.table import MISSING, Table
from lab.values import Completed, Experiment, Failed, Mismatch, Skipped, Verdict
from tests.support import ROOT, SAMPLE

COLUMNS = [
    *("scenario", "outcome", "server", "baseline_bytes", "bytes", "saving_percent"),
    *("projected_bytes", "verdict", "apply_seconds", "wal_bytes", "peak_bytes"),
]


def rows(experiment: Experiment) -> dict[str, dict[str, str]]:
    """The lines of savings.csv by scenario; of the baselines the last one."""
    return {row["scenario"]: row for row in csv.DictReader(io.StringIO(markdown.csv(experiment)))}


def test_the_committed_reports_are_made_from_the_committed_experiment(sample: Experiment) -> None:
    assert (SAMPLE / "report.md").read_text(encoding="utf-8") == markdown.report(sample)
    assert (SAMPLE / "savings.csv").read_text(encoding="utf-8") == markdown.csv(sample)


def test_the_readme_shows_the_committed_run(sample: Experiment) -> None:
    assert markdown.section(sample) in (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_sample_is_a_whole_run_at_the_default_size(sample: Experiment) -> None:
    assert sample.finished
    assert {outcome.scenario for outcome in sample.outcomes} == {trial.scenario for trial in sample.plan.trials}
    assert not [outcome for outcome in sample.outcomes if isinstance(outcome, Failed)]
    assert all(template.footprint.total >= 256 << 20 for template in sample.templates)


def test_savings_csv_has_the_promised_columns(sample: Experiment) -> None:
    header = markdown.csv(sample).splitlines()[0].split(",")
    assert header[: len(COLUMNS)] == COLUMNS


def test_what_was_not_measured_is_empty_and_never_zero(sample: Experiment) -> None:
    skipped = rows(sample)["retention_30d"]
    assert skipped["outcome"] == "skipped"
    assert not any(skipped[name] for name in COLUMNS if name not in ("scenario", "outcome", "server"))
    assert "Nothing to delete" in skipped["reason"]


def test_each_saving_is_against_the_baseline_of_its_own_server(sample: Experiment) -> None:
    for trial in comparison.completed(sample):
        if trial.repeat == 1:
            row = rows(sample)[trial.scenario] if trial.scenario != "baseline" else None
            control = comparison.baseline(sample, trial.server)
            assert control is not None
            if row:
                assert int(row["baseline_bytes"]) == control.footprint.total
                saving = 100 * (1 - trial.footprint.total / control.footprint.total)
                assert float(row["saving_percent"]) == pytest.approx(saving, abs=0.001)


def test_without_a_baseline_nothing_has_a_saving(sample: Experiment) -> None:
    bare = replace(sample, outcomes=tuple(one for one in sample.outcomes if one.scenario != "baseline"))
    assert all(row["saving_percent"] == "" for row in rows(bare).values())
    assert all(row["bytes"] for row in rows(bare).values() if row["outcome"] == "completed")


def test_a_trial_whose_answers_differ_is_reported_and_never_ranked(sample: Experiment) -> None:
    best = recommend(sample).scenario
    assert best is not None
    wrong = (Mismatch(name="table odds", expected="2 rows", found="1 row"),)
    spoiled = tuple(
        replace(one, verification=replace(one.verification, verdict=Verdict.DIFFERS, mismatches=wrong))
        if isinstance(one, Completed) and one.scenario == best
        else one
        for one in sample.outcomes
    )
    experiment = replace(sample, outcomes=spoiled)
    assert recommend(experiment).scenario != best
    assert "table odds: expected 2 rows, found 1 row" in markdown.report(experiment)
    assert rows(experiment)[best]["verdict"] == "differs"


def test_nothing_is_recommended_where_nothing_was_verified(sample: Experiment) -> None:
    advice = recommend(replace(sample, outcomes=(Skipped(scenario="toast_lz4", server=None, reason="no lz4"),)))
    assert advice.scenario is None
    assert "nothing to recommend" in advice.headline


def test_the_recommendation_names_what_would_be_lost(sample: Experiment) -> None:
    advice = recommend(sample)
    assert advice.scenario is not None
    assert advice.losses == sample.scenarios[advice.scenario].given_up


def test_an_interrupted_run_says_so_in_its_report(sample: Experiment) -> None:
    partial = replace(sample, finished=None, outcomes=sample.outcomes[:3])
    assert f"3 of {len(sample.plan.trials)} trials" in markdown.report(partial)


def test_a_failed_scenario_is_reported_with_its_step(sample: Experiment) -> None:
    failed = Failed(scenario="toast_lz4", server="native", step="rewrite", error="disk full", steps=())
    text = markdown.report(replace(sample, outcomes=(failed,)))
    assert "at 'rewrite': disk full" in text


@pytest.mark.parametrize("before", ["", "# Discovery\n\nBy hand.\n", "# Discovery\n\nNo newline at the end"])
def test_attaching_twice_is_attaching_once(sample: Experiment, before: str) -> None:
    once = markdown.attach(before, sample)
    assert once.startswith(before)
    assert markdown.attach(once, sample) == once


def test_attaching_changes_nothing_outside_of_the_markers(sample: Experiment) -> None:
    document = f"above\n{markers.begin()}\nold\n{markers.end()}\nbelow\n"
    attached = markdown.attach(document, sample)
    assert attached.startswith("above\n")
    assert attached.endswith("below\n")
    assert "old" not in attached.split("\n")


@pytest.mark.parametrize(
    "document",
    [
        markers.begin(),
        markers.end(),
        f"{markers.end()}\n{markers.begin()}",
        f"{markers.begin()}{markers.begin()}{markers.end()}",
    ],
)
def test_markers_that_do_not_pair_are_left_alone(sample: Experiment, document: str) -> None:
    with pytest.raises(InputError, match="one pair"):
        markdown.attach(document, sample)


def test_what_was_not_measured_alone_is_missing_and_not_counted_as_nothing(sample: Experiment) -> None:
    trial = next(one for one in comparison.completed(sample) if len(one.steps) > 1)
    unmeasured = replace(trial.steps[0], seconds=None, cpu_seconds=None, wal_bytes=None)
    partly = replace(sample, outcomes=(replace(trial, steps=(unmeasured, *trial.steps[1:])),))
    row = comparison.savings(partly).iloc[0]
    assert row[["apply_seconds", "cpu_seconds", "wal_bytes"]].isna().all()
    assert row["peak_bytes"] > 0
    assert tables.steps(partly).rows[0][3:6] == (MISSING,) * 3
    assert MISSING not in tables.steps(partly).rows[1]


def test_runs_are_compared_side_by_side_with_their_differences(sample: Experiment) -> None:
    other = replace(sample, run="other", plan=replace(sample.plan, dataset=replace(sample.plan.dataset, seed=2)))
    frame = side_by_side([sample, other])
    assert list(frame.columns) == ["scenario", "server", sample.run, "other"]
    assert disagreements([sample, other]) == [f"seed differs ({sample.run}: 1, other: 2)"]
    assert disagreements([sample, sample]) == []


def test_a_cell_with_a_bar_does_not_break_the_table() -> None:
    table = Table(title="", heads=("a", "b"), rows=(("x|y", "1"),))
    assert table.markdown().splitlines()[-1] == "| x\\|y | 1 |"


def test_the_second_choice_is_named_with_what_it_gives_up(sample: Experiment) -> None:
    (second,) = (reason for reason in recommend(sample).reasons if reason.startswith("The second choice is"))
    assert "which gives up" in second


def test_a_trial_that_failed_at_another_change_rate_is_reported(sample: Experiment) -> None:
    (first, *_) = comparison.aside(sample, "rate")
    failed = Failed(scenario="hypertable_compression", server="pglite", step="load", error="disk full", steps=())
    broken = replace(sample, side_trials=(replace(first, outcome=failed, template=None),))
    assert comparison.broken(sample) == []
    assert comparison.broken(broken) == ["hypertable_compression at 'load': disk full"]
    assert "disk full" in markdown.report(broken)
