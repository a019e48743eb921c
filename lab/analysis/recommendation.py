"""The decision in words: what to take, why, at what price, and what would have to be given up for something else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lab.analysis.candidate import Candidate
from lab.analysis.decision import Breach, Decision, Excluded, Limit
from lab.analysis.preference import Criterion, is_certain, preference
from lab.analysis.sensitivity import Variation
from lab.units import bytes_text, counted, duration_text, joined, ratio_text
from lab.values import CaseFacts, Constraints

_ALTERNATIVES = 3
"""Trials of the front that the reasons name after the pick and the runner-up."""
_WHY = {
    Criterion.CERTAINTY: "only the first is under the target with its whole interval",
    Criterion.LOSSES: "the first loses less data",
    Criterion.READS: "the reads of the first cost less",
    Criterion.BYTES: "the first is smaller",
    Criterion.DOMINANCE: "the first is as good in everything that was measured, and better in something",
}
_PREFERRED = {
    Criterion.CERTAINTY: "then what is under the target with its whole interval goes first",
    Criterion.LOSSES: "then what loses no data goes before what gives up columns, and that before what deletes rows",
    Criterion.READS: "then the least read cost (the worst read, its median or its 95th percentile; overlapping intervals count"
    " as equal)",
    Criterion.BYTES: "then the fewest bytes",
}


@dataclass(frozen=True, kw_only=True)
class Recommendation:
    """The advice in one sentence, its reasons, and what would be lost."""

    scenario: str | None
    headline: str
    reasons: tuple[str, ...]
    losses: tuple[str, ...]


def recommend(
    decision: Decision, case: CaseFacts, variations: Sequence[Variation] = (), *, compared: bool = True
) -> Recommendation:
    """The advice that follows from a decision and its variations; `case` has the target of its constraints.

    `compared` is whether any strategy was measured beside its baseline.
    """
    if decision.pick:
        return _take(decision.pick, decision, case, variations)
    if decision.closest:
        return _none_fits(decision.closest, decision)
    headline = "Nothing to recommend: no verified strategy of this run saves more than the noise floor."
    if not compared:
        headline = "Nothing to recommend: this run measured no strategy beside a baseline."
    elif is_at_ease(case, decision.constraints):
        headline = (
            f"{_at_ease(case, decision.constraints)} No verified strategy of this run saves more than the noise floor."
        )
    return Recommendation(scenario=None, headline=headline, reasons=(), losses=())


def rule(constraints: Constraints) -> str:
    """The rule that ranks every strategy and picks one, in words."""
    limits = ", ".join(_limits(constraints))
    preferred = "; ".join(_PREFERRED[criterion] for criterion in preference(constraints))
    no_reads = "" if constraints.max_read is None else ", because --max-read says what reads may cost"
    return (
        f"Rule: {f'what breaks a constraint is out ({limits})' if limits else 'no constraint was set'}; what another one beats"
        f" in something and equals in the rest is out; {preferred}{no_reads}."
    )


def _limits(constraints: Constraints) -> Iterator[str]:
    after = "" if constraints.horizon_days is None else f" for {counted(constraints.horizon_days, 'day')}"
    if constraints.target_bytes is not None:
        yield f"under {bytes_text(constraints.target_bytes)}{after}"
    if constraints.keep_history:
        yield "every row stays"
    for column, days in constraints.keep.items():
        yield f"{column} stays" + ("" if days is None else f" for {counted(days, 'day')}")
    if constraints.max_read is not None:
        yield f"no read takes more than {ratio_text(constraints.max_read)} times as long"
    if constraints.max_lock_seconds is not None:
        yield f"nobody waits longer than {duration_text(constraints.max_lock_seconds)}"


def is_at_ease(case: CaseFacts, constraints: Constraints) -> bool:
    """Whether no target is set, or the database as it is stays under it until the horizon."""
    if constraints.target_bytes is None:
        return True
    grown = (constraints.horizon_days or 0) * (case.growth_bytes_per_day or 0)
    known = constraints.horizon_days is None or case.growth_bytes_per_day is not None
    return known and case.database_bytes + grown < constraints.target_bytes


def _at_ease(case: CaseFacts, constraints: Constraints) -> str:
    if constraints.target_bytes is None:
        return "No target is set, so nothing presses."
    return (
        f"The database of {bytes_text(case.database_bytes)} is under the target of {bytes_text(constraints.target_bytes)}"
        " already, so nothing presses."
    )


def _take(pick: Candidate, decision: Decision, case: CaseFacts, variations: Sequence[Variation]) -> Recommendation:
    return Recommendation(
        scenario=pick.name,
        headline=_headline(pick, decision, case),
        reasons=(*_reasons(pick, decision), *_steady(pick, variations), *(f"It costs: {cost}" for cost in pick.costs)),
        losses=pick.facts.given_up,
    )


def _headline(pick: Candidate, decision: Decision, case: CaseFacts) -> str:
    constraints = decision.constraints
    target = constraints.target_bytes
    perhaps = not is_certain(pick, constraints)
    if is_at_ease(case, constraints):
        begin, against = f"{_at_ease(case, constraints)} To save all the same, take {pick.name}", ""
    else:
        begin = f"{'Perhaps take' if perhaps else 'Take'} {pick.name}"
        horizon = "" if constraints.horizon_days is None else f" for {counted(constraints.horizon_days, 'day')}"
        subject = "; the database alone is" if pick.has_files else ","
        against = f"{subject} {'perhaps ' if perhaps else ''}under the target of {bytes_text(target or 0)}{horizon}"
    return f"{begin}: {pick.size}{against}. {_read_cost(pick)}"


def _read_cost(candidate: Candidate) -> str:
    worst = candidate.worst_read
    if worst is None:
        return "What its reads cost was not measured."
    if not worst.query:
        return "No read gets slower."
    return f"Its worst read, {worst.called}, takes {ratio_text(worst.ratio)} times as long."


def _reasons(pick: Candidate, decision: Decision) -> Iterator[str]:
    yield _measured_as(pick)
    yield from _time_left(pick)
    if pick.facts.given_up:
        yield from _without_loss(decision)
    yield from _without_slower_reads(pick, decision)
    if decision.runner_up and decision.decided_by:
        yield f"Second choice: {_in_short(decision.runner_up, pick)}. Why second: {_WHY[decision.decided_by]}."
    for other in decision.front[2 : 2 + _ALTERNATIVES]:
        yield f"Also possible: {_in_short(other, pick)}."
    yield rule(decision.constraints)


def _steady(pick: Candidate, variations: Sequence[Variation]) -> Iterator[str]:
    """In how many of the variations the pick stays first, and what is first in the others."""
    if not variations:
        return
    others = [variation for variation in variations if variation.first != pick.name]
    kept = f"It stays first in {len(variations) - len(others)} of {len(variations)}"
    if not others:
        yield f"{kept}: {'; '.join(variation.name for variation in variations)}."
    else:
        yield f"{kept}. Otherwise: {_otherwise(others)}."


def _otherwise(others: Sequence[Variation]) -> str:
    """Each that is first then, and in which of the variations."""
    firsts = dict.fromkeys(variation.first for variation in others)
    return "; ".join(
        f"{first or 'nothing fits'} at {joined([variation.name for variation in others if variation.first == first])}"
        for first in firsts
    )


def _in_short(other: Candidate, pick: Candidate) -> str:
    """Its size, its price and its losses beside those of the pick."""
    given_up = other.facts.given_up
    gives_up = "the same" if given_up == pick.facts.given_up else " and ".join(given_up) or "nothing"
    worst = other.worst_read
    if worst is None:
        reads = "its reads were not measured"
    else:
        reads = (
            f"its worst read takes {ratio_text(worst.ratio)} times as long" if worst.query else "no read gets slower"
        )
    return f"{other.name} with {other.size}; {reads}; it gives up {gives_up}"


def _none_fits(closest: Excluded, decision: Decision) -> Recommendation:
    target = decision.constraints.target_bytes
    candidate = closest.candidate
    if target is not None and all(breach.limit is Limit.TARGET and breach.measured for breach in closest.breaches):
        begin = f"Nothing measured here gets under {bytes_text(target)}"
        if len(list(_limits(decision.constraints))) > 1:
            begin = f"{begin} and keeps every other constraint"
        headline = f"{begin}; the closest is {candidate.name} with {candidate.size}."
    else:
        headline = (
            f"Nothing measured here keeps every constraint; the closest is {candidate.name}: {in_words(closest)}."
        )
    return Recommendation(
        scenario=None,
        headline=headline,
        reasons=(
            *(
                f"No trial keeps this by itself; the closest is {nearest.candidate.name}: {in_words(nearest)}."
                for nearest in decision.impossible
            ),
            "Combine strategies: `lab run --scenario first+second` measures a combination as one.",
            rule(decision.constraints),
        ),
        losses=candidate.facts.given_up,
    )


def standing(decision: Decision, candidate: Candidate) -> str:
    """Where the decision leaves a candidate, in a few words."""
    if candidate is decision.pick:
        return "the pick"
    if candidate is decision.runner_up:
        return "second choice"
    beaten = next((loser.by.name for loser in decision.dominated if loser.candidate is candidate), None)
    if beaten:
        return f"beaten by {beaten}"
    broken = next((excluded for excluded in decision.excluded if excluded.candidate is candidate), None)
    if broken:
        return in_words(broken)
    return "possible" if candidate in decision.front else "saves no more than noise" if not candidate.ranked else ""


def in_words(excluded: Excluded) -> str:
    """Which constraints it breaks, each with its number."""
    return "; ".join(_breach(breach) for breach in excluded.breaches)


def _breach(breach: Breach) -> str:  # noqa: PLR0911 - one sentence for each limit
    actual, allowed = breach.found, breach.allowed
    if breach.limit is Limit.KEEP_HISTORY:
        return f"rows go: {breach.what}"
    if breach.limit is Limit.KEEP:
        stays = "does not stay" if not actual else f"stays for {actual:.0f} days only"
        return f"{breach.what} {stays}" + ("" if allowed is None else f", and {allowed:.0f} are asked for")
    if breach.limit is Limit.TARGET:
        if actual is None or allowed is None:
            return "its growth is not known, so neither is its size at the horizon"
        return f"{bytes_text(actual)} where {bytes_text(allowed)} are allowed"
    subject = "worst read" if breach.limit is Limit.MAX_READ else "longest wait"
    if actual is None or allowed is None:
        return f"{subject} not measured"
    if breach.limit is Limit.MAX_READ:
        return f"{subject} {ratio_text(actual)} times as long where {ratio_text(allowed)} is allowed"
    return f"{subject} {duration_text(actual)} where {duration_text(allowed)} is allowed"


def _measured_as(best: Candidate) -> str:
    floor = best.noise_percent
    against = "" if floor is None else f"; two baselines differ by {floor:.2f} %"
    verification = best.trial.verification
    return (
        f"Measured on {best.trial.server}: {best.saving_percent:.1f} % smaller than the baseline{against}."
        f" {verification.checks} answers were compared: {verification.verdict.value}."
    )


def _time_left(best: Candidate) -> Iterator[str]:
    days = best.projection.days_to_target
    if days is not None:
        subject = "It" if best.facts.deletes_rows else "Without a retention it"
        yield (
            f"{subject} passes the target again in about {days:.0f} days, if growth stays the same and the strategy is applied"
            " to new rows."
        )


def _without_loss(decision: Decision) -> Iterator[str]:
    """What keeping everything would cost."""
    lossless = [candidate for candidate in decision.ranking if not candidate.facts.given_up]
    if not lossless:
        yield "No strategy that keeps everything was measured."
    elif not any(candidate in lossless for candidate in decision.front):
        smallest = min(lossless, key=lambda candidate: candidate.bytes_now)
        yield f"No strategy that keeps everything gets there; the smallest is {smallest.name} with {smallest.size}."


def _without_slower_reads(pick: Candidate, decision: Decision) -> Iterator[str]:
    """What keeping every read as fast would cost."""
    if pick.worst_read is None or not pick.worst_read.query:
        return
    fast = [candidate for candidate in decision.ranking if (worst := candidate.worst_read) and not worst.query]
    if not fast:
        yield "No strategy that keeps every read as fast was measured."
    elif not any(candidate in fast for candidate in decision.front):
        smallest = min(fast, key=lambda candidate: candidate.bytes_now)
        yield f"No strategy that keeps every read as fast gets there; the smallest is {_in_short(smallest, pick)}."
