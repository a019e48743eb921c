"""Which strategy to take, by rules with a name and one wording each.

Only what was verified is ranked. Among the strategies that bring the whole database under the target, one that loses
nothing goes before one that gives something up, fewer things given up before more, and then the smaller one.
"""

from __future__ import annotations

from dataclasses import dataclass

from lab.analysis.comparison import BASELINE, completed, noise, saving, scale_of
from lab.analysis.comparison import baseline as baseline_of
from lab.units import bytes_text
from lab.values import Completed, Experiment, Verdict


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A verified trial with its size at the case's full size."""

    trial: Completed
    projected_bytes: int
    given_up: tuple[str, ...]
    costs: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Recommendation:
    """The advice in one sentence, its reasons, and what would be lost."""

    scenario: str | None
    headline: str
    reasons: tuple[str, ...]
    losses: tuple[str, ...]


def candidates(experiment: Experiment) -> list[Candidate]:
    """Every verified strategy, smallest at full size first; the controls are not strategies."""
    found = [
        Candidate(
            trial=trial,
            projected_bytes=scale_of(experiment, trial).projected(trial.footprint),
            given_up=experiment.scenarios[trial.scenario].given_up,
            costs=experiment.scenarios[trial.scenario].costs,
        )
        for trial in completed(experiment)
        if trial.verification.verdict is not Verdict.DIFFERS
        and experiment.scenarios[trial.scenario].category != "Control"
        and baseline_of(experiment, trial.server)
    ]
    return sorted(found, key=lambda candidate: candidate.projected_bytes)


def recommend(experiment: Experiment) -> Recommendation:
    """The advice that follows from one experiment."""
    ranked, target = candidates(experiment), experiment.case.target_bytes
    if not ranked:
        return Recommendation(
            scenario=None,
            headline="No strategy was measured and verified in this run, so there is nothing to recommend.",
            reasons=(),
            losses=(),
        )
    under = [candidate for candidate in ranked if candidate.projected_bytes < target]
    if not under:
        return _none_fits(ranked[0], target)
    best = min(under, key=lambda candidate: (len(candidate.given_up), candidate.projected_bytes))
    return Recommendation(
        scenario=best.trial.scenario,
        headline=f"Take {best.trial.scenario}: {_size(best)} at full size, under the target of {bytes_text(target)}.",
        reasons=tuple(_reasons(experiment, best, under, ranked)),
        losses=best.given_up,
    )


def _none_fits(smallest: Candidate, target: int) -> Recommendation:
    return Recommendation(
        scenario=None,
        headline=f"Nothing measured here gets under {bytes_text(target)}; the smallest is"
        f" {smallest.trial.scenario} with {_size(smallest)} at full size.",
        reasons=("Combine strategies: `lab run --scenario first+second` measures a combination as one.",),
        losses=smallest.given_up,
    )


def _reasons(experiment: Experiment, best: Candidate, under: list[Candidate], ranked: list[Candidate]) -> list[str]:
    reasons = [_saving_reason(experiment, best)]
    smaller = [one for one in under if one.projected_bytes < best.projected_bytes]
    if smaller:
        alternative = smaller[0]
        reasons.append(
            f"{alternative.trial.scenario} would be smaller ({_size(alternative)}) but gives up"
            f" {' and '.join(alternative.given_up)}."
        )
    lossless = [one for one in ranked if not one.given_up]
    if best.given_up and lossless:
        reasons.append(
            f"Nothing that keeps everything gets there: the smallest is {lossless[0].trial.scenario}"
            f" with {_size(lossless[0])}."
        )
    return [*reasons, *(f"It costs: {cost}" for cost in best.costs)]


def _saving_reason(experiment: Experiment, best: Candidate) -> str:
    control = baseline_of(experiment, best.trial.server)
    assert control is not None  # noqa: S101 - candidates have a baseline
    percent = saving(best.trial.footprint.total, control.footprint.total)
    floor = noise(experiment).get(best.trial.server)
    against = "" if floor is None else f"; two baselines differ by {floor:.2f} %"
    return (
        f"It was measured {percent:.1f} % smaller than the {BASELINE} on {best.trial.server}{against}, and"
        f" {best.trial.verification.checks} answers were checked: {best.trial.verification.verdict.value}."
    )


def _size(candidate: Candidate) -> str:
    return bytes_text(candidate.projected_bytes)
