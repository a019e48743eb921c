"""Every scenario that is offered works on a real server, and does what it says and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import pytest

from lab import registry
from lab.needs import missing
from lab.scenario import Need
from lab.trial import trial
from lab.trial.template import Bench
from lab.values import Completed, Outcome, Skipped, Verdict
from tests.lab.trials import request_for

NAMES = registry.everything()
BRIEF = 0.001
"""Seconds for the writes of a trial: every write gets the fewest samples."""


BENCHES = {"native": "bench", "pglite": "pglite_bench", "container": "container_bench", "external": "external_bench"}

OutcomeOf = Callable[[str, str], Outcome]


def first_kind(name: str) -> str:
    """Of the embedded servers, the one that runs it in any case; on the others it is tried as well, which is slow."""
    (entry,) = registry.resolve([name])
    return "pglite" if Need.COLUMNSTORE in entry.scenario.needs else "native"


QUICK = ("baseline", "drop_raw_response", "retention_7d", "toast_lz4")
"""Tried in a quick run of the tests, on their first kind of server; test_nasty.py tries all others then."""


def everywhere(*names: str) -> pytest.MarkDecorator:
    """On every kind of server.

    A combination and a variant are tried on their first only: the parts and the leading variant are tried on all of them.
    """

    def marks(kind: str, name: str) -> list[pytest.MarkDecorator]:
        return [] if kind == first_kind(name) and name in QUICK else [pytest.mark.slow]

    return pytest.mark.parametrize(
        ("kind", "name"),
        [
            pytest.param(kind, name, marks=marks(kind, name))
            for kind in BENCHES
            for name in names
            if kind == first_kind(name) or registry.resolve([name])[0].scenario.leads
        ],
    )


@pytest.fixture(scope="module")
def outcome_of(request: pytest.FixtureRequest) -> OutcomeOf:
    """The outcome of a scenario on a kind of server that can run it; each is tried once."""

    @cache
    def outcome(kind: str, name: str) -> Outcome:
        (entry,) = registry.resolve([name])
        bench: Bench = request.getfixturevalue(BENCHES[kind])
        lacking = missing(bench.server.capabilities, entry.scenario.needs)
        if lacking:
            pytest.skip(f"{name}: {kind} has {' and '.join(lacking)}")
        return trial.run(request_for(bench, name, write_seconds=BRIEF), entry.scenario, bench)

    return outcome


def completed(outcome: Outcome) -> Completed:
    assert isinstance(outcome, Completed), outcome
    return outcome


@everywhere(*NAMES)
def test_every_scenario_completes_and_answers_as_declared(kind: str, name: str, outcome_of: OutcomeOf) -> None:
    outcome = outcome_of(kind, name)
    if name in ("retention_14d", "retention_30d"):  # the case holds 11.5 days
        assert isinstance(outcome, Skipped), outcome
        assert "Nothing to delete" in outcome.reason
        return
    assert isinstance(outcome, Completed), outcome
    assert outcome.verification.verdict is not Verdict.DIFFERS, outcome.verification.mismatches
    (entry,) = registry.resolve([name])
    assert (outcome.verification.verdict is Verdict.AS_DECLARED) == bool(entry.scenario.given_up)
    assert not outcome.undeclared, "It says of each new table how it grows."


@everywhere(*NAMES)
def test_what_is_written_after_a_scenario_reads_back(kind: str, name: str, outcome_of: OutcomeOf) -> None:
    """The same rows read the same as where nothing was done: a write that is wrong, or that the server refuses, is named."""
    outcome = outcome_of(kind, name)
    if isinstance(outcome, Completed):
        assert outcome.writes
        refused = {cost.query: cost.refused for cost in outcome.writes.costs if cost.refused}
        (entry,) = registry.resolve([name])
        gone = {"D1": "The strategy leaves no such row."} if entry.scenario.keeps_days else {}
        assert refused == gone
        assert [cost.query for cost in outcome.writes.costs] == ["W1", "W2", "D1"]


@everywhere("drop_raw_response")
def test_dropping_a_column_frees_nothing_until_the_rewrite(kind: str, name: str, outcome_of: OutcomeOf) -> None:
    outcome, baseline = completed(outcome_of(kind, name)), completed(outcome_of(kind, "baseline"))
    _, dropped, rewritten = outcome.steps
    assert dropped.footprint.total >= baseline.footprint.total
    assert rewritten.footprint.total < 0.6 * baseline.footprint.total


@everywhere("retention_7d")
def test_deleting_frees_nothing_until_the_rewrite(kind: str, name: str, outcome_of: OutcomeOf) -> None:
    outcome, baseline = completed(outcome_of(kind, name)), completed(outcome_of(kind, "baseline"))
    deleted, vacuumed, rewritten = (step.footprint.total for step in outcome.steps[2:])
    assert deleted >= baseline.footprint.total
    assert vacuumed > 0.98 * baseline.footprint.total
    assert rewritten < 0.9 * baseline.footprint.total


@everywhere("toast_lz4")
def test_recompression_is_proved_on_every_row(kind: str, name: str, outcome_of: OutcomeOf) -> None:
    outcome = completed(outcome_of(kind, name))
    assert sum("checked row by row" in note for note in outcome.notes) == 2
    auxiliary = [step for step in outcome.steps if step.auxiliary and "documents" in step.name]
    assert len(auxiliary) == 4
    # A role that is no superuser does not see it.
    assert all((step.cpu_seconds is None) == (kind == "external") for step in auxiliary)
    assert sum("bytes with" in note for note in outcome.notes) == 4


@everywhere("hypertable_compression")
def test_the_newest_day_stays_uncompressed(kind: str, name: str, outcome_of: OutcomeOf) -> None:
    outcome = completed(outcome_of(kind, name))
    counts = [[int(word) for word in note.split() if word.isdigit()][:2] for note in outcome.notes]
    left = [total - done for done, total in counts]
    assert len(left) == 4
    # A table without a row on the newest day has nothing to leave.
    assert set(left) in ({1}, {0, 1})


@pytest.mark.parametrize(
    "kind", [pytest.param(kind, marks=() if kind == "native" else pytest.mark.slow) for kind in BENCHES]
)
def test_two_baselines_weigh_the_same_and_every_server_weighs_the_same(
    kind: str, bench: Bench, request: pytest.FixtureRequest
) -> None:
    (entry,) = registry.resolve(["baseline"])
    one: Bench = request.getfixturevalue(BENCHES[kind])
    first, second = (
        completed(trial.run(request_for(one, "baseline"), entry.scenario, one)).footprint for _ in range(2)
    )
    assert first == second
    assert one.template.loaded.footprint == bench.template.loaded.footprint
    assert one.template.loaded.digest == bench.template.loaded.digest
