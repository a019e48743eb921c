"""Which strategy to take, by one rule: constraints first, then dominance, then the stated preference.

1. **Constraints** are hard. A trial that breaks one is out, whatever it saves. What was not measured keeps no limit.
2. **Dominance**: a trial is out if another one is at least as good in everything that was measured of both, and better in
   something: bytes now, growth, bytes in files outside, the worst read, writes, seconds of the migration, the longest lock,
   and what is lost. Seconds are compared on one server only, and those that differ no more than two baselines count as equal.
   What was measured of one alone leaves both in.
3. **Preference**: what is under the target with its whole interval goes before what perhaps is. Then what loses no data goes
   before what gives up columns, and that before what deletes rows. Then, unless `max_read` says what reads may cost, the least
   read cost decides: the worst read of the application, its median or its 95th percentile. Reads whose intervals overlap cost
   the same. Then the fewest bytes of the database decide, and of two that are equal the fewest outside.

The same rule ranks all: first what dominance leaves, then the dominated ones, then what breaks a constraint, the nearest
first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from lab.analysis.candidate import Candidate
from lab.analysis.dominance import dominates
from lab.analysis.preference import Criterion, ordered, sieve
from lab.values import Constraints, ScenarioFacts


class Limit(StrEnum):
    """What a constraint is about."""

    TARGET = "target"
    KEEP_HISTORY = "keep history"
    KEEP = "keep"
    MAX_READ = "max read"
    MAX_LOCK = "max lock"


@dataclass(frozen=True, kw_only=True)
class Breach:
    """A constraint that a trial does not keep."""

    limit: Limit
    allowed: float | None
    """Bytes, days, ratio or seconds; None where everything must stay."""
    found: float | None
    """The same of the trial; None where it was not measured, or everything goes."""
    measured: bool = True
    """Whether that is known; what is not known cannot keep a constraint."""
    what: str = ""
    """The column that must stay, or the data that would be lost."""

    @property
    def excess(self) -> float:
        """How far it is beyond the limit, as a share of it; 1 where that is no number."""
        if self.found is None or not self.allowed:
            return 1.0
        return abs(self.found / self.allowed - 1)


@dataclass(frozen=True, kw_only=True)
class Excluded:
    """A trial and the constraints that it breaks."""

    candidate: Candidate
    breaches: tuple[Breach, ...]


@dataclass(frozen=True, kw_only=True)
class Dominated:
    """A trial and another one that is better in something and worse in nothing."""

    candidate: Candidate
    by: Candidate


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What follows from the trials and the constraints."""

    constraints: Constraints
    ranking: tuple[Candidate, ...]
    """Every verified strategy that saves more than noise, best first."""
    front: tuple[Candidate, ...]
    """Those that keep every constraint and that no other one dominates: the Pareto front, best first."""
    dominated: tuple[Dominated, ...]
    excluded: tuple[Excluded, ...]
    """The nearest first."""
    decided_by: Criterion | None
    """Why the pick goes before the runner-up; None without both."""

    @property
    def pick(self) -> Candidate | None:
        """What to take; None if nothing keeps every constraint."""
        return next(iter(self.front), None)

    @property
    def runner_up(self) -> Candidate | None:
        """The second choice among those that keep every constraint."""
        kept = len(self.front) + len(self.dominated)
        return self.ranking[1] if kept > 1 else None

    @property
    def closest(self) -> Excluded | None:
        """Where nothing keeps every constraint, what comes nearest to it."""
        return next(iter(self.excluded), None) if self.pick is None else None

    @property
    def impossible(self) -> tuple[Excluded, ...]:
        """For each constraint that no trial keeps, the one that comes closest, with that breach alone."""
        return () if self.pick else tuple(_impossible(self.excluded))


def decide(candidates: Iterable[Candidate], constraints: Constraints) -> Decision:
    """The decision among all candidates; those that are not `ranked` never compete."""
    ranked = [candidate for candidate in candidates if candidate.ranked]
    judged = [(candidate, tuple(breaches(candidate, constraints))) for candidate in ranked]
    kept = [candidate for candidate, broken in judged if not broken]
    front, dominated = _by_dominance(kept)
    best = ordered(front, constraints)
    behind = ordered([loser.candidate for loser in dominated], constraints)
    excluded = [Excluded(candidate=candidate, breaches=broken) for candidate, broken in judged if broken]
    excluded.sort(key=_distance)
    ranking = (*best, *behind, *(loser.candidate for loser in excluded))
    return Decision(
        constraints=constraints,
        ranking=ranking,
        front=tuple(best),
        dominated=tuple(dominated),
        excluded=tuple(excluded),
        decided_by=_decided_by(best, behind, constraints),
    )


