"""Every report is a pure function of the saved experiment, and what was not measured is an empty cell."""

from __future__ import annotations

import csv
import io
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict, fields, replace

import pytest

from lab.analysis import measured
from lab.analysis.interval import gap
from lab.analysis.projection import Lineage
from lab.analysis.record import SavingRecord
from lab.analysis.results import Results, analyse
from lab.errors import InputError
from lab.report import markdown, markers, migration, summary
from lab.report.csv import savings as savings_csv
from lab.report.price import in_short
from lab.report.renderers import PAGE, RENDERERS
from lab.report.table import MISSING, Cell, Table
from lab.units import Unit, ratio_text
from lab.values import BASELINE, CHANGE_RATE, SIZE, Completed, Experiment, Failed, Mismatch, Outcome, Skipped, Verdict
from tests.support import ROOT, SAMPLE

COLUMNS = [
    *("scenario", "outcome", "server", "baseline_bytes", "bytes", "saving_percent"),
    *("projected_bytes", "verdict", "apply_seconds", "wal_bytes", "peak_bytes"),
]


def rows(experiment: Experiment) -> dict[str, dict[str, str]]:
    """The lines of savings.csv by scenario; of the baselines the last one."""
    return {row["scenario"]: row for row in csv.DictReader(io.StringIO(savings_csv(analyse(experiment))))}


@pytest.fixture(scope="module")
def results(sample: Experiment) -> Results:
    return analyse(sample)


@pytest.mark.parametrize("name", [name for name in RENDERERS if name != PAGE])
def test_the_committed_reports_are_made_from_the_committed_experiment(results: Results, name: str) -> None:
    assert (SAMPLE / name).read_text(encoding="utf-8") == RENDERERS[name](results)


def test_the_findings_are_short_and_name_every_appendix(results: Results) -> None:
    text = markdown.report(results)
    assert len(text.encode()) <= 25_000
    assert all(f"({name})" in text for name in RENDERERS if name.endswith(".md") and name != "report.md")


def test_what_two_groups_of_tables_save_at_another_value_is_what_all_save(sample: Experiment, results: Results) -> None:
    parents, rows = sample.workload.parents, {(row.scenario, row.value): row for row in results.by_parameter}
    assert {"store_changes_only", "hypertable_compression"} <= {scenario for scenario, _ in rows}
    for auxiliary in sample.auxiliary_trials:
        trial = auxiliary.outcome
        if auxiliary.purpose == CHANGE_RATE and auxiliary.template and isinstance(trial, Completed):
            row, origins = (
                rows[trial.scenario, auxiliary.dataset.parameters[CHANGE_RATE]],
                sample.scenarios[trial.scenario].origins,
            )
            before, after = (
                {table.table: table.total for table in footprint.tables}
                for footprint in (auxiliary.template.footprint, trial.footprint)
            )
            details, snapshots = (sum(before[table] for table in group) for group in (parents.keys(), parents.values()))
            of_groups = (row.details or 0) * details + (row.parents or 0) * snapshots
            in_neither = 100 * sum(after[table] for table in after.keys() - before.keys() - origins.keys())
            assert of_groups - in_neither == pytest.approx(row.all * sum(before.values())), row.scenario


def test_the_sample_is_a_whole_run_of_the_size_that_was_asked_for(sample: Experiment) -> None:
    assert sample.finished
    assert {outcome.scenario for outcome in sample.outcomes} == {trial.scenario for trial in sample.plan.trials}
    assert not [outcome for outcome in sample.outcomes if isinstance(outcome, Failed)]
    assert all(template.footprint.total >= sample.plan.size_bytes for template in sample.templates)
    assert sample.plan.size_bytes >= 128 << 20


def test_savings_csv_has_the_promised_columns(results: Results) -> None:
    header = savings_csv(results).splitlines()[0].split(",")
    assert header[: len(COLUMNS)] == COLUMNS


def test_what_was_not_measured_is_empty_and_never_zero(sample: Experiment) -> None:
    skipped = rows(sample)["retention_30d"]
    assert skipped["outcome"] == "skipped"
    assert not any(skipped[name] for name in COLUMNS if name not in ("scenario", "outcome", "server"))
    assert "Nothing to delete" in skipped["reason"]


