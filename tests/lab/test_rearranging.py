"""What partitions, new layouts and fewer indexes promise besides the same answers."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from lab import registry
from lab.scenario import Database as Working
from lab.scenario import DeclaredLoss, Scenario, lost_index
from lab.servers import Server
from lab.trial.template import Bench
from lab.values import Completed, Outcome, Verdict
from scenarios.column_layout import aligned
from tests.lab.trials import run_scenario
from tests.support import sampled

MIXED = {
    "a": "smallint",
    "b": "bigint",
    "c": "smallint",
    "d": "bigint",
    "e": "smallint",
    "f": "bigint",
    "g": "smallint",
}
"""Seven columns that take 56 bytes a row in this order and 32 without padding: as many as the published sizes say."""


@pytest.mark.slow
@pytest.mark.parametrize(("columns", "size"), [(MIXED, 84_459_520), (aligned(MIXED), 60_235_776)])
def test_a_million_rows_of_seven_columns_weigh_what_was_published(
    columns: dict[str, str], size: int, native: Server, new_name: Callable[[], str]
) -> None:
    name = new_name()
    native.create(name)
    with native.connect(name) as database:
        values = ", ".join(f"1::{kind}" for kind in columns.values())
        database.execute(f"CREATE UNLOGGED TABLE t ({', '.join(f'{name} {kind}' for name, kind in columns.items())})")
        database.execute(f"INSERT INTO t SELECT {values} FROM generate_series(1, 1000000)")
        assert database.value("SELECT pg_relation_size('t')") == size


def scenario_of(name: str) -> Scenario:
    (entry,) = registry.resolve([name])
    return entry.scenario


def changed(
    bench: Bench,
    name: str,
    *,
    before: str = "",
    after: tuple[str, ...] = (),
    losses: tuple[DeclaredLoss, ...] | None = None,
) -> Outcome:
    """The outcome of a scenario with statements before it, and others after it that undo themselves."""
    scenario = scenario_of(name)

    def apply(db: Working) -> None:
        if before:
            with db.step("before"):
                db.execute(before)
        scenario.apply(db)
        with db.step("after"):
            for statement in after:
                assert db.execute(statement) == 1, statement

    given_up = scenario.losses if losses is None else losses
    return run_scenario(bench, apply, losses=given_up, changes=scenario.changes, keeps=scenario.keeps)


def test_an_index_stays_where_the_one_that_replaces_it_is_not_there(bench: Bench) -> None:
    gone = lost_index("market_odds", "btree (snapshot_id, betpawa_market_id)")
    losses = tuple(loss for loss in scenario_of("trim_indexes").losses if loss.guarantee != "btree (snapshot_id)")
    outcome = changed(
        bench,
        "trim_indexes",
        before="DROP INDEX market_odds_snapshot_id_betpawa_market_id_idx",
        losses=(*losses, gone),
    )
    assert isinstance(outcome, Completed), outcome
    assert outcome.verification.verdict is Verdict.EXACT, outcome.verification.mismatches
    assert "market_odds: btree (snapshot_id) is not there, or its replacement is not" in " ".join(outcome.notes)


WRITE = """INSERT INTO market_odds (snapshot_id, betpawa_market_id, betpawa_market_name, outcomes)
SELECT max(id) + 1, '1', 'written later', '[]' FROM odds_snapshots"""


NEXT_MONTH = """INSERT INTO odds_snapshots (event_id, bookmaker_id, captured_at)
SELECT event_id, bookmaker_id, captured_at + interval '30 days' FROM odds_snapshots ORDER BY id DESC LIMIT 1"""


@pytest.mark.parametrize(
    "name", sampled(["column_layout", "column_layout(types=narrow)", "jsonb_or_text(documents=markets)"], every=3)
)
def test_a_writer_goes_on_without_a_change(name: str, bench: Bench) -> None:
    later = (
        WRITE,
        "UPDATE market_odds SET unavailable_at = now() WHERE betpawa_market_name = 'written later'",
        "DELETE FROM market_odds WHERE betpawa_market_name = 'written later' AND id > 0 AND unavailable_at IS NOT NULL",
    )
    outcome = changed(bench, name, after=later)
    assert isinstance(outcome, Completed), outcome
    assert outcome.verification.verdict is Verdict.EXACT, outcome.verification.mismatches


def test_old_days_go_with_their_files_and_the_next_row_finds_its_place(bench: Bench) -> None:
    later = (
        NEXT_MONTH,
        WRITE.replace("+ 1", ""),
        "DELETE FROM market_odds WHERE betpawa_market_name = 'written later'",
        "DELETE FROM odds_snapshots WHERE id = (SELECT max(id) FROM odds_snapshots)",
    )
    outcome = changed(bench, "native_partitioning(days=7)", after=later)
    assert isinstance(outcome, Completed), outcome
    assert outcome.verification.verdict is Verdict.AS_DECLARED, outcome.verification.mismatches
    statements = " ".join(statement.sql for step in outcome.steps for statement in step.statements)
    assert "VACUUM" not in statements
    copied, dropped = outcome.steps[-3].footprint.total, outcome.steps[-2].footprint.total
    assert dropped < 0.9 * copied
