"""How tests make a trial of their own: a scenario out of a function or a few statements."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from functools import cache

import pytest

from lab import registry
from lab.scenario import Category, Database, Need, Scenario
from lab.trial import trial
from lab.trial.template import Bench
from lab.trial.watch import Exclusive
from lab.values import Completed, Outcome, PlannedTrial, Skipped, TrialRequest, Verdict

BRIEF = 0.001
"""Seconds for the writes of a trial: every write gets the fewest samples."""

NastyOutcome = Callable[[str], tuple[Outcome, Bench]]
"""Of the scenario with that name."""


@cache
def scenario_of(name: str) -> Scenario:
    """The one with that name, looked up once: the parameters of tests ask a thousand times."""
    (entry,) = registry.resolve([name])
    return entry.scenario


def on_pglite(name: str) -> bool:
    """Whether only the embedded TimescaleDB runs it; each takes some ten seconds there."""
    return Need.COLUMNSTORE in scenario_of(name).needs


def every_scenario(names: Iterable[str], *, quick_of: Collection[Category] = tuple(Category)) -> pytest.MarkDecorator:
    """These strategies on the nasty dataset; slow are all but the first of each of those categories that PostgreSQL alone runs."""
    quick: dict[Category, str] = {}
    for name in registry.everything():
        if not on_pglite(name) and scenario_of(name).category in quick_of:
            quick.setdefault(scenario_of(name).category, name)

    def marks(name: str) -> list[pytest.MarkDecorator]:
        return [pytest.mark.trial("nasty", name), *([] if name in quick.values() else [pytest.mark.slow])]

    return pytest.mark.parametrize("name", [pytest.param(name, marks=marks(name)) for name in names])


def request_for(  # noqa: PLR0913 - what a test may want to say
    bench: Bench,
    scenario: str,
    *,
    timed: bool = True,
    step_seconds: float = 600,
    read_seconds: float = 0,
    read_subjects: int | None = None,
    write_seconds: float = 0,
    traffic: bool = False,
    memory_bytes: int | None = None,
) -> TrialRequest:
    return TrialRequest(
        planned=PlannedTrial(scenario=scenario, server=bench.server.kind),
        dataset=bench.template.dataset,
        case_sha256="",
        timed=timed,
        step_seconds=step_seconds,
        read_seconds=read_seconds,
        read_subjects=read_subjects,
        write_seconds=write_seconds,
        traffic=traffic,
        memory_bytes=memory_bytes,
    )


def run_scenario(  # noqa: PLR0913 - what a test may want to say
    bench: Bench,
    apply: Callable[[Database], None],
    exclusive: Exclusive = nullcontext,
    *,
    timed: bool = True,
    step_seconds: float = 600,
    read_seconds: float = 0,
    read_subjects: int | None = None,
    write_seconds: float = 0,
    traffic: bool = False,
    memory_bytes: int | None = None,
    **declared: object,
) -> Outcome:
    scenario = Scenario(title="test", category=Category.CONTROL, hypothesis="", apply=apply, **declared)  # type: ignore[arg-type]
    request = request_for(
        bench,
        "test",
        timed=timed,
        step_seconds=step_seconds,
        read_seconds=read_seconds,
        read_subjects=read_subjects,
        write_seconds=write_seconds,
        traffic=traffic,
        memory_bytes=memory_bytes,
    )
    return trial.run(request, scenario, bench, exclusive)


def after(name: str, bench: Bench, see: Callable[[Database], None]) -> None:
    """Let the block see a clone after the strategy; what it changes there makes the trial differ."""
    scenario = scenario_of(name)

    def apply(db: Database) -> None:
        scenario.apply(db)
        see(db)

    outcome = run_scenario(bench, apply, changes=scenario.changes, origins=scenario.origins)
    assert isinstance(outcome, Completed), outcome


def at_once(watched: Database, work: Callable[[], object], meanwhile: Callable[[], object]) -> bool:
    """Begin the work, do the rest once it waits for a lock or is done, and let it end. Whether it waited."""
    with ThreadPoolExecutor(1) as thread:
        job = thread.submit(work)
        waits = False
        while not job.done() and not waits:
            waits = bool(watched.value("SELECT count(*) FROM pg_locks WHERE NOT granted"))
            time.sleep(0.01)
        meanwhile()
        job.result()
    return waits


def completed(outcome: Outcome) -> Completed:
    """That trial; the test is skipped where the scenario had nothing to do."""
    if isinstance(outcome, Skipped) and outcome.reason.startswith("Nothing to delete"):
        pytest.skip(outcome.reason)
    assert isinstance(outcome, Completed), outcome
    return outcome


def run_sql(*statements: str) -> Callable[[Database], None]:
    def apply(db: Database) -> None:
        with db.step("do"):
            for statement in statements:
                db.execute(statement)

    return apply


def mismatches(outcome: Outcome) -> str:
    """The names of everything that differs, of a trial that must differ."""
    assert isinstance(outcome, Completed), outcome
    assert outcome.verification.verdict is Verdict.DIFFERS
    return " ".join(mismatch.name for mismatch in outcome.verification.mismatches)
