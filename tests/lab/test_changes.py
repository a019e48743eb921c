"""Strategies that store a market row when it changes: how many rows they store, and how they are read."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lab import registry
from lab.scenario import Scenario
from lab.trial import trial
from lab.trial.template import Bench
from lab.values import Completed, StatementKind
from tests.lab.trials import mismatches, request_for

ROWS = """
SELECT s.event_id, s.bookmaker_id, m.snapshot_id, m.id, m.betpawa_market_id, m.betpawa_market_name, m.market_groups::text,
       m.line::text, m.handicap_type, m.handicap_home::text, m.handicap_away::text, split_part(m.outcomes::text, '"', 4),
       m.outcomes::text, m.unavailable_at::text
FROM market_odds m JOIN odds_snapshots s ON s.id = m.snapshot_id ORDER BY m.snapshot_id, m.id DESC
"""
TWINS = """
SELECT count(*) FROM (SELECT row_number() OVER (PARTITION BY snapshot_id, betpawa_market_id, line ORDER BY id) AS twin
                      FROM market_odds) m WHERE twin > 1
"""


def scenario_of(name: str) -> Scenario:
    (entry,) = registry.resolve([name])
    return entry.scenario


def tried(bench: Bench, name: str) -> Completed:
    outcome = trial.run(request_for(bench, name, timed=False), scenario_of(name), bench)
    assert isinstance(outcome, Completed), outcome
    return outcome


@pytest.mark.slow
def test_a_row_is_stored_only_when_it_differs_from_the_previous_one_of_its_series(nasty: Bench) -> None:
    with nasty.untouched() as database:
        rows = database.fetch(ROWS)
    last: dict[object, object] = {}
    twins: dict[object, int] = {}
    changes = 0
    for row in rows:
        snapshot, series, content = row[2], (*row[:2], *row[4:12]), row[12:]
        twins[snapshot, series] = twins.get((snapshot, series), 0) + 1
        key = series, twins[snapshot, series]
        changes += last.get(key) != content
        last[key] = content
    assert 0 < changes < len(rows)
    assert f"market_odds: {changes:,} of {len(rows):,} rows are changes" in "\n".join(
        tried(nasty, "store_changes_only").notes
    )


@pytest.mark.slow
def test_rows_that_share_market_and_line_are_lost_by_the_keyed_design_and_counted(nasty: Bench) -> None:
    with nasty.untouched() as database:
        lost = database.value(TWINS)
    assert lost > 0
    assert f"market_odds: {lost:,} of" in "\n".join(tried(nasty, "market_current_and_history").notes)


def test_the_loss_of_the_keyed_design_is_a_difference_unless_it_is_declared(nasty: Bench) -> None:
    undeclared = replace(scenario_of("market_current_and_history"), losses=(), keeps=None)
    outcome = trial.run(request_for(nasty, "test", timed=False), undeclared, nasty)
    assert "table market_odds" in mismatches(outcome)


def test_no_read_of_events_scans_all_changes(bench: Bench) -> None:
    steps = tried(bench, "store_changes_only").steps
    with bench.untouched() as database:
        for statement in (statement for step in steps for statement in step.statements):
            if statement.kind is StatementKind.CHANGE:
                database.execute(statement.sql)
        for read in (
            read for read in bench.template.questions.reads if read.name[:2] in {"Q1", "Q2", "Q3", "Q4", "Q5"}
        ):
            plan = "\n".join(line for (line,) in database.fetch(f"EXPLAIN {read.text(())}", read.params))
            assert "market_odds" not in read.sql or "market_odds_changes_pkey" in plan, plan
