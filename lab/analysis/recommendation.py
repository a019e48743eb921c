"""Which strategy to recommend, by fixed rules.

Only verified strategies that save more than the noise floor are ranked. A strategy is under the target if its whole
interval is, and perhaps under it if the interval holds the target. Among those under it (or else perhaps under it), a
strategy that loses nothing ranks before one that gives up columns, and that before one that deletes rows; ties go to the
smaller one. The advice always names the second choice, because cost is not one number.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lab.analysis import writes
from lab.analysis.full_size import FullSizeProjection, TargetStatus
from lab.analysis.reads import ReadResult, in_words
from lab.analysis.writes import WriteResult
from lab.units import bytes_text
from lab.values import Category, Completed, LoadedTemplate, ScenarioFacts, Verdict


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A trial and its baseline, both at the case's full size; not every candidate may be recommended."""

    trial: Completed
    control: Completed
    facts: ScenarioFacts
    template: LoadedTemplate
    """Loaded on its server."""
    projection: FullSizeProjection
    before: FullSizeProjection
    """The projection of its baseline."""
    saving_percent: float
    """As measured on the sample."""
    noise_percent: float | None
    """Difference of the two baselines of its server; None if there was only one."""
    reads: tuple[ReadResult, ...] | None
    """What each query of the application takes; None where none was timed."""
    writes: tuple[WriteResult, ...] | None
    """What each write of the application takes; None where none was measured."""

    @property
    def costs(self) -> tuple[str, ...]:
        """Its price besides bytes: what was measured, then what only words can say."""
        measured = (writes.in_words(self.writes),) if self.writes else ()
        return in_words(self.reads), *measured, *self.facts.costs

    @property
    def bytes_now(self) -> int:
        """Bytes of the whole database after the strategy."""
        return self.projection.size.bytes

    @property
    def bytes_per_day(self) -> int | None:
        """Growth after the strategy; None if the database's growth is not known."""
        return self.projection.bytes_per_day

    @property
    def ranked(self) -> bool:
        """Whether it is a verified strategy, not a control, and saves more than noise."""
        return (
            self.trial.verification.verdict is not Verdict.DIFFERS
            and self.facts.category is not Category.CONTROL
            and self.saving_percent > (self.noise_percent or 0.0)
        )

    @property
    def order(self) -> tuple[bool, int, int]:
        """Sort key, smaller is better: whether it deletes rows, then the number of things given up, then bytes."""
        return self.facts.deletes_rows, len(self.facts.given_up), self.bytes_now

    @property
    def size(self) -> str:
        """Bytes now and their growth, in words."""
        percent = self.projection.size.percent
        about = "" if percent is None else f" ± {percent:.1f} %"
        return f"{bytes_text(self.bytes_now)}{about} at full size{self._afterwards}"

    @property
    def _afterwards(self) -> str:
        pace, steady = self.bytes_per_day, self.projection.steady_bytes
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


def ranking(candidates: Iterable[Candidate]) -> tuple[Candidate, ...]:
    """Every verified strategy that saves more than noise, best first."""
    ranked = (candidate for candidate in candidates if candidate.ranked)
    return tuple(sorted(ranked, key=lambda candidate: candidate.order))


def recommend(ranked: Sequence[Candidate], target_bytes: int) -> Recommendation:
    """The advice that follows from the `ranking` of one experiment."""
    for status in (TargetStatus.UNDER, TargetStatus.PERHAPS):
        if fitting := [candidate for candidate in ranked if candidate.projection.status is status]:
            return _take(fitting, ranked, target_bytes)
    if ranked:
        return _none_fits(min(ranked, key=lambda candidate: candidate.bytes_now), target_bytes)
    headline = "Nothing to recommend: no verified strategy of this run saves more than the noise floor."
    return Recommendation(scenario=None, headline=headline, reasons=(), losses=())


def _take(fitting: Sequence[Candidate], ranked: Sequence[Candidate], target_bytes: int) -> Recommendation:
    best = fitting[0]
    reasons = [_measured_as(best), _time_left(best)]
    if best.facts.given_up:
        reasons.append(_without_loss(ranked))
    if len(fitting) > 1:
        reasons.append(_second(best, fitting[1]))
    return Recommendation(
        scenario=best.trial.scenario,
        headline=f"{_advised(best)}: {best.size}, {_against(best, target_bytes)}.",
        reasons=(*(reason for reason in reasons if reason), *(f"It costs: {cost}" for cost in best.costs)),
        losses=best.facts.given_up,
    )


def _advised(best: Candidate) -> str:
    return f"{'Take' if best.projection.status is TargetStatus.UNDER else 'Perhaps take'} {best.trial.scenario}"


def _against(best: Candidate, target: int) -> str:
    perhaps = "perhaps " if best.projection.status is TargetStatus.PERHAPS else ""
    return f"{perhaps}under the target of {bytes_text(target)}"


def _none_fits(smallest: Candidate, target: int) -> Recommendation:
    return Recommendation(
        scenario=None,
        headline=f"Nothing measured here gets under {bytes_text(target)}; the smallest is"
        f" {smallest.trial.scenario} with {smallest.size}.",
        reasons=("Combine strategies: `lab run --scenario first+second` measures a combination as one.",),
        losses=smallest.facts.given_up,
    )


def _measured_as(best: Candidate) -> str:
    floor = best.noise_percent
    against = "" if floor is None else f"; two baselines differ by {floor:.2f} %"
    verification = best.trial.verification
    return (
        f"Measured on {best.trial.server}: {best.saving_percent:.1f} % smaller than the baseline{against}."
        f" {verification.checks} answers were compared: {verification.verdict.value}."
    )


def _time_left(best: Candidate) -> str:
    days = best.projection.days_to_target
    if days is None:
        return ""
    subject = "It" if best.facts.deletes_rows else "Without a retention it"
    return (
        f"{subject} passes the target again in about {days:.0f} days, if growth stays the same and the strategy is applied"
        " to new rows."
    )


def _without_loss(ranked: Sequence[Candidate]) -> str:
    lossless = [candidate for candidate in ranked if not candidate.facts.given_up]
    if not lossless:
        return "No strategy that keeps everything was measured."
    smallest = min(lossless, key=lambda candidate: candidate.bytes_now)
    return (
        f"No strategy that keeps everything gets there; the smallest is {smallest.trial.scenario} with {smallest.size}."
    )


def _second(best: Candidate, second: Candidate) -> str:
    same = second.facts.given_up == best.facts.given_up
    gives_up = "the same" if same else " and ".join(second.facts.given_up) or "nothing"
    return (
        f"Second choice: {second.trial.scenario} with {second.size}; it gives up {gives_up}."
        " The report lists the costs of both under their names."
    )
