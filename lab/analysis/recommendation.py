"""Which strategy to take, by rules with a name and one wording each.

Only what was verified and saves more than the noise floor is ranked. Among the strategies that bring the whole database
under the target, one that loses nothing goes before one that gives up columns, that before one that deletes rows, and
then the smaller one goes first. The second is always named, because cost is not one number.
"""

from __future__ import annotations

from dataclasses import dataclass

from lab.analysis.comparison import baseline, completed, noise, saving, scale_of
from lab.units import bytes_text
from lab.values import Completed, Experiment, ScenarioFacts, Verdict


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A verified trial at the case's full size."""

    trial: Completed
    control: Completed
    facts: ScenarioFacts
    bytes_now: int
    """Of the whole database, after the strategy."""
    bytes_per_day: int | None
    """Growth afterwards, None where the case's growth is not published or rows are deleted as they age."""

    @property
    def rank(self) -> tuple[bool, int, int]:
        """Smaller is better: deleting rows, then the number of things given up, then bytes."""
        return self.facts.deletes_rows, len(self.facts.given_up), self.bytes_now

    @property
    def size(self) -> str:
        """Bytes now and their growth, in words."""
        growth = f", growing {bytes_text(self.bytes_per_day)} a day" if self.bytes_per_day is not None else ""
        return f"{bytes_text(self.bytes_now)} at full size{growth}"


@dataclass(frozen=True, kw_only=True)
class Recommendation:
    """The advice in one sentence, its reasons, and what would be lost."""

    scenario: str | None
    headline: str
    reasons: tuple[str, ...]
    losses: tuple[str, ...]


def candidates(experiment: Experiment) -> list[Candidate]:
    """Every verified strategy that saves more than noise, best first; the controls are not strategies."""
    found = [
        candidate(experiment, trial, control)
        for trial in completed(experiment)
        if (control := baseline(experiment, trial.server)) and _counts(experiment, trial, control)
    ]
    return sorted(found, key=lambda candidate: candidate.rank)


def recommend(experiment: Experiment) -> Recommendation:
    """The advice that follows from one experiment."""
    ranked, target = candidates(experiment), experiment.case.target_bytes
    under = [candidate for candidate in ranked if candidate.bytes_now < target]
    if under:
        return _take(under, ranked, experiment)
    if ranked:
        return _none_fits(min(ranked, key=lambda candidate: candidate.bytes_now), target)
    headline = (
        "No strategy was measured, verified and found to save anything in this run: there is nothing to recommend."
    )
    return Recommendation(scenario=None, headline=headline, reasons=(), losses=())


def _counts(experiment: Experiment, trial: Completed, control: Completed) -> bool:
    return (
        trial.verification.verdict is not Verdict.DIFFERS
        and experiment.scenarios[trial.scenario].category != "Control"
        and saving(trial.footprint.total, control.footprint.total) > noise(experiment).get(trial.server, 0.0)
    )


def candidate(experiment: Experiment, trial: Completed, control: Completed) -> Candidate:
    """A trial at full size, whether it may be recommended or not."""
    facts, growth = experiment.scenarios[trial.scenario], experiment.case.growth_bytes_per_day
    now, before = (scale_of(experiment, one).projected(one.footprint) for one in (trial, control))
    after = None if growth is None or facts.deletes_rows else round(growth * now / before)
    return Candidate(
        trial=trial,
        control=control,
        facts=facts,
        bytes_now=now,
        bytes_per_day=after,
    )


def _take(under: list[Candidate], ranked: list[Candidate], experiment: Experiment) -> Recommendation:
    best, target = under[0], experiment.case.target_bytes
    reasons = [_measured_as(experiment, best), _time_left(best, target)]
    if best.facts.given_up:
        reasons.append(_without_loss(ranked))
    if len(under) > 1:
        reasons.append(_second(best, under[1]))
    return Recommendation(
        scenario=best.trial.scenario,
        headline=f"Take {best.trial.scenario}: {best.size}, under the target of {bytes_text(target)}.",
        reasons=(*(reason for reason in reasons if reason), *(f"It costs: {cost}" for cost in best.facts.costs)),
        losses=best.facts.given_up,
    )


def _none_fits(smallest: Candidate, target: int) -> Recommendation:
    return Recommendation(
        scenario=None,
        headline=f"Nothing measured here gets under {bytes_text(target)}; the smallest is"
        f" {smallest.trial.scenario} with {smallest.size}.",
        reasons=("Combine strategies: `lab run --scenario first+second` measures a combination as one.",),
        losses=smallest.facts.given_up,
    )


def _measured_as(experiment: Experiment, best: Candidate) -> str:
    percent = saving(best.trial.footprint.total, best.control.footprint.total)
    floor = noise(experiment).get(best.trial.server)
    against = "" if floor is None else f"; two baselines differ by {floor:.2f} %"
    verification = best.trial.verification
    return (
        f"It was measured {percent:.1f} % smaller than the baseline on {best.trial.server}{against}, and"
        f" {verification.checks} answers were checked: {verification.verdict.value}."
    )


def _time_left(best: Candidate, target: int) -> str:
    if not best.bytes_per_day:
        return ""
    days = (target - best.bytes_now) / best.bytes_per_day
    return (
        f"Without a retention it passes the target again in about {days:.0f} days, if the database goes on growing as"
        " published and the strategy is applied to what comes in."
    )


def _without_loss(ranked: list[Candidate]) -> str:
    lossless = min((one for one in ranked if not one.facts.given_up), key=lambda one: one.bytes_now, default=None)
    if lossless is None:
        return "Nothing that keeps everything was measured."
    return f"Nothing that keeps everything gets there: the smallest is {lossless.trial.scenario} with {lossless.size}."


def _second(best: Candidate, second: Candidate) -> str:
    same = second.facts.given_up == best.facts.given_up
    gives_up = "the same" if same else " and ".join(second.facts.given_up) or "nothing"
    return (
        f"The second choice is {second.trial.scenario} with {second.size}, which gives up {gives_up}."
        " Compare what the two cost under their names in the report: that is not one number."
    )
