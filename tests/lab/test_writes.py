"""What the application's writes cost: the same rows on both sides, parts that add up, and no number where one is wrong."""

from __future__ import annotations

import re
from csv import DictReader
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from lab import registry, runs
from lab.analysis.reads import Difference
from lab.analysis.results import analyse
from lab.analysis.writes import in_words, usual_slowdown, worst_write, write_gaps, write_results
from lab.postgres import footprint
from lab.report import csv, markdown, overview, summary, tables, write_tables
from lab.report.table import MISSING
from lab.scenario import Shape, Writing
from lab.trial import verify, writes
from lab.trial.reads import TimedSide
from lab.trial.template import Bench
from lab.trial.writer import Writer
from lab.values import BASELINE, Completed, Experiment, Timing, Writes, WriteSide, WriteVerdict
from tests.lab.trials import run_scenario, run_sql

BRIEF = 0.001
"""Seconds for the writes of a trial: every write gets the fewest samples."""


def written(bench: Bench, *statements: str, **declared: Any) -> Writes:
    outcome = run_scenario(bench, run_sql(*statements), write_seconds=BRIEF, **declared)
    assert isinstance(outcome, Completed), outcome
    assert outcome.writes
    return outcome.writes


def refused(measured: Writes) -> dict[str, str]:
    return {cost.query: cost.refused for cost in measured.costs}


@pytest.fixture(scope="module")
def untouched(bench: Bench) -> Writes:
    return written(bench, "SELECT 1")


def test_new_rows_are_the_same_for_every_strategy(bench: Bench) -> None:
    assert bench.template.writes() is bench.template.writes()
    first, second, *_, last = bench.template.writes()
    assert (first.query, second.query, last.query) == ("W1", "W2", "D1")
    loaded = bench.template.loaded.rows["odds_snapshots"]
    assert first.touched["market_odds"] == f"t.snapshot_id > {loaded}"


def test_both_sides_write_the_same_where_nothing_changed(untouched: Writes) -> None:
    assert not any(refused(untouched).values())
    assert untouched.after == untouched.before
    assert untouched.after
    assert untouched.rows
    for cost in untouched.costs[:2]:
        assert cost.after
        assert cost.before
        assert len(cost.after.timing.values) == len(cost.before.timing.values) >= writes.LEAST
        assert len(cost.after.timing.warmups) == 1
        assert cost.after.wal_bytes == pytest.approx(cost.before.wal_bytes, rel=0.1)


_USERS_BYTES = """
SELECT pg_database_size(current_database())
     - (SELECT sum(pg_total_relation_size(oid)) FROM pg_class WHERE relkind = 'r' AND (relnamespace = pg_my_temp_schema()
        OR relnamespace IN (SELECT oid FROM pg_namespace WHERE nspname IN ('pg_catalog', 'information_schema'))))
"""
"""Of the files of the database, those that are neither the system's nor temporary."""


def test_the_growth_by_kind_adds_up_to_the_files_of_the_database(bench: Bench) -> None:
    with bench.fresh() as (name, database), bench.server.gauge(name, database) as gauge:
        verify.state_settings(database, bench.template.questions.schema)
        side = TimedSide(database=database, gauge=gauge, outside=bench.outside)
        writer = Writer(side=side, bench=bench, writing={}, given_up=frozenset())
        batches = [write for write in bench.template.writes() if write.query == "W1"]
        writer.prepare(batches)
        earlier, size = footprint.measure(database), int(database.value(_USERS_BYTES))
        for batch in batches:
            writer.stage(batch)
            writer.run(batch)
        grown = writes.increase(earlier, footprint.measure(database))
        assert grown.heap + grown.maps + grown.toast + grown.indexes == grown.total
        assert grown.total == pytest.approx(int(database.value(_USERS_BYTES)) - size, rel=0.01)
        assert min(grown.heap, grown.toast, grown.indexes) > 0


def test_what_the_server_refuses_is_the_result(bench: Bench) -> None:
    measured = written(
        bench,
        "ALTER TABLE market_odds RENAME TO hidden",
        "CREATE VIEW market_odds AS SELECT * FROM hidden WHERE id > 0 UNION ALL SELECT * FROM hidden WHERE id <= 0",
        changes={"market_odds": Shape.VIEW},
    )
    reasons = refused(measured)
    assert "cannot insert into view" in reasons["W1"]
    assert "cannot update view" in reasons["W2"]
    assert measured.after is None