def test_each_saving_is_against_the_baseline_of_its_own_server(sample: Experiment) -> None:
    trials = [outcome for outcome in sample.outcomes if isinstance(outcome, Completed) and outcome.repeat == 1]
    baselines = {trial.server: trial.footprint.total for trial in trials if trial.scenario == BASELINE}
    written = rows(sample)
    for trial in trials:
        if trial.scenario != BASELINE:
            assert int(written[trial.scenario]["baseline_bytes"]) == baselines[trial.server]
            saving = 100 * (1 - trial.footprint.total / baselines[trial.server])
            assert float(written[trial.scenario]["saving_percent"]) == pytest.approx(saving, abs=0.001)


def test_without_a_baseline_nothing_has_a_saving(sample: Experiment) -> None:
    bare = replace(sample, outcomes=tuple(outcome for outcome in sample.outcomes if outcome.scenario != BASELINE))
    assert all(row["saving_percent"] == "" for row in rows(bare).values())
    assert all(row["bytes"] for row in rows(bare).values() if row["outcome"] == "completed")


def test_a_trial_whose_answers_differ_is_reported_and_never_ranked(sample: Experiment) -> None:
    best = analyse(sample).advice.scenario
    assert best is not None
    wrong = (Mismatch(name="table odds", expected="2 rows", found="1 row"),)
    spoiled = tuple(
        replace(outcome, verification=replace(outcome.verification, verdict=Verdict.DIFFERS, mismatches=wrong))
        if isinstance(outcome, Completed) and outcome.scenario == best
        else outcome
        for outcome in sample.outcomes
    )
    experiment = replace(sample, outcomes=spoiled)
    results = analyse(experiment)
    assert results.advice.scenario != best
    assert [row.rank for row in results.trials if row.outcome.scenario == best] == [None]
    assert "table odds: expected 2 rows, found 1 row" in markdown.report(results)
    assert rows(experiment)[best]["verdict"] == "differs"


def test_nothing_is_recommended_where_nothing_was_verified(sample: Experiment) -> None:
    skipped = Skipped(scenario="toast_lz4", server=None, reason="no lz4")
    advice = analyse(replace(sample, outcomes=(skipped,))).advice
    assert advice.scenario is None
    assert "Nothing to recommend" in advice.headline


def test_the_recommendation_names_what_would_be_lost(results: Results) -> None:
    advice = results.advice
    assert advice.scenario is not None
    assert advice.losses == results.experiment.scenarios[advice.scenario].given_up


def test_an_interrupted_run_says_so_in_its_report(sample: Experiment) -> None:
    partial = replace(sample, finished=None, outcomes=sample.outcomes[:3])
    assert f"3 of {len(sample.plan.trials)} trials" in markdown.report(analyse(partial))


def test_a_failed_scenario_is_reported_with_its_step(sample: Experiment) -> None:
    failed = Failed(scenario="toast_lz4", server="native", step="rewrite", error="disk full", steps=())
    text = markdown.report(analyse(replace(sample, outcomes=(failed,))))
    assert "at 'rewrite': disk full" in text


@pytest.mark.parametrize("before", ["", "# Discovery\n\nBy hand.\n", "# Discovery\n\nNo newline at the end"])
def test_attaching_twice_is_attaching_once(results: Results, before: str) -> None:
    once = markdown.attach(before, results)
    assert once.startswith(before)
    assert markdown.attach(once, results) == once


def test_attaching_changes_nothing_outside_of_the_markers(results: Results) -> None:
    document = f"above\n{markers.begin()}\nold\n{markers.end()}\nbelow\n"
    attached = markdown.attach(document, results)
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
def test_markers_that_do_not_pair_are_left_alone(results: Results, document: str) -> None:
    with pytest.raises(InputError, match="one pair"):
        markdown.attach(document, results)


def test_what_was_not_measured_alone_is_missing_and_not_counted_as_nothing(sample: Experiment) -> None:
    trial = next(outcome for outcome in sample.outcomes if isinstance(outcome, Completed) and len(outcome.steps) > 1)
    unmeasured = replace(trial.steps[0], timing=None, cpu_seconds=None, wal_bytes=None)
    partly = replace(sample, outcomes=(replace(trial, steps=(unmeasured, *trial.steps[1:])),))
    results = analyse(partly)
    row = results.frame().iloc[0]
    assert row[["apply_seconds", "cpu_seconds", "wal_bytes"]].isna().all()
    assert row["peak_bytes"] > 0
    assert migration.steps(results).texts[0][3:6] == (MISSING,) * 3
    assert MISSING not in migration.steps(results).texts[1]


