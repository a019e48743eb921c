"""How tests make a trial of their own: a scenario out of a function or a few statements."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext

from lab.scenario import Category, Database, Scenario
from lab.trial import trial
from lab.trial.apply import Exclusive
from lab.trial.template import Bench
from lab.values import Completed, Outcome, PlannedTrial, TrialRequest, Verdict


def request_for(bench: Bench, scenario: str, *, timed: bool = True, step_seconds: float = 600) -> TrialRequest:
    return TrialRequest(
        planned=PlannedTrial(scenario=scenario, server=bench.server.kind),
        dataset=bench.template.dataset,
        case_sha256="",
        timed=timed,
        step_seconds=step_seconds,
    )


def run_scenario(
    bench: Bench,
    apply: Callable[[Database], None],
    exclusive: Exclusive = nullcontext,
    *,
    timed: bool = True,
    step_seconds: float = 600,
    **declared: object,
) -> Outcome:
    scenario = Scenario(title="test", category=Category.CONTROL, hypothesis="", apply=apply, **declared)  # type: ignore[arg-type]
    request = request_for(bench, "test", timed=timed, step_seconds=step_seconds)
    return trial.run(request, scenario, bench, exclusive)


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