def refusing(event: str, *, after: int = 0) -> tuple[str, ...]:
    """Statements that let that event on market_odds be carried out so many times, and then never again."""
    return (
        "CREATE SEQUENCE times",
        (
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$"
            f" BEGIN IF nextval('times') > {after} THEN RAISE 'read only'; END IF; RETURN NULL; END $$"
        ),
        f"CREATE TRIGGER refuse AFTER {event} ON market_odds FOR EACH STATEMENT EXECUTE FUNCTION refuse()",
    )


def verdicts(measured: Writes) -> dict[str, WriteVerdict | None]:
    return {cost.query: cost.verdict for cost in measured.costs}


def test_a_refused_write_says_nothing_of_another_one_of_the_same_rows(bench: Bench, untouched: Writes) -> None:
    measured = written(bench, *refusing("UPDATE"))
    assert verdicts(measured) == verdicts(untouched) | {"W2": WriteVerdict.REFUSED}
    first, second = measured.costs[:2]
    assert "read only" in second.refused
    assert first.after
    assert len(first.after.timing.values) >= writes.LEAST
    assert measured.after
    assert measured.rows == untouched.rows


def test_what_the_untouched_clone_alone_wrote_leaves_nothing_to_compare(bench: Bench) -> None:
    measured = written(bench, *refusing("UPDATE", after=1))
    first, second = measured.costs[:2]
    assert (first.verdict, second.verdict) == (WriteVerdict.NOT_MEASURED, WriteVerdict.REFUSED)
    assert first.refused == "W2 changes the same rows, and only the untouched clone carried it out."
    assert measured.after is None


def test_a_write_of_rows_that_were_not_stored_is_not_said_to_be_refused(bench: Bench) -> None:
    first, second, *_ = written(bench, *refusing("INSERT")).costs
    assert (first.verdict, second.verdict) == (WriteVerdict.REFUSED, WriteVerdict.NOT_MEASURED)
    assert second.refused == "W1 was not carried out, so its rows are not there."


def test_what_does_not_read_back_has_no_numbers(bench: Bench) -> None:
    wrong = Writing(insert=("INSERT INTO market_odds SELECT i.* FROM inserted_market_odds i WHERE i.id % 7 > 0",))
    measured = written(bench, "SELECT 1", write={"market_odds": wrong})
    first = measured.costs[0]
    assert "market_odds does not read back as written" in first.refused
    assert first.verdict is WriteVerdict.DIFFERS
    assert first.after is None
    assert measured.after is None


def test_a_trial_beside_others_writes_nothing(bench: Bench) -> None:
    outcome = run_scenario(bench, run_sql("SELECT 1"), timed=False, write_seconds=BRIEF)
    assert isinstance(outcome, Completed)
    assert outcome.writes is None


def test_what_runs_again_and_again_is_timed_per_new_row(bench: Bench, untouched: Writes) -> None:
    asleep = written(bench, "SELECT 1", recurring=("SELECT pg_sleep(0.2)",))
    assert asleep.recurring_seconds is not None
    assert asleep.recurring_seconds >= 0.2 / (2 * asleep.rows)  # the warm-up's rows are new ones, too
    assert (asleep.recurring, asleep.waiting) == (None, None)
    assert untouched.recurring_seconds is None
    assert written(bench, "SELECT 1", recurring=("SELECT 1 / 0",)).recurring_seconds is None


@pytest.mark.slow
def test_a_job_that_comes_again_and_again_counts_as_a_part_of_the_write(sample: Experiment) -> None:
    writes = [
        write for row in analyse(sample).trials for write in row.writes or () if write.recurring_seconds is not None
    ]
    assert writes
    for write in writes:
        alone = usual_slowdown(replace(write, recurring_seconds=None))
        assert alone is not None
        assert write.before
        job = write.recurring_seconds * write.before.rows_per_second if write.recurring_seconds else 0
        assert usual_slowdown(write) == pytest.approx(alone + job)
    same = replace(writes[0], change=Difference.NONE, recurring_seconds=1 / writes[0].before.rows_per_second)  # type: ignore[union-attr]
    assert usual_slowdown(same) == pytest.approx(2.0)


