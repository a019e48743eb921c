"""Every scenario that is offered works on a real server, and does what it says and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import pytest

from lab import registry
from lab.plan import missing
from lab.scenario import Need
from lab.steps import trial
from lab.steps.trial import Lane
from lab.values import Completed, Outcome, PlannedTrial, Skipped, Verdict

NAMES = registry.everything()


OutcomeOf = Callable[[str], Outcome]


@pytest.fixture(scope="module")
def outcome_of(request: pytest.FixtureRequest) -> OutcomeOf:
    """The outcome of a scenario on the first server that can run it; each is tried once."""

    @cache
    def outcome(name: str) -> Outcome:
        (entry,) = registry.resolve([name])
        fixture = "pglite_lane" if Need.COLUMNSTORE in entry.scenario.needs else "lane"
        lane: Lane = request.getfixturevalue(fixture)
        lacking = missing(lane.server.capabilities, entry.scenario.needs)
        if lacking:
            pytest.skip(f"{name}: {lane.server.kind} has no {lacking}")
        return trial.make(PlannedTrial(scenario=name, server=lane.server.kind), entry.scenario, lane)

    return outcome


def completed(outcome_of: OutcomeOf, name: str) -> Completed:
    outcome = outcome_of(name)
    assert isinstance(outcome, Completed), outcome
    return outcome


@pytest.mark.parametrize("name", NAMES)
def test_every_scenario_completes_and_answers_as_declared(name: str, outcome_of: OutcomeOf) -> None:
    outcome = outcome_of(name)
    if name in ("retention_14d", "retention_30d"):  # the case holds 11.5 days
        assert isinstance(outcome, Skipped), outcome
        assert "Nothing to delete" in outcome.reason
        return
    assert isinstance(outcome, Completed), outcome
    assert outcome.verification.verdict is not Verdict.DIFFERS, outcome.verification.mismatches
    (entry,) = registry.resolve([name])
    assert (outcome.verification.verdict is Verdict.AS_DECLARED) == bool(entry.scenario.given_up)


def test_dropping_a_column_frees_nothing_until_the_rewrite(outcome_of: OutcomeOf) -> None:
    outcome, baseline = completed(outcome_of, "drop_raw_response"), completed(outcome_of, "baseline")
    dropped, rewritten = outcome.steps
    assert dropped.footprint.total >= baseline.footprint.total
    assert rewritten.footprint.total < 0.6 * baseline.footprint.total


def test_deleting_frees_nothing_until_the_rewrite(outcome_of: OutcomeOf) -> None:
    outcome, baseline = completed(outcome_of, "retention_7d"), completed(outcome_of, "baseline")
    deleted, vacuumed, rewritten = (step.footprint.total for step in outcome.steps)
    assert deleted >= baseline.footprint.total
    assert vacuumed > 0.98 * baseline.footprint.total
    assert rewritten < 0.9 * baseline.footprint.total


def test_recompression_is_proved_on_every_row(outcome_of: OutcomeOf) -> None:
    outcome = completed(outcome_of, "toast_lz4")
    assert sum("checked row by row" in note for note in outcome.notes) == 2
    aside = [step for step in outcome.steps if step.apart and "documents" in step.name]
    assert len(aside) == 4
    assert all(step.cpu_seconds is not None for step in aside)
    assert sum("bytes with" in note for note in outcome.notes) == 4


def test_the_newest_day_stays_uncompressed(outcome_of: OutcomeOf) -> None:
    outcome = completed(outcome_of, "hypertable_compression")
    counts = [[int(word) for word in note.split() if word.isdigit()][:2] for note in outcome.notes]
    left = [total - done for done, total in counts]
    assert len(left) == 4
    # A table without a row on the newest day has nothing to leave.
    assert set(left) in ({1}, {0, 1})


def test_two_baselines_weigh_the_same_and_both_servers_weigh_the_same(lane: Lane, pglite_lane: Lane) -> None:
    (entry,) = registry.resolve(["baseline"])
    for one in (lane, pglite_lane):
        planned = PlannedTrial(scenario="baseline", server=one.server.kind)
        trials = [trial.make(planned, entry.scenario, one) for _ in range(2)]
        first, second = (made.footprint for made in trials if isinstance(made, Completed))
        assert first == second
    assert lane.loaded.footprint == pglite_lane.loaded.footprint
    assert lane.loaded.digest == pglite_lane.loaded.digest
