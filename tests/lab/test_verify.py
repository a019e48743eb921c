"""Nothing is ranked that lost or changed more than it declared."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from lab.scenario import Database, NothingToDoError, Shape, lost_column, lost_rows, lost_values
from lab.trial.template import Bench
from lab.values import Completed, Failed, Skipped, Verdict
from tests.lab.trials import mismatches, run_scenario, run_sql


def test_a_clone_left_alone_answers_exactly(bench: Bench) -> None:
    outcome = run_scenario(bench, run_sql("SELECT 1"))
    assert isinstance(outcome, Completed), outcome
    assert outcome.verification.verdict is Verdict.EXACT
    assert outcome.verification.checks > 30
    assert outcome.rows["market_odds"] > 0


@pytest.mark.parametrize(
    ("change", "noticed"),
    [
        (
            "UPDATE market_odds SET line = line + 0.25 WHERE id = (SELECT max(id) FROM market_odds WHERE line > 0)",
            "table market_odds",
        ),
        ("DELETE FROM market_odds WHERE id = (SELECT min(id) FROM market_odds)", "table market_odds"),
        ("UPDATE odds_snapshots SET raw_response = raw_response || '{\"x\": 1}' WHERE id = 1", "table odds_snapshots"),
        ("UPDATE competitor_events SET home_team = away_team WHERE id = 1", "table competitor_events"),
        (
            "UPDATE market_odds SET outcomes = replace(outcomes::text, 'true', 'false')::json WHERE id = 1",
            "table market_odds",
        ),
    ],
)
def test_one_changed_value_anywhere_is_noticed(bench: Bench, change: str, noticed: str) -> None:
    assert noticed in mismatches(run_scenario(bench, run_sql(change)))


def test_values_exchanged_between_rows_are_noticed(bench: Bench) -> None:
    swap = (
        "UPDATE market_odds m SET outcomes = o.outcomes FROM market_odds o"
        " WHERE m.id IN (1, 2) AND o.id IN (1, 2) AND m.id <> o.id"
    )
    assert "table market_odds" in mismatches(run_scenario(bench, run_sql(swap)))


def test_the_same_odds_written_differently_are_the_same(bench: Bench) -> None:
    rewrite = "ALTER TABLE market_odds ALTER COLUMN outcomes TYPE jsonb USING outcomes::jsonb"
    outcome = run_scenario(bench, run_sql(rewrite), changes={"market_odds": Shape.HYPERTABLE})
    assert isinstance(outcome, Completed)
    assert outcome.verification.verdict is Verdict.EXACT, outcome.verification.mismatches


def test_a_column_that_can_no_longer_be_read_is_noticed(bench: Bench) -> None:
    names = mismatches(run_scenario(bench, run_sql("ALTER TABLE market_odds DROP COLUMN market_groups")))
    assert "table market_odds" in names
    assert "Q1" in names


def test_a_declared_column_must_be_gone(bench: Bench) -> None:
    outcome = run_scenario(bench, run_sql("SELECT 1"), losses=(lost_column("odds_snapshots.raw_response"),))
    assert mismatches(outcome) == "odds_snapshots.raw_response"


def test_losing_more_than_declared_is_noticed(bench: Bench) -> None:
    drop = "ALTER TABLE {} DROP COLUMN raw_response"
    both = run_sql(drop.format("odds_snapshots"), drop.format("competitor_odds_snapshots"))
    assert "table competitor_odds_snapshots" in mismatches(
        run_scenario(bench, both, losses=(lost_column("odds_snapshots.raw_response"),))
    )


def test_keeping_fewer_rows_than_declared_is_noticed(bench: Bench) -> None:
    too_many = run_sql("DELETE FROM event_scrape_status WHERE id <= 10")
    keeps = {"event_scrape_status": "SELECT t.* FROM public.event_scrape_status t WHERE t.id > 9"}
    assert "table event_scrape_status" in mismatches(
        run_scenario(bench, too_many, keeps=lambda _: keeps, losses=(lost_rows("nine rows"),))
    )
    exactly = run_sql("DELETE FROM event_scrape_status WHERE id <= 9")
    outcome = run_scenario(bench, exactly, keeps=lambda _: keeps, losses=(lost_rows("nine rows"),))
    assert isinstance(outcome, Completed)
    assert outcome.verification.verdict is Verdict.AS_DECLARED


def test_values_lost_in_the_declared_rows_only_are_as_declared_also_where_other_rows_go(bench: Bench) -> None:
    """Cheats that lose more, less or otherwise are in `cheats/answers.py`."""
    keeps = {"odds_snapshots": "SELECT t.* FROM public.odds_snapshots t WHERE t.id % 9 <> 0"}
    exactly = run_sql(
        "DELETE FROM odds_snapshots WHERE id % 9 = 0",
        "UPDATE odds_snapshots SET raw_response = NULL WHERE id % 2 = 0",
    )
    outcome = run_scenario(
        bench,
        exactly,
        keeps=lambda _: keeps,
        empties=lambda _: {"odds_snapshots.raw_response": "t.id % 2 = 0"},
        losses=(lost_rows("each ninth"), lost_values("odds_snapshots.raw_response", "of even ids")),
    )
    assert isinstance(outcome, Completed), outcome
    assert outcome.verification.verdict is Verdict.AS_DECLARED, outcome.verification.mismatches
    assert outcome.valued["odds_snapshots.raw_response"] == pytest.approx(outcome.rows["odds_snapshots"] / 2, abs=9)


def test_a_scenario_that_breaks_names_its_step_and_keeps_the_steps_before(bench: Bench) -> None:
    def apply(db: Database) -> None:
        with db.step("first"):
            db.execute("CREATE TABLE extra AS SELECT generate_series(1, 10000) AS id")
        with db.step("second"):
            db.execute("SELECT 1 / 0")

    outcome = run_scenario(bench, apply)
    assert isinstance(outcome, Failed)
    assert outcome.step == "second"
    assert "division by zero" in outcome.error
    (first,) = outcome.steps
    extra = first.footprint.of("extra")
    assert extra is not None
    assert extra.heap > 0


def test_a_bug_in_a_scenario_fails_that_scenario_only(bench: Bench) -> None:
    def apply(db: Database) -> None:
        raise KeyError(str(db.now))

    assert isinstance(run_scenario(bench, apply), Failed)
    assert isinstance(run_scenario(bench, run_sql("SELECT 1")), Completed)


def test_nothing_to_do_is_skipped_with_its_reason(bench: Bench) -> None:
    def apply(db: Database) -> None:
        raise NothingToDoError(f"Nothing is older than {db.now:%Y}.")

    outcome = run_scenario(bench, apply)
    assert isinstance(outcome, Skipped)
    assert outcome.reason == "Nothing is older than 2026."


def test_a_statement_outside_of_a_step_is_refused(bench: Bench) -> None:
    def apply(db: Database) -> None:
        db.execute("DROP TABLE market_odds")

    outcome = run_scenario(bench, apply)
    assert isinstance(outcome, Failed)
    assert "outside of a step" in outcome.error


def test_a_server_that_dies_in_a_trial_fails_it_and_the_next_trial_runs(bench: Bench) -> None:
    suicide = run_sql("SELECT pg_terminate_backend(pg_backend_pid())")
    outcome = run_scenario(bench, suicide)
    assert isinstance(outcome, Failed)
    assert outcome.step == "do"
    assert isinstance(run_scenario(bench, run_sql("SELECT 1")), Completed)


def test_a_trial_measures_seconds_wal_and_peak_of_each_step(bench: Bench) -> None:
    outcome = run_scenario(
        bench, run_sql("CREATE TABLE extra AS SELECT generate_series(1, 100000) AS id", "DROP TABLE extra")
    )
    assert isinstance(outcome, Completed)
    (step,) = outcome.steps
    assert step.seconds
    assert step.seconds > 0
    assert step.wal_bytes
    assert step.wal_bytes > 1_000_000
    assert step.peak_bytes is not None
    assert step.peak_bytes > outcome.footprint.total
    assert [statement.times for statement in step.statements] == [1, 1]


def test_a_trial_that_is_not_alone_measures_only_what_is_its_own(bench: Bench) -> None:
    outcome = run_scenario(bench, run_sql("CREATE TABLE extra AS SELECT generate_series(1, 1000) AS id"), timed=False)
    assert isinstance(outcome, Completed)
    (step,) = outcome.steps
    assert (step.seconds, step.cpu_seconds, step.wal_bytes) == (None, None, None)
    assert step.peak_bytes


def test_a_trial_is_alone_from_its_first_step_on_and_one_without_a_step_never(bench: Bench) -> None:
    seen: list[str] = []

    @contextmanager
    def alone() -> Iterator[None]:
        seen.append("alone")
        yield
        seen.append("together")

    def twice(db: Database) -> None:
        db.value("SELECT 1")
        seen.append("begins")
        for name in ("one", "two"):
            with db.step(name):
                seen.append(name)

    assert isinstance(run_scenario(bench, lambda _: None, exclusive=alone), Completed)
    assert not seen
    assert isinstance(run_scenario(bench, twice, exclusive=alone), Completed)
    assert seen == ["begins", "alone", "one", "two", "together"]


def test_what_lives_only_in_the_scenarios_session_is_not_the_database(bench: Bench) -> None:
    hide = run_sql(
        "CREATE TEMP TABLE market_odds AS SELECT * FROM public.market_odds",
        "DROP TABLE public.market_odds",
    )
    assert "table market_odds" in mismatches(run_scenario(bench, hide))


def test_large_objects_are_counted(bench: Bench) -> None:
    outcome = run_scenario(
        bench, run_sql("SELECT lo_from_bytea(0, raw_response::text::bytea) FROM odds_snapshots LIMIT 20")
    )
    assert isinstance(outcome, Completed)
    large = outcome.footprint.of("pg_catalog.pg_largeobject")
    assert large is not None
    assert large.total > 500_000


def test_lost_keys_indexes_and_defaults_are_listed(bench: Bench) -> None:
    outcome = run_scenario(
        bench,
        run_sql(
            "ALTER TABLE market_odds DROP CONSTRAINT market_odds_pkey",
            "ALTER TABLE market_odds ALTER COLUMN id DROP DEFAULT",
            "ALTER TABLE event_scrape_status SET UNLOGGED",
        ),
    )
    assert isinstance(outcome, Completed)
    lost = [guarantee.words for guarantee in outcome.lost]
    assert "market_odds: PRIMARY KEY (id)" in lost
    assert "event_scrape_status: survives a crash" in lost
    assert any(line.startswith("market_odds.id: bigint NOT NULL DEFAULT nextval") for line in lost)


def test_a_clone_left_alone_loses_no_guarantee(bench: Bench) -> None:
    outcome = run_scenario(bench, run_sql("VACUUM FULL", "REINDEX SCHEMA public"))
    assert isinstance(outcome, Completed)
    assert outcome.lost == ()


def test_a_query_outside_of_a_step_can_only_read(bench: Bench) -> None:
    def apply(db: Database) -> None:
        db.fetch("DELETE FROM market_odds RETURNING id")

    outcome = run_scenario(bench, apply)
    assert isinstance(outcome, Failed)
    assert "read-only" in outcome.error


def test_a_measurement_on_the_side_is_marked(bench: Bench) -> None:
    def apply(db: Database) -> None:
        with db.step("measured only", auxiliary=True):
            db.execute("SELECT 1")

    outcome = run_scenario(bench, apply)
    assert isinstance(outcome, Completed)
    assert [step.auxiliary for step in outcome.steps] == [True]