def test_two_that_say_the_same_part_of_how_a_table_is_written_are_tried_with_the_plain_statements() -> None:
    inserts, deletes = Writing(insert=("INSERT …",)), Writing(delete=("DELETE …",))
    entries = registry.registered()
    first = replace(
        entries["toast_lz4"], scenario=replace(entries["toast_lz4"].scenario, write={"t": inserts, "u": inserts})
    )
    second = replace(
        entries["drop_raw_response"],
        scenario=replace(entries["drop_raw_response"].scenario, write={"t": inserts, "u": deletes}),
    )
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(registry, "registered", lambda: entries | {"toast_lz4": first, "drop_raw_response": second})
        (joined,) = registry.resolve(["toast_lz4+drop_raw_response"])
    assert joined.scenario.write == {"u": Writing(insert=inserts.insert, delete=deletes.delete)}


def test_both_sizes_of_a_sentence_have_one_unit(sample: Experiment) -> None:
    sentences = [write.words for row in analyse(sample).trials for write in row.writes or () if write.ratio is not None]
    pairs = [match for sentence in sentences if (match := re.search(r"(\w?B) → \S+ (\w?B) of WAL", sentence))]

    assert pairs
    assert [pair[0] for pair in pairs if pair[1] != pair[2]] == []


def with_writes(trial: Completed, measured: Writes, slower: float) -> Completed:
    """The trial with these writes, its own side so many times slower than the untouched one."""
    costs = [
        replace(cost, after=lasting(cost.before, slower), before=lasting(cost.before, 1)) if cost.before else cost
        for cost in measured.costs
    ]
    return replace(trial, writes=replace(measured, costs=tuple(costs)))


def lasting(side: WriteSide, times: float) -> WriteSide:
    """The side with so many milliseconds for each row, about the same in all samples: no clock decides what is shown."""
    values = tuple(times * (1 + place / 100) / 1000 for place in range(len(side.timing.values)))
    return replace(side, timing=Timing(warmups=side.timing.warmups, values=values))


@pytest.fixture(scope="module")
def slow_run(sample: Experiment, untouched: Writes) -> Experiment:
    """The committed run with writes: those of the baseline as they are, all others a hundred times slower."""
    outcomes = [
        with_writes(outcome, untouched, 1 if outcome.scenario == BASELINE else 100)
        if isinstance(outcome, Completed)
        else outcome
        for outcome in sample.outcomes
    ]
    return replace(sample, outcomes=tuple(outcomes))


def test_a_slower_write_is_named_in_rows_per_second(slow_run: Experiment) -> None:
    results = analyse(slow_run)
    for row in results.trials:
        for write in row.writes or ():
            if row.outcome.scenario == BASELINE:
                assert write.change in (Difference.NONE, Difference.UNKNOWN)
            elif write.samples > 1:
                assert write.change is Difference.SLOWER
                assert write.ratio == pytest.approx(0.01)
                assert write.low is not None
                assert write.high is not None
                assert write.low <= write.high
    strategy = next(row for row in results.trials if row.writes and row.outcome.scenario != BASELINE)
    assert in_words(strategy.writes).startswith("Writes: W1 (storing a cycle of new snapshots) writes 0.0")


def with_fault(trial: Completed, verdict: WriteVerdict | None) -> Completed:
    """The trial, its second write with that verdict."""
    assert trial.writes
    first, second, *others = trial.writes.costs
    wrong = replace(second, after=None, before=None, refused="read only", verdict=verdict)
    return replace(trial, writes=replace(trial.writes, costs=(first, wrong, *others)))


@pytest.fixture(scope="module")
def worst_run(slow_run: Experiment) -> Experiment:
    """Each verdict once, in as many strategies."""
    faults = dict(zip(("toast_lz4", "trim_indexes", "drop_raw_response", "retention_7d"), FAULTS, strict=True))
    outcomes = [
        with_fault(outcome, faults[outcome.scenario])
        if isinstance(outcome, Completed) and outcome.scenario in faults
        else outcome
        for outcome in slow_run.outcomes
    ]
    return replace(slow_run, outcomes=tuple(outcomes))


FAULTS = (WriteVerdict.REFUSED, WriteVerdict.DIFFERS, WriteVerdict.NO_ROW, WriteVerdict.NOT_MEASURED)


