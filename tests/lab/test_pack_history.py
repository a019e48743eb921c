"""The strategy that packs the history: what stays plain, and that what is packed later reads the same."""

from __future__ import annotations

from lab import registry
from lab.scenario import Database
from lab.trial.template import Bench
from lab.values import Completed, Verdict
from scenarios._market_blocks import NEWEST
from scenarios.pack_market_history import pack
from tests.lab.trials import run_scenario

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
