"""Which strategy to take, by rules with a name and one wording each.

Only what was verified and saves more than the noise floor is ranked. A strategy is under the target where its whole
interval is, and perhaps under it where the interval holds the target. Among those that are under it (or else perhaps are),
one that loses nothing goes before one that gives up columns, that before one that deletes rows, and
then the smaller one goes first. The second is always named, because cost is not one number.
"""

from __future__ import annotations

from dataclasses import dataclass

from lab.analysis.comparison import baseline, completed, noise, outlook_of, saving
from lab.analysis.outlook import Outlook, Standing
from lab.units import bytes_text
from lab.values import Completed, Experiment, ScenarioFacts, Verdict


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A verified trial at the case's full size."""

    trial: Completed
    control: Completed
    facts: ScenarioFacts
    outlook: Outlook
    before: Outlook
    """The same of its baseline."""

    @property
    def bytes_now(self) -> int:
        """Of the whole database, after the strategy."""
        return self.outlook.size.bytes

    @property
    def bytes_per_day(self) -> int | None:
        """Growth afterwards, None where the database's growth is not known."""
        return self.outlook.bytes_per_day

    @property
    def rank(self) -> tuple[bool, int, int]:
        """Smaller is better: deleting rows, then the number of things given up, then bytes."""
        return self.facts.deletes_rows, len(self.facts.given_up), self.bytes_now

    @property
    def size(self) -> str:
        """Bytes now and their growth, in words."""
        percent = self.outlook.size.percent
        about = "" if percent is None else f" ± {percent:.1f} %"
        return f"{bytes_text(self.bytes_now)}{about} at full size{self._afterwards}"

    @property
    def _afterwards(self) -> str:
        pace, steady = self.bytes_per_day, self.outlook.steady_bytes
        if pace is None:
            return ""
        if steady is not None and steady <= self.bytes_now:
            return f", and stays at {bytes_text(steady)} under its retention"
        return f", growing {bytes_text(pace)} a day" + (
            "" if steady is None else f" until it stays at {bytes_text(steady)}"
        )


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
        one
        for trial in completed(experiment)
        if (control := baseline(experiment, trial.server))
        and _counts(experiment, trial, control)
        and (one := candidate(experiment, trial, control))
    ]
    return sorted(found, key=lambda candidate: candidate.rank)


def recommend(experiment: Experiment) -> Recommendation:
    """The advice that follows from one experiment."""
    ranked = candidates(experiment)
    for standing in (Standing.UNDER, Standing.PERHAPS):
        if fitting := [candidate for candidate in ranked if candidate.outlook.standing is standing]:
            return _take(fitting, ranked, experiment)
    if ranked:
        return _none_fits(min(ranked, key=lambda candidate: candidate.bytes_now), experiment.case.target_bytes)
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


def candidate(experiment: Experiment, trial: Completed, control: Completed) -> Candidate | None:
    """A trial at full size, whether it may be recommended or not; None where its full size is not known."""
    outlook, before = outlook_of(experiment, trial), outlook_of(experiment, control)
    if outlook is None or before is None:
        return None
    facts = experiment.scenarios[trial.scenario]
    return Candidate(trial=trial, control=control, facts=facts, outlook=outlook, before=before)


def _take(under: list[Candidate], ranked: list[Candidate], experiment: Experiment) -> Recommendation:
    best = under[0]
    reasons = [_measured_as(experiment, best), _time_left(best)]
    if best.facts.given_up:
        reasons.append(_without_loss(ranked))
    if len(under) > 1:
        reasons.append(_second(best, under[1]))
    return Recommendation(
        scenario=best.trial.scenario,
        headline=f"{_advised(best)}: {best.size}, {_against(best, experiment.case.target_bytes)}.",
        reasons=(*(reason for reason in reasons if reason), *(f"It costs: {cost}" for cost in best.facts.costs)),
        losses=best.facts.given_up,
    )


def _advised(best: Candidate) -> str:
    return f"{'Take' if best.outlook.standing is Standing.UNDER else 'Perhaps take'} {best.trial.scenario}"


def _against(best: Candidate, target: int) -> str:
    perhaps = "perhaps " if best.outlook.standing is Standing.PERHAPS else ""
    return f"{perhaps}under the target of {bytes_text(target)}"


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


def _time_left(best: Candidate) -> str:
    days = best.outlook.days_to_target
    if days is None:
        return ""
    subject = "It" if best.facts.deletes_rows else "Without a retention it"
    return (
        f"{subject} passes the target again in about {days:.0f} days, if the database goes on growing as it does and the"
        " strategy is applied to what comes in."
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
