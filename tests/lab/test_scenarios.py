"""Every scenario that is offered works on a real server, and does what it says and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import pytest

from lab import registry
from lab.needs import missing
from lab.trial import trial
from lab.trial.template import Bench
from lab.values import Completed, Experiment, Outcome, Skipped, Verdict
from tests.lab.trials import BRIEF, on_pglite, request_for, scenario_of

NAMES = registry.everything()

BENCHES = {"native": "bench", "pglite": "pglite_bench", "container": "container_bench", "external": "external_bench"}

OutcomeOf = Callable[[str, str], Outcome]


def first_kind(name: str) -> str:
    """Of the embedded servers, the one that runs it in any case; on the others it is tried as well, which is slow."""
    return "pglite" if on_pglite(name) else "native"


QUICK = ("baseline", "drop_raw_response", "retention_7d", "toast_lz4")
"""Tried in a quick run of the tests, on their first kind of server; test_nasty.py tries all others then."""

FEW = (*QUICK, "native_partitioning", "outcome_normalization_snapshot", "pack_raw_response")
"""Of the scenarios that need no TimescaleDB, those that are tried on the embedded one all the same: a few of each sort of
statement, and what a client does. The others send nothing else there, and each takes some ten seconds."""


def is_tried(kind: str, name: str) -> bool:
    """A combination and a variant are tried on their first kind only: the parts and the leading variant on others, too."""
    return kind == first_kind(name) or (scenario_of(name).leads and (kind != "pglite" or name in FEW))


def everywhere(*names: str) -> pytest.MarkDecorator:
    """On every kind of server."""

    def marks(kind: str, name: str) -> list[pytest.MarkDecorator]:
        first = kind == first_kind(name)
        shared = "all" if first and name not in QUICK else kind
        return [pytest.mark.trial(shared), *([] if first and name in QUICK else [pytest.mark.slow])]

    return pytest.mark.parametrize(
        ("kind", "name"),
        [
            pytest.param(kind, name, marks=marks(kind, name))
            for kind in BENCHES
            for name in names
            if is_tried(kind, name)
        ],
    )


@pytest.fixture(scope="module")
def outcome_of(request: pytest.FixtureRequest) -> OutcomeOf:
    """The outcome of a scenario on a kind of server that can run it; each is tried once.

    On its first kind of server it is that of the run of all, which nobody waits for in a quick run of the tests.
    """

    @cache
    def outcome(kind: str, name: str) -> Outcome:
        (entry,) = registry.resolve([name])
        bench: Bench = request.getfixturevalue(BENCHES[kind])
        lacking = missing(bench.server.capabilities, entry.scenario.needs)
        if lacking:
            pytest.skip(f"{name}: {kind} has {' and '.join(lacking)}")
        if kind == first_kind(name) and name not in QUICK:
            experiment: Experiment = request.getfixturevalue("run_of_all")
            (outcome,) = (outcome for outcome in experiment.outcomes if outcome.scenario == name)
            return outcome
        return trial.run(request_for(bench, name, write_seconds=BRIEF), entry.scenario, bench)

    return outcome


def completed(outcome: Outcome) -> Completed:
    assert isinstance(outcome, Completed), outcome
    return outcome


@pytest.mark.slow
@pytest.mark.trial("all")
def test_all_scenarios_complete_on_the_embedded_servers(run_of_all: Experiment) -> None:
    skipped = {outcome.scenario for outcome in run_of_all.outcomes if not isinstance(outcome, Completed)}
    assert skipped == {"retention_14d", "retention_30d", "toast_lz4+hypertable_compression"}
    assert {template.server for template in run_of_all.templates} == {"native", "pglite"}


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


@everywhere("baseline")
def test_two_baselines_weigh_the_same_and_every_server_weighs_the_same(
    kind: str, name: str, bench: Bench, outcome_of: OutcomeOf, request: pytest.FixtureRequest
) -> None:
    (entry,) = registry.resolve([name])
    bench_of_kind: Bench = request.getfixturevalue(BENCHES[kind])
    again = trial.run(request_for(bench_of_kind, name), entry.scenario, bench_of_kind)
    assert completed(outcome_of(kind, name)).footprint == completed(again).footprint
    assert bench_of_kind.template.loaded.footprint == bench.template.loaded.footprint
    assert bench_of_kind.template.loaded.digest == bench.template.loaded.digest