def breaches(candidate: Candidate, constraints: Constraints) -> Iterator[Breach]:
    """Every constraint that the candidate does not keep."""
    yield from _target(candidate, constraints)
    yield from loss_breaches(candidate.facts, constraints)
    worst = candidate.worst_read
    yield from _at_most(Limit.MAX_READ, constraints.max_read, worst.ratio if worst else None)
    yield from _at_most(Limit.MAX_LOCK, constraints.max_lock_seconds, candidate.longest_lock_seconds)


def loss_breaches(facts: ScenarioFacts, constraints: Constraints) -> Iterator[Breach]:
    """Those that what it declares to lose breaks, before any trial."""
    if constraints.keep_history and facts.deletes_rows:
        yield Breach(limit=Limit.KEEP_HISTORY, allowed=None, found=None, what=" and ".join(facts.given_up))
    for column, days in constraints.keep.items():
        yield from _keep(facts, column, days)


def _target(candidate: Candidate, constraints: Constraints) -> Iterator[Breach]:
    """The lower end of the size is over the target, or growth until the horizon is not known."""
    target = constraints.target_bytes
    if target is None:
        return
    size = candidate.size_after(constraints.horizon_days)
    if size is None:
        yield Breach(limit=Limit.TARGET, allowed=target, found=None, measured=False)
    elif size.least >= target:
        yield Breach(limit=Limit.TARGET, allowed=target, found=size.bytes)


def _keep(facts: ScenarioFacts, column: str, days: int | None) -> Iterator[Breach]:
    """The column itself goes, is emptied too early, or its rows go."""
    for loss in (loss for loss in facts.losses if loss.guarantee is None):
        if loss.column is not None and column in (loss.column, f"{loss.table}.{loss.column}"):
            yield from _kept_days(column, days, facts.empties_after_days if loss.rows else 0)
        elif loss.column is None and facts.deletes_rows:
            yield from _kept_days(column, days, facts.keeps_days)


def _kept_days(column: str, days: int | None, kept: int | None) -> Iterator[Breach]:
    if days is None or kept is None or kept < days:
        yield Breach(limit=Limit.KEEP, allowed=days, found=kept, what=column)


def _at_most(limit: Limit, allowed: float | None, actual: float | None) -> Iterator[Breach]:
    if allowed is not None and (actual is None or actual > allowed):
        yield Breach(limit=limit, allowed=allowed, found=actual, measured=actual is not None)


def _distance(excluded: Excluded) -> tuple[int, float, int, str, str]:
    """Smaller is nearer: fewer breaches, then by how much, then bytes."""
    trial = excluded.candidate.trial
    excess = sum(breach.excess for breach in excluded.breaches)
    return len(excluded.breaches), excess, excluded.candidate.bytes_now, trial.scenario, trial.server


def _impossible(excluded: Sequence[Excluded]) -> Iterator[Excluded]:
    """A constraint that all break is impossible by itself."""
    by_trial = [
        {(breach.limit, breach.what if breach.limit is Limit.KEEP else ""): breach for breach in trial.breaches}
        for trial in excluded
    ]
    for key in by_trial[0] if by_trial else ():
        if all(key in breaches for breaches in by_trial):
            near = min(range(len(by_trial)), key=lambda at: (not by_trial[at][key].measured, by_trial[at][key].excess))
            yield Excluded(candidate=excluded[near].candidate, breaches=(by_trial[near][key],))


def _by_dominance(kept: Sequence[Candidate]) -> tuple[list[Candidate], list[Dominated]]:
    front, dominated = [], []
    for candidate in kept:
        better = next((other for other in kept if dominates(other, candidate)), None)
        if better is None:
            front.append(candidate)
        else:
            dominated.append(Dominated(candidate=candidate, by=better))
    return front, dominated


def _decided_by(best: Sequence[Candidate], behind: Sequence[Candidate], constraints: Constraints) -> Criterion | None:
    if not best or len(best) + len(behind) < 2:
        return None
    if len(best) == 1:
        return Criterion.DOMINANCE
    pick = best[0]
    steps = sieve(best[:2], constraints)
    # Among all candidates a read may have counted as equal that does not beside the runner-up alone.
    return next((criterion for criterion, left in steps if left == [pick]), Criterion.BYTES)
