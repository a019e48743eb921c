"""The strategy that packs the history: what stays plain, and that what is packed later reads the same."""

from __future__ import annotations

from functools import partial

from lab import registry
from lab.postgres.database import Database as Connection
from lab.scenario import Database
from lab.trial import trial
from lab.trial.template import Bench
from lab.values import Completed, Verdict
from scenarios._market_blocks import NEWEST
from scenarios.pack_market_history import pack
from tests.lab.trials import at_once, request_for, run_scenario

NAME = "pack_market_history"
NOTHING = "SELECT 0"


def test_the_newest_snapshots_are_plain_and_rows_packed_later_read_the_same(bench: Bench) -> None:
    (entry,) = registry.resolve([NAME])
    scenario = entry.scenario
    plain: dict[str, tuple[int, int, int]] = {}

    def apply(db: Database) -> None:
        scenario.apply(db)
        for table, newest in NEWEST.items():
            missing = db.value(
                f"SELECT count(*) FROM {table} v WHERE snapshot_id IN ({newest})"
                f" AND NOT EXISTS (SELECT FROM {table}_rows r WHERE r.id = v.id)"
            )
            assert missing == 0
            before = db.value(f"SELECT count(*) FROM {table}_rows")
            with db.step("pack the newest ones too"):
                for statement in pack(table):
                    db.execute(statement.replace(newest, NOTHING))
            after = db.value(f"SELECT count(*) FROM {table}_rows")
            plain[table] = (after, before, db.value(f"SELECT count(*) FROM {table}"))

    outcome = run_scenario(bench, apply, changes=scenario.changes, origins=scenario.origins)

    assert isinstance(outcome, Completed), outcome
    assert outcome.verification.verdict is Verdict.EXACT, outcome.verification
    for after, before, rows in plain.values():
        assert after < before < rows


def test_a_change_that_comes_while_rows_are_packed_is_kept(bench: Bench) -> None:
    (entry,) = registry.resolve([NAME])
    scenario = entry.scenario
    seen: list[bool] = []
    table, newest = next(iter(NEWEST.items()))

    def apply(db: Database) -> None:
        scenario.apply(db)
        name = db.value("SELECT current_database()")
        row = db.value(f"SELECT min(id) FROM {table}_rows WHERE unavailable_at IS NULL AND snapshot_id IN ({newest})")
        mark = f"UPDATE {table}_rows SET unavailable_at = {{}} WHERE id = {row}"
        with bench.server.connect(name) as writer, bench.server.connect(name) as packer:
            writer.execute("BEGIN")
            writer.execute(mark.format("now()"))
            packing = partial(run, packer, [statement.replace(newest, NOTHING) for statement in pack(table)])
            at_once(db, packing, partial(writer.execute, "COMMIT"))
        seen.append(db.value(f"SELECT unavailable_at IS NOT NULL FROM {table} WHERE id = {row}"))
        with db.step("as before"):
            db.execute(mark.format("NULL"))

    outcome = run_scenario(bench, apply, changes=scenario.changes, origins=scenario.origins)

    assert isinstance(outcome, Completed), outcome
    assert seen == [True]
    assert {mismatch.name for mismatch in outcome.verification.mismatches} == {"connections of its own"}


def run(database: Connection, statements: list[str]) -> None:
    for statement in statements:
        database.execute(statement)


def test_rows_that_are_packed_later_free_no_rowstore_and_read_back(bench: Bench) -> None:
    (entry,) = registry.resolve([NAME])
    outcome = trial.run(request_for(bench, NAME, write_seconds=0.05), entry.scenario, bench)
    assert isinstance(outcome, Completed), outcome
    assert outcome.writes is not None
    assert [cost.query for cost in outcome.writes.costs if cost.refused] == []
    assert (outcome.writes.recurring, outcome.writes.waiting) == (None, None)
