"""Every strategy keeps what no imitation has, or refuses; test_discovery_plan.py carries out its plan on the same data."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import product
from typing import Any

import pytest

from lab import registry
from lab.postgres.database import Database
from lab.scenario import Database as Working
from lab.scenario import Scenario
from lab.trial import trial
from lab.trial.template import Bench
from lab.values import Failed, Outcome, Skipped, StatementKind, Verdict
from scenarios._new_tables import with_copies
from tests.lab.nasty import TWINS
from tests.lab.trials import NastyOutcome, completed, every_scenario, request_for

every = every_scenario([*registry.everything(), "jsonb_or_text(documents=markets)", "native_partitioning(days=7)"])
REFUSED = {
    "column_layout(types=narrow)": "every line of market_odds is exact as float4",
    "jsonb_or_text(documents=competitors)": "jsonb gives back every raw_response of competitor_odds_snapshots as it was sent",
}
"""Those that cannot keep it, and the requirement that says so."""


def scenario_of(name: str) -> Scenario:
    (entry,) = registry.resolve([name])
    return entry.scenario


@pytest.mark.parametrize("table", ["market_odds", "competitor_market_odds"])
def test_two_rows_of_a_snapshot_share_market_and_line_and_change_places(table: str, nasty: Bench) -> None:
    pairs = f"""SELECT (array_agg(outcomes::text ORDER BY id))[1:2] AS twins FROM {table} WHERE {TWINS}
                GROUP BY snapshot_id HAVING count(DISTINCT outcomes::text) > 1"""
    with nasty.untouched() as database:
        longer_first = database.fetch(f"SELECT length(twins[1]) > length(twins[2]) FROM ({pairs}) pairs")
    assert {first for (first,) in longer_first} == {True, False}


@every
def test_every_strategy_keeps_all_that_is_nasty(name: str, nasty_outcome: NastyOutcome) -> None:
    outcome = completed(nasty_outcome(name)[0])
    assert outcome.verification.verdict is not Verdict.DIFFERS, outcome.verification.mismatches
    assert (outcome.verification.verdict is Verdict.AS_DECLARED) == bool(scenario_of(name).given_up)


@every
def test_every_strategy_drops_only_after_a_proof_or_in_a_final_step(name: str, nasty_outcome: NastyOutcome) -> None:
    own = re.compile(r"\b(parsed|numbered|listed|placed|ordered|compared|codec)_|retention_cutoff")
    for step in (step for step in completed(nasty_outcome(name)[0]).steps if not step.auxiliary):
        proved = False
        for statement in step.statements:
            proved = proved or statement.kind is StatementKind.PROOF
            takes = re.match(r"(DROP|DELETE|TRUNCATE|ALTER TABLE .* (RENAME|TYPE .* USING|DROP))", statement.sql)
            if takes and "IF EXISTS" not in statement.sql and not own.search(statement.sql):
                assert proved or step.final or "DROP NOT NULL" in statement.sql, statement.sql


@every
def test_no_writer_comes_between_a_proof_and_the_statement_that_replaces(
    name: str, nasty_outcome: NastyOutcome
) -> None:
    """What it replaces is locked before the proof, in the same transaction; what a rollback needs still lies apart."""
    replaces = re.compile(r"ALTER TABLE (\w+) (RENAME TO|ALTER COLUMN \w+ TYPE .* USING)")
    for step in (step for step in completed(nasty_outcome(name)[0]).steps if not step.auxiliary):
        locked: set[str] = set()
        proved: set[str] = set()
        for statement in step.statements:
            if statement.sql == "COMMIT":
                locked, proved = set(), set()
            elif lock := re.match(r"LOCK TABLE (\w+) IN", statement.sql):
                locked.add(lock[1])
            elif statement.kind is StatementKind.PROOF:
                proved |= locked
            elif (table := replaces.match(statement.sql)) and table[1] in scenario_of(name).changes:
                assert table[1] in proved, statement.sql


@pytest.mark.parametrize("name", REFUSED)
def test_a_strategy_that_cannot_keep_what_is_nasty_refuses_it(name: str, nasty_outcome: NastyOutcome) -> None:
    outcome, _ = nasty_outcome(name)
    assert isinstance(outcome, Skipped), outcome
    assert outcome.reason.startswith(f"A requirement does not hold: {REFUSED[name]}."), outcome.reason


REFUSALS = [
    ("outcome_normalization_packed", "ALTER TABLE market_odds ADD COLUMN margin float8", "no other columns"),
    ("outcome_normalization_rows", "CREATE TABLE market_odds_rows (mine int)", "nothing is called"),
    (
        "outcome_normalization_snapshot",
        "UPDATE market_odds SET id = id + 90000000000 WHERE id = (SELECT min(id) FROM market_odds)",
        "differ by less than 2,147,483,648",
    ),
    (
        "outcome_normalization_snapshot",
        "CREATE FUNCTION unpacked_outcomes() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "nothing is called",
    ),
    ("drop_raw_response", "ALTER TABLE odds_snapshots DROP COLUMN raw_response", "has a column raw_response"),
    (
        "raw_response_7d",
        "UPDATE odds_snapshots SET raw_response = '1'; ALTER TABLE odds_snapshots ALTER raw_response SET NOT NULL",
        "odds_snapshots.raw_response may be NULL",
    ),
    ("toast_lz4", "ALTER TABLE odds_snapshots DROP COLUMN raw_response", "has a column raw_response"),
    (
        "outcome_normalization_packed",
        "ALTER TABLE market_odds RENAME TO kept; CREATE VIEW market_odds AS SELECT * FROM kept",
        "market_odds is a plain table",
    ),
    (
        "retention_7d",
        (
            "INSERT INTO odds_snapshots (id, event_id, bookmaker_id, captured_at)"
            " SELECT id, event_id, bookmaker_id, captured_at + interval '1 s' FROM odds_snapshots LIMIT 1"
        ),
        "belongs to one snapshot",
    ),
    (
        "hypertable_compression",
        "UPDATE market_odds SET snapshot_id = -1 WHERE id = (SELECT max(id) FROM market_odds)",
        "belongs to exactly one of odds_snapshots",
    ),
    ("hypertable_compression_default", "ALTER TABLE market_odds ADD COLUMN event_id int", "no columns captured_at and"),
    ("column_layout", "ALTER TABLE market_odds ADD COLUMN margin float8", "no other columns"),
    ("column_layout", "CREATE TABLE market_odds_layout (mine int)", "nothing is called"),
    (
        "jsonb_or_text(documents=markets)",
        r"""UPDATE market_odds SET outcomes = '["\u0000"]' WHERE id = (SELECT max(id) FROM market_odds)""",
        "which jsonb refuses",
    ),
    (
        "native_partitioning",
        (
            "UPDATE competitor_odds_snapshots SET captured_at = captured_at - interval '30 days'"
            " WHERE id = (SELECT max(id) FROM competitor_odds_snapshots)"
        ),
        "higher than those of the days before",
    ),
    ("native_partitioning", "CREATE TABLE market_odds_20260213 (mine int)", "nothing is called like a day"),
    (
        "drop_raw_response+hypertable_compression",
        "UPDATE market_odds SET snapshot_id = -1 WHERE id = (SELECT max(id) FROM market_odds)",
        "belongs to exactly one of odds_snapshots",
    ),
]


@pytest.mark.parametrize(("name", "nastier", "says"), REFUSALS)
def test_a_strategy_refuses_what_it_cannot_keep_by_a_query_that_only_reads(
    name: str, nastier: str, says: str, nasty: Bench
) -> None:
    with nasty.untouched() as database:
        assert broken(database, scenario_of(name)) == []
        database.execute(nastier)
        assert [words for words in broken(database, scenario_of(name)) if says in words]


def broken(database: Database, scenario: Scenario) -> list[str]:
    """In words, what does not hold; none after one is asked, as in a trial."""
    for requirement in scenario.requirements:
        with database.transaction():
            database.execute("SET TRANSACTION READ ONLY")
            if database.value(requirement.sql) != 0:
                return [requirement.name]
    return []


@pytest.mark.parametrize(("version", "broken"), [("2.21.4", 1), ("2.22.0", 0), ("2.23.0-dev", 0), ("3.0.1", 0)])
def test_a_sparse_index_is_skipped_where_the_version_has_none(version: str, broken: int, nasty: Bench) -> None:
    strategy = scenario_of("hypertable_compression(sparse=none)")
    (offered,) = (requirement for requirement in strategy.requires if "sparse indexes" in requirement.name)
    known = f"(VALUES ('timescaledb', '{version}')) known (name, default_version)"
    with nasty.untouched() as database:
        assert database.value(offered.sql) == 1  # this server has no TimescaleDB at all
        assert database.value(offered.sql.replace("pg_available_extensions", known)) == broken


def test_a_requirement_that_does_not_hold_skips_the_strategy_before_it_changes_anything(nasty: Bench) -> None:
    def untouched(_: Working) -> None:
        pytest.fail("it was applied")

    strategy = scenario_of("outcome_normalization_packed")
    needs_more = replace(strategy, needs_columns=("market_odds.margin",), apply=untouched)
    outcome = trial.run(request_for(nasty, "test"), needs_more, nasty)
    assert isinstance(outcome, Skipped), outcome
    assert outcome.reason == "A requirement does not hold: market_odds has a column margin. 1 rows break it."


class Intruder:
    """The database of a scenario, in which something else happens at the beginning of one step."""

    def __init__(self, db: Working, step: str, sql: str) -> None:
        self._db, self._step, self._sql = db, step, sql

    def __getattr__(self, name: str) -> Any:
        return getattr(self._db, name)

    @contextmanager
    def step(self, name: str, *, auxiliary: bool = False, final: bool = False) -> Iterator[None]:
        with self._db.step(name, auxiliary=auxiliary, final=final):
            if name == self._step:
                self._db.execute(self._sql)
            yield


def intruded(name: str, step: str, sql: str, bench: Bench) -> Outcome:
    strategy = scenario_of(name)
    other = replace(strategy, apply=lambda db: strategy.apply(Intruder(db, step, sql)))
    return trial.run(request_for(bench, name), other, bench)


NORMALIZED = ("outcome_normalization_rows", "outcome_normalization_packed", "outcome_normalization_snapshot")


WRITES = (
    "DELETE FROM market_odds WHERE id = (SELECT min(id) FROM market_odds)",
    "UPDATE market_odds SET unavailable_at = unavailable_at + interval '1 us' WHERE id % 99 = 0",
    "UPDATE market_odds SET outcomes = replace(outcomes::text, '1.1', '1.11')::json WHERE outcomes::text LIKE '%1.1%'",
)


@pytest.mark.parametrize(
    ("sql", "name"),
    [
        pytest.param(sql, name, marks=pytest.mark.slow if place % 4 else ())  # each form and each write once
        for place, (sql, name) in enumerate(product(WRITES, NORMALIZED))
    ],
)
def test_what_was_written_after_the_copy_stops_the_replacement(name: str, sql: str, nasty: Bench) -> None:
    outcome = intruded(name, "market_odds: rename the old table, view in its place", sql, nasty)
    assert isinstance(outcome, Failed), outcome
    assert "Not proved: the view gives back every row of market_odds" in outcome.error


@pytest.mark.parametrize(
    "sql", [*WRITES, "UPDATE market_odds SET outcomes = (outcomes::text || ' ')::json WHERE id % 99 = 0"]
)
def test_a_copy_with_more_columns_is_compared_by_every_character(sql: str, nasty: Bench) -> None:
    different = with_copies("captured_at", "event_id")("market_odds", "copied")
    with nasty.untouched() as database:
        database.execute(
            "CREATE TABLE copied AS SELECT t.*, now() AS captured_at, t.id % 7 AS event_id FROM market_odds t"
        )
        assert database.value(different) == 0
        database.execute(sql)
        assert database.value(different) > 0


def test_an_old_table_that_a_view_still_reads_is_not_dropped(nasty: Bench) -> None:
    view = "CREATE VIEW mine AS SELECT count(*) FROM market_odds_old"
    outcome = intruded("outcome_normalization_packed", "drop the old tables", view, nasty)
    assert isinstance(outcome, Failed), outcome
    assert outcome.step == "drop the old tables"
    assert "other objects depend on it" in outcome.error