def test_the_write_that_suffers_most_stands_beside_the_saving(worst_run: Experiment) -> None:
    results = analyse(worst_run)
    lines = {(line["scenario"], line["repeat"]): line for line in DictReader(StringIO(csv.savings(results)))}
    main = tables.savings(results)
    shown = {row[0]: row[main.heads.index("worst write")] for row in main.texts}
    screen = overview.overview(results, writes=True)
    on_screen = {row[1]: row[screen.heads.index("write")] for row in screen.texts}
    for scenario, says, of_csv in (
        ("toast_lz4", "W2 refused", ("W2", "", "refused")),
        ("trim_indexes", "W2 differs", ("W2", "", "differs")),
        ("drop_raw_response", "W1 0.01 x", ("W1", "0.01", "measured")),
        ("retention_7d", MISSING, ("", "", "")),
        ("retention_30d", MISSING, ("", "", "")),
    ):
        (line,) = (line for (name, _), line in lines.items() if name == scenario)
        ratio = line["worst_write_ratio"]
        assert (line["worst_write"], ratio and f"{float(ratio):.2f}", line["worst_write_verdict"]) == of_csv
        assert says == shown[scenario] == on_screen[scenario]
    assert (shown[BASELINE], on_screen[BASELINE]) == ("none slower", "same")
    assert lines[BASELINE, "1"]["worst_write_ratio"] == "1.0"


def test_each_write_is_said_to_fail_for_its_own_reason(worst_run: Experiment) -> None:
    said = {row.outcome.scenario: in_words(row.writes) for row in analyse(worst_run).trials if row.writes}
    assert "W2 (confirming the newest snapshots) cannot be carried out (read only)" in said["toast_lz4"]
    assert said["toast_lz4"].startswith("Writes: W1 (storing a cycle of new snapshots) writes 0.0")
    assert "W2 (confirming the newest snapshots) does not store what it should (read only)" in said["trim_indexes"]
    assert "W2 (confirming the newest snapshots) has nothing to do (read only)" in said["drop_raw_response"]
    assert "W2 (confirming the newest snapshots) was not measured (read only)" in said["retention_7d"]


def test_an_older_run_does_not_know_which_write_was_refused(slow_run: Experiment) -> None:
    trial = next(outcome for outcome in slow_run.outcomes if outcome.scenario == "toast_lz4")
    assert isinstance(trial, Completed)
    older = replace(slow_run, outcomes=tuple(with_fault(trial, None) if o is trial else o for o in slow_run.outcomes))
    row = next(row for row in analyse(older).trials if row.outcome.scenario == "toast_lz4")
    assert [write.verdict for write in row.writes or ()][1] is WriteVerdict.NOT_MEASURED
    assert worst_write(row.writes) is None


def test_writes_are_in_every_report_and_survive_the_disk(slow_run: Experiment, tmp_path: Path) -> None:
    folder = tmp_path / slow_run.run
    folder.mkdir()
    runs.save(folder, slow_run)
    results = analyse(runs.load(folder))
    assert results.experiment.outcomes == slow_run.outcomes
    assert write_tables.writes(results).markdown() in markdown.writes(results)
    lines = csv.writes(results).splitlines()
    assert len(lines) == 1 + sum(len(row.writes or ()) for row in results.trials)
    assert len(summary.of(results).writes) == len(lines) - 1
    assert "W1 rows/s" in tables.savings(results).heads


def test_an_old_run_says_that_its_writes_were_not_measured(sample: Experiment) -> None:
    stripped = [replace(o, writes=None) if isinstance(o, Completed) else o for o in sample.outcomes]
    results = analyse(replace(sample, outcomes=tuple(stripped)))
    assert "The writes of this run were not measured." in markdown.writes(results)
    assert csv.writes(results).count("\n") == 1
    assert write_tables.writes(results).rows == ()
    assert in_words(None) == "Writes: not measured."


def test_without_a_baseline_nothing_is_compared(untouched: Writes, sample: Experiment) -> None:
    trial = next(o for o in sample.outcomes if isinstance(o, Completed))
    results = write_results(replace(trial, writes=untouched), write_gaps({}), {}) or ()
    assert all(write.change is Difference.UNKNOWN for write in results)
    assert "no baseline" in in_words(results)


def test_what_runs_again_and_again_is_said_beside_what_a_row_takes(untouched: Writes, sample: Experiment) -> None:
    trial = next(o for o in sample.outcomes if isinstance(o, Completed))
    measured = replace(untouched, recurring_seconds=0.00025)
    results = write_results(replace(trial, writes=measured), write_gaps({}), {})
    assert "What it runs again and again takes 0.25 ms for each new row, beside " in in_words(results)
