"""A trial that is broken shows why: the statement with the server's words and place, or one row that differs."""

from __future__ import annotations

from dataclasses import replace

import pytest
from markupsafe import escape

from lab.analysis.results import analyse
from lab.report import markdown
from lab.report.evidence import evidence
from lab.report.page import page
from lab.scenario import Database, lost_rows
from lab.trial.difference import Side, differing_row
from lab.trial.questions import Loss
from lab.trial.template import Bench
from lab.values import Completed, DifferingRow, Experiment, Failed, Outcome, Refusal, Verdict
from tests.lab.trials import run_scenario, run_sql


def failed(bench: Bench, sql: str) -> Failed:
    outcome = run_scenario(bench, run_sql(sql))
    assert isinstance(outcome, Failed), outcome
    return outcome


def row_of(outcome: Outcome) -> DifferingRow:
    assert isinstance(outcome, Completed), outcome
    assert outcome.verification.verdict is Verdict.DIFFERS
    assert outcome.verification.row is not None
    return outcome.verification.row


def test_sql_that_fails_is_shown_whole_with_a_caret_under_the_servers_place(bench: Bench) -> None:
    sql = "SELECT id,\n       event_idd\nFROM odds_snapshots\nWHERE id = 1"
    outcome = failed(bench, sql)
    assert outcome.refusal is not None
    assert (outcome.refusal.sql, outcome.refusal.sqlstate) == (sql, "42703")
    head, hint, *lines = evidence(outcome)
    assert head == 'ERROR 42703: column "event_idd" does not exist'
    assert hint.startswith("HINT: Perhaps you meant to reference the column")
    assert lines == ["  SELECT id,", "         event_idd", "         ^", "  FROM odds_snapshots", "  WHERE id = 1"]


def test_what_the_server_says_beside_its_message_is_kept(bench: Bench) -> None:
    key = failed(bench, "INSERT INTO sports SELECT * FROM sports LIMIT 1")
    assert any(line.startswith("DETAIL: Key (") for line in evidence(key))
    block = failed(bench, "DO $$ BEGIN PERFORM 1 / 0; END $$")
    assert any(line.startswith("CONTEXT: ") for line in evidence(block))
    assert block.refusal is not None
    assert block.refusal.position is None


def test_long_sql_is_shown_around_the_place_and_kept_whole(bench: Bench) -> None:
    sql = "SELECT 1" + "".join(f",\n {number}" for number in range(400)) + f", {'9, ' * 400}nothing, 1" + "\n, 2" * 400
    outcome = failed(bench, sql)
    assert outcome.refusal is not None
    assert outcome.refusal.sql == sql
    lines = evidence(outcome)
    assert max(map(len, lines)) <= 76
    place = next(number for number, line in enumerate(lines) if line.strip() == "^")
    assert lines[place - 1][lines[place].index("^") :].startswith("nothing")
    assert len(lines) < 40
    assert "lines before" in "".join(lines)
    assert "lines after" in "".join(lines)


@pytest.mark.parametrize("position", [None, 1, 5, 10_000])
def test_a_place_outside_of_the_statement_breaks_nothing(position: int | None) -> None:
    refusal = Refusal(sql="a\n\nb", message="m", sqlstate=None, position=position)
    outcome = Failed(scenario="s", server="native", step="x", error="e", steps=(), refusal=refusal)
    assert [line for line in evidence(outcome) if "^" not in line] == ["ERROR: m", "  a", "  ", "  b"]


def test_an_answer_that_differs_shows_one_row_and_marks_what_differs(bench: Bench) -> None:
    change = "UPDATE market_odds SET line = coalesce(line, 0) + 0.25, market_groups = NULL WHERE id IN (7, 8, 9)"
    outcome = run_scenario(bench, run_sql(change))
    row = row_of(outcome)
    assert row.answer == "table market_odds"
    assert (row.expected_times, row.found_times) == (1, 1)
    assert row.values[0].column == "id"
    assert row.values[0].expected in {"7", "8", "9"}
    assert {value.column for value in row.values if value.differs} == {"line", "market_groups"}
    head, *lines = evidence(outcome)
    assert head == "One row of table market_odds is not the same (expected -> found):"
    assert sum(line.startswith("  > ") for line in lines) == 2
    assert len(lines) <= 9