def test_a_cell_with_a_bar_does_not_break_the_table() -> None:
    table = Table(title="", heads=("a", "b"), rows=(("x|y", "1"),))
    assert table.markdown().splitlines()[-1] == "| x\\|y | 1 |"


def test_the_readme_says_in_one_sentence_what_the_pick_costs(results: Results) -> None:
    short = in_short(results)
    assert results.pick
    assert results.pick.worst_read
    assert f"takes {ratio_text(results.pick.worst_read.ratio)} times as long; " in short
    assert " times the rows per second; others wait for at most " in short
    assert "; the migration takes about " in short
    assert len(short) < 400
    assert short in markdown.pick(results)


def test_what_a_pick_costs_and_nobody_measured_is_said(sample: Experiment) -> None:
    outcomes = tuple(
        replace(outcome, writes=None, reads=None) if isinstance(outcome, Completed) else outcome
        for outcome in sample.outcomes
    )
    short = in_short(analyse(replace(sample, outcomes=outcomes)))
    assert short.startswith("reads were not measured; writes were not measured; others wait for at most ")


def test_the_second_choice_is_named_with_what_it_gives_up(results: Results) -> None:
    (second,) = (reason for reason in results.advice.reasons if reason.startswith("Second choice:"))
    assert "it gives up" in second


def test_a_trial_that_failed_at_another_change_rate_is_reported(sample: Experiment) -> None:
    first = next(auxiliary for auxiliary in sample.auxiliary_trials if auxiliary.purpose == CHANGE_RATE)
    failed = Failed(scenario="hypertable_compression", server="pglite", step="load", error="disk full", steps=())
    broken = replace(sample, auxiliary_trials=(replace(first, outcome=failed, template=None),))
    assert analyse(sample).broken == ()
    assert analyse(broken).broken == ("hypertable_compression at 'load': disk full",)
    assert "disk full" in markdown.report(analyse(broken))


def test_a_gap_is_computed_once_for_each_trial(sample: Experiment, monkeypatch: pytest.MonkeyPatch) -> None:
    computed: list[str] = []

    def counted(trial: Completed, smaller: Completed, lineage: Lineage) -> float:
        computed.append(trial.scenario)
        return gap(trial, smaller, lineage)

    monkeypatch.setattr(measured, "gap", counted)
    RENDERERS["report.md"](analyse(sample))
    assert len(computed) == sum(isinstance(outcome, Completed) for outcome in sample.outcomes)


def test_what_had_nothing_to_do_at_the_second_size_has_the_widest_gap_of_the_run(sample: Experiment) -> None:
    reason = "Nothing to archive: no snapshot with a raw_response is older than 7 days."
    others = tuple(
        replace(other, outcome=Skipped(scenario=other.outcome.scenario, server=other.outcome.server, reason=reason))
        if other.purpose == SIZE and other.outcome.scenario == "archive_raw_response"
        else other
        for other in sample.auxiliary_trials
    )
    context = measured.references(replace(sample, auxiliary_trials=others))
    errors = {trial.scenario: context.sized(trial).error for trial in measured.completed(sample)}
    archived = errors.pop("archive_raw_response")
    assert archived is not None
    assert all(archived >= error for error in errors.values() if error is not None)


@pytest.mark.slow
def test_pandas_is_loaded_for_the_csv_only() -> None:
    render = "results = analyse(runs.load(Path(sys.argv[1]))); markdown.report(results); summary.of(results)"
    script = f"""import sys; from pathlib import Path; from lab import runs; from lab.analysis.results import analyse
from lab.analysis.comparison import compare; from lab.report import markdown, summary
from lab.report.renderers import RENDERERS
{render}; compare([results]); assert "pandas" not in sys.modules; RENDERERS["savings.csv"](results)
assert "pandas" in sys.modules"""
    subprocess.run([sys.executable, "-c", script, SAMPLE], check=True, cwd=ROOT)


