"""Whether the pick stays first where a number that it rests on is another one: each variation is decided anew.

At another value of a parameter of the workload, only the tables of details change. Their factor was measured for single
strategies, and a combination takes that of its part. A strategy without such a measurement stays as it is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from lab.analysis.candidate import Candidate
from lab.analysis.decision import Decision, decide
from lab.values import Completed, Constraints, Experiment, ScenarioFacts, Verdict, WorkloadFacts

_HORIZON = 30
"""Days that the target must hold where growth varies and no horizon was stated: without one, growth decides nothing.

So growth as it was measured is a variation then, too: otherwise the days would look like the growth.
"""
_PACES = (0.5, 1.0, 2.0)


@dataclass(frozen=True, kw_only=True)
class Variation:
    """One number changed, and what is first then."""

    name: str
    """Such as 'change rate 4'."""
    first: str | None
    """The pick in that case; None if nothing keeps every constraint."""


def variations(candidates: Sequence[Candidate], decision: Decision, experiment: Experiment) -> tuple[Variation, ...]:
    """Every variation that the run has numbers for; none without a pick."""
    if decision.pick is None:
        return ()
    return tuple(
        Variation(name=name, first=pick.name if (pick := decide(changed, constraints).pick) else None)
        for name, changed, constraints in _changed(candidates, decision.pick, decision.constraints, experiment)
    )


def _changed(
    candidates: Sequence[Candidate], pick: Candidate, constraints: Constraints, experiment: Experiment
) -> Iterator[tuple[str, list[Candidate], Constraints]]:
    for parameter in experiment.workload.parameters:
        for value, factors in _factors(experiment, parameter.name).items():
            at_value = [_with_details(candidate, factors, experiment.workload) for candidate in candidates]
            yield f"{parameter.name} {value:g}", at_value, constraints
    if constraints.target_bytes is not None:
        horizon = constraints.horizon_days or _HORIZON
        paces = [pace for pace in _PACES if pace != 1 or constraints.horizon_days is None]
        for pace in paces:
            growing = [_growing(candidate, pace) for candidate in candidates]
            yield f"{pace:g} x growth over {horizon} days", growing, replace(constraints, horizon_days=horizon)
    if pick.projection.size.low is not None:
        ends = [_at_end(candidate, upper=candidate is pick) for candidate in candidates]
        yield "its interval's upper end against the others' lower ends", ends, constraints


def _factors(experiment: Experiment, parameter: str) -> dict[float, dict[str, float]]:
    """By other value of the parameter and by scenario, the bytes of its details there ÷ at the run's own value."""
    sizes: defaultdict[float, dict[str, float]] = defaultdict(dict)
    for auxiliary in experiment.auxiliary_trials:
        trial = auxiliary.outcome
        if auxiliary.purpose != parameter or not isinstance(trial, Completed):
            continue
        if trial.verification.verdict is not Verdict.DIFFERS:
            by_table = {table.table: table.total for table in trial.footprint.tables}
            size = _details(by_table, experiment.scenarios[trial.scenario], experiment.workload)
            sizes[auxiliary.dataset.parameters[parameter]][trial.scenario] = size
    own = sizes.pop(experiment.plan.dataset.parameters.get(parameter, 0.0), {})
    return {
        value: {name: size / own[name] for name, size in at_value.items() if own.get(name)}
        for value, at_value in sorted(sizes.items())
    }


def _details(by_table: Mapping[str, float], facts: ScenarioFacts, workload: WorkloadFacts) -> float:
    """Bytes of the tables of details, and of those that grow with their rows."""
    return sum(size for table, size in by_table.items() if facts.origins.get(table, table) in workload.parents)


def _with_details(candidate: Candidate, factors: Mapping[str, float], workload: WorkloadFacts) -> Candidate:
    parts = [factors[part] for part in candidate.name.split("+") if part in factors]
    if not parts:
        return candidate
    size = candidate.bytes_now
    more = round((parts[0] - 1) * _details(candidate.projection.tables, candidate.facts, workload))
    resized = replace(candidate.projection, size=candidate.projection.size.shifted(more))
    return _growing(replace(candidate, projection=resized), (size + more) / size)


def _growing(candidate: Candidate, pace: float) -> Candidate:
    """With so many times the growth; a retention then stays at so many times its size."""
    per_day, steady = candidate.projection.bytes_per_day, candidate.projection.steady_bytes
    return replace(
        candidate,
        projection=replace(
            candidate.projection,
            bytes_per_day=None if per_day is None else round(pace * per_day),
            steady_bytes=None if steady is None else round(pace * steady),
        ),
    )


def _at_end(candidate: Candidate, *, upper: bool) -> Candidate:
    size = candidate.projection.size
    end = size.high if upper else size.low
    moved = size if end is None else size.shifted(end - size.bytes)
    return replace(candidate, projection=replace(candidate.projection, size=moved))