def test_a_row_that_is_missing_one_too_many_and_one_twice_are_told_apart(bench: Bench) -> None:
    gone = row_of(run_scenario(bench, run_sql("DELETE FROM market_odds WHERE id = 7")))
    assert (gone.expected_times, gone.found_times, gone.values[0].expected) == (1, 0, "7")
    more = (
        "INSERT INTO market_odds SELECT (jsonb_populate_record(m, '{\"id\": 99999999}')).* FROM market_odds m LIMIT 1"
    )
    row = row_of(run_scenario(bench, run_sql(more)))
    assert (row.expected_times, row.found_times, row.values[0].found) == (0, 1, "99999999")

    def twice(db: Database) -> None:
        with db.step("one row twice"):
            db.execute("ALTER TABLE scrape_runs DROP CONSTRAINT scrape_runs_pkey CASCADE")
            db.execute("INSERT INTO scrape_runs SELECT * FROM scrape_runs LIMIT 1")

    row = row_of(outcome := run_scenario(bench, twice))
    assert (row.expected_times, row.found_times) == (1, 2)
    assert evidence(outcome)[0] == "One row of table scrape_runs is there 2 times instead of 1:"


def test_of_a_long_value_only_the_place_is_shown_where_it_begins_to_differ(bench: Bench) -> None:
    change = "UPDATE odds_snapshots SET raw_response = raw_response || '{\"zz\": 1}' WHERE id = 1"
    outcome = run_scenario(bench, run_sql(change))
    (value,) = [value for value in row_of(outcome).values if value.differs]
    assert value.column == "raw_response"
    assert value.expected != value.found
    assert max(len(value.expected or ""), len(value.found or "")) <= 62
    assert max(map(len, evidence(outcome))) < 200


def test_what_was_declared_as_lost_is_no_difference_of_the_row(bench: Bench) -> None:
    """The row that is shown is one that should have stayed."""
    outcome = run_scenario(
        bench,
        run_sql("DELETE FROM market_odds WHERE id <= 20"),
        losses=(lost_rows("some"),),
        keeps=lambda _: {"market_odds": "SELECT * FROM market_odds WHERE id > 10"},
    )
    row = row_of(outcome)
    assert row.answer == "table market_odds"
    assert int(row.values[0].expected or 0) in range(11, 21)


def test_a_read_that_differs_shows_its_first_row_that_differs(bench: Bench) -> None:
    asked, loss = bench.template.questions, Loss(kept={})
    with bench.untouched() as before, bench.untouched() as after:
        for side in (before, after):
            side.execute(f"SET search_path = {asked.schema}")
        after.execute("UPDATE market_odds SET betpawa_market_name = 'changed'")
        rows = [
            differing_row(
                read.name,
                Side(database=before, asked=asked, loss=loss, applied=False),
                Side(database=after, asked=asked, loss=loss, applied=True),
            )
            for read in asked.reads
        ]
    differences = [row for row in rows if row]
    assert differences
    assert "changed" in {value.found for row in differences for value in row.values if value.differs}


def test_a_new_table_without_a_declared_origin_is_warned_of(bench: Bench, sample: Experiment) -> None:
    create = "CREATE TABLE extra AS SELECT 1 AS id"
    outcome = run_scenario(bench, run_sql(create))
    assert isinstance(outcome, Completed)
    assert outcome.undeclared == ("extra",)
    for declared in ({"origins": {"extra": "events"}}, {"grows_with_scale": ("extra",)}):
        outcome = run_scenario(bench, run_sql(create), **declared)
        assert isinstance(outcome, Completed)
        assert outcome.undeclared == ()
    first, *others = (outcome for outcome in sample.outcomes if isinstance(outcome, Completed))
    results = analyse(replace(sample, outcomes=(replace(first, undeclared=("extra",)), *others)))
    (line,) = (line for line in results.cautions if "extra" in line)
    assert f"{first.scenario} makes extra and does not declare how it grows." in line
    assert f"- **Mind:** {line}" in markdown.report(results)
    assert "does not declare how it grows" in page(results)


def test_the_report_and_the_page_show_the_evidence(bench: Bench, sample: Experiment) -> None:
    refused = replace(failed(bench, "SELECT </b> 1"), scenario="toast_lz4")
    others = (outcome for outcome in sample.outcomes if outcome.scenario != refused.scenario)
    results = analyse(replace(sample, outcomes=(*others, refused)))
    lines = evidence(refused)
    assert "\n".join(lines) in markdown.report(results)
    assert str(escape("\n".join(lines))) in page(results)