def test_the_frame_for_notebooks_has_the_types_of_its_columns(results: Results) -> None:
    frame = results.frame()
    types = {field.name: field.type for field in fields(SavingRecord)}
    assert [name.replace("_market_row", "_unit") for name in frame.columns] == list(types)
    named = dict(zip(types, (str(kind) for kind in frame.dtypes), strict=True))
    assert {named[name] for name, kind in types.items() if kind == "int | None"} == {"Int64"}
    assert {named[name] for name, kind in types.items() if kind == "float | None"} == {"Float64"}
    assert len(frame) == len(results.trials)


@pytest.mark.parametrize("size", [(1 << 62) + 1, (1 << 63) - 1, 1 << 63])
def test_bytes_near_the_limit_of_64_bits_are_written_to_the_last_digit(sample: Experiment, size: int) -> None:
    def enlarged(outcome: Outcome) -> Outcome:
        if not isinstance(outcome, Completed) or outcome.scenario != "toast_lz4":
            return outcome
        first, *others = outcome.footprint.tables
        larger = replace(first, heap=first.heap + size - outcome.footprint.total)
        return replace(outcome, footprint=replace(outcome.footprint, tables=(larger, *others)))

    experiment = replace(sample, outcomes=tuple(enlarged(outcome) for outcome in sample.outcomes))
    assert rows(experiment)["toast_lz4"]["bytes"] == str(size)


def test_json_and_csv_hold_the_same_values(results: Results) -> None:
    unit = f"bytes_per_{results.experiment.workload.unit.replace(' ', '_')}"
    lines = list(csv.DictReader(io.StringIO(savings_csv(results).replace(unit, "bytes_per_unit"))))
    for line, record in zip(lines, summary.of(results).savings, strict=True):
        row = asdict(record)
        assert list(line) == list(row)
        assert {name for name, value in row.items() if value is None} == {name for name in line if not line[name]}
        numbers = {name: value for name, value in row.items() if isinstance(value, int | float)}
        assert {name: float(line[name]) for name in numbers} == pytest.approx(numbers, abs=0.0006)


def test_the_rank_is_the_place_in_the_ranking(results: Results) -> None:
    ranks = {row.outcome.scenario: row.rank for row in results.trials if row.rank}
    assert [ranks[candidate.trial.scenario] for candidate in results.decision.ranking] == list(range(1, len(ranks) + 1))
    assert BASELINE not in ranks


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (Cell(value=None, unit=Unit.PERCENT), MISSING),
        (Cell(value=12.345, unit=Unit.PERCENT, error=0.44), "12.3 % ± 0.4"),
        (Cell(value=1234.0, unit=Unit.FEW_BYTES, bare=True), "1,234"),
        (Cell(value=1536, unit=Unit.BYTES), "1.50 KB"),
        (Cell(value=3.14159, unit=Unit.SECONDS), "3.14 s"),
        (Cell(value=1_000_000, unit=Unit.COUNT, prefix="~"), "~1,000,000"),
        (Cell(value=0.5, unit=Unit.OTHER, digits=4, prefix="±"), "±0.5"),
    ],
)
def test_a_cell_is_a_value_with_a_unit_and_is_written_in_one_way(cell: Cell, text: str) -> None:
    table = Table(title="", heads=("a",), rows=((cell,),), left=0)
    assert table.texts == ((text,),)
    assert table.rows[0][0] is cell


def without_rows(trial: Outcome, scenario: str, left: Mapping[str, int]) -> Outcome:
    return replace(trial, rows=left) if isinstance(trial, Completed) and trial.scenario == scenario else trial


@pytest.mark.slow
@pytest.mark.parametrize("left", [{}, {"odds_snapshots": 0}])
@pytest.mark.parametrize("scenario", [BASELINE, "drop_raw_response"])
def test_a_strategy_that_leaves_no_row_to_project_by_has_no_full_size_and_breaks_no_report(
    sample: Experiment, left: Mapping[str, int], scenario: str
) -> None:
    spoiled = replace(sample, outcomes=tuple(without_rows(outcome, scenario, left) for outcome in sample.outcomes))
    auxiliary = tuple(
        replace(trial, outcome=without_rows(trial.outcome, scenario, left)) for trial in sample.auxiliary_trials
    )
    for experiment in (spoiled, replace(sample, auxiliary_trials=auxiliary)):
        assert all(render(analyse(experiment)) for render in RENDERERS.values())
    assert {row.projection for row in analyse(spoiled).measured if row.outcome.scenario == scenario} == {None}
