"""Every strategy, in the ranking of the run's decision; an unmeasured one is named with the command that measures it.

Impact is the saving at full size: under the target with the whole interval (decisive), at least 25 % (high), at least 5 %
(medium), above the noise floor (low), or none. Effort is how much the application must change, by the guarantees that its
tables lose: keys are lost or new tables replace old ones (high), columns or rows are lost or move into files (medium), nothing
of that (low).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lab.analysis.projection import tables_without_ages
from lab.analysis.recommendation import standing
from lab.analysis.results import Results
from lab.analysis.rows import TrialResult
from lab.discovery.inputs import KEYS, DiscoveryInputs, MeasuredStrategy
from lab.discovery.values import ApplicationEffort, Impact, Opportunity, Proposal
from lab.values import Category, Experiment, LoadedTemplate, Profile, ScenarioFacts, Shape, TableProfile, Verdict

_HIGH, _MEDIUM = 25.0, 5.0


def opportunities(inputs: DiscoveryInputs) -> tuple[Opportunity, ...]:
    """Measured strategies first, best first; then those without numbers, in the order of the run, then of the proposals."""
    ranks = (
        {id(candidate.trial): rank for rank, candidate in enumerate(inputs.results.decision.ranking)}
        if inputs.results
        else {}
    )
    unranked = len(ranks)
    ordered = sorted(
        inputs.strategies,
        key=lambda strategy: (ranks.get(id(strategy.trial), unranked), strategy.candidate.bytes_now),
    )
    return (*map(_measured, ordered), *_without_numbers(inputs), *_proposed(inputs))


def _measured(strategy: MeasuredStrategy) -> Opportunity:
    facts = strategy.candidate.facts
    return Opportunity(
        name=strategy.name,
        categories=_categories(strategy.experiment, strategy.name),
        what=facts.title,
        touches=None,
        expected=strategy.expected,
        standing=standing(strategy.results.decision, strategy.candidate),
        worst_read=strategy.candidate.worst_read,
        worst_write=strategy.candidate.worst_write,
        impact=impact(strategy),
        effort=effort(strategy),
        gives_up=facts.given_up,
        unmeasured="",
    )


def impact(strategy: MeasuredStrategy) -> Impact:
    """By the rules in this module's docstring."""
    expected = strategy.expected
    share = 100 * expected.saved / expected.before
    if expected.percent <= (expected.noise_percent or 0.0):
        return Impact.NONE
    target = strategy.experiment.case.target_bytes
    if target is not None and expected.most < target:
        return Impact.DECISIVE
    return Impact.HIGH if share >= _HIGH else Impact.MEDIUM if share >= _MEDIUM else Impact.LOW


def effort(strategy: MeasuredStrategy) -> ApplicationEffort:
    """By the rules in this module's docstring."""
    facts, lost = strategy.candidate.facts, strategy.trial.lost
    if _replaces(facts) or any(guarantee.kind in KEYS for guarantee in lost):
        return ApplicationEffort.HIGH
    return ApplicationEffort.MEDIUM if lost or facts.given_up or facts.archives else ApplicationEffort.LOW


def _replaces(facts: ScenarioFacts) -> bool:
    """Whether new tables or views replace tables."""
    return bool(facts.origins) or any(shape is not Shape.TABLE for shape in facts.changes.values())


def _categories(experiment: Experiment, name: str) -> tuple[str, ...]:
    """Of a combination, the categories of its parts if the run records them."""
    parts = [experiment.scenarios[part].category for part in name.split("+") if part in experiment.scenarios]
    return tuple(dict.fromkeys(parts)) or (experiment.scenarios[name].category,)


def _without_numbers(inputs: DiscoveryInputs) -> Iterator[Opportunity]:
    """Strategies that the run skipped, that failed, whose answers differ, or that cannot be projected."""
    results = inputs.results
    for row in results.trials if results else ():
        if results and not (row.control and row.projection) and row.facts.category is not Category.CONTROL:
            yield _without_projection(results, row)


def _without_projection(results: Results, row: TrialResult) -> Opportunity:
    return Opportunity(
        name=row.outcome.scenario,
        categories=_categories(results.experiment, row.outcome.scenario),
        what=row.facts.title,
        touches=None,
        expected=None,
        standing="",
        worst_read=None,
        worst_write=None,
        impact=None,
        effort=None,
        gives_up=row.facts.given_up,
        unmeasured=_reason(results.experiment, row),
    )


def _reason(run: Experiment, row: TrialResult) -> str:
    if row.verdict is Verdict.DIFFERS:
        return f"Not ranked, because its answers differ: {row.reason}"
    if row.sized:
        return f"Measured, but not projected: {_unprojected(run, row, row.sized.template)}."
    return f"Not measured, {row.outcome.kind}: {row.reason}"


def _unprojected(run: Experiment, row: TrialResult, template: LoadedTemplate) -> str:
    days = row.facts.keeps_days or row.facts.leaves_after_days
    if row.control is None:
        return f"no baseline was measured on {template.server}"
    if days is None:
        return "the profile lacks the row counts that the projection needs"
    tables = ", ".join(tables_without_ages(run.case, template, days))
    return f"the profile does not tell how many rows of {tables} are from the last {days} days"


def _proposed(inputs: DiscoveryInputs) -> Iterator[Opportunity]:
    """Strategies of which the run has no trial."""
    trial_names = {outcome.scenario for outcome in inputs.experiment.outcomes} if inputs.experiment else set()
    for proposal in inputs.proposals:
        if proposal.name not in trial_names:
            touches = touched_bytes(proposal, inputs.profile)
            why = f"Not measured: `lab run -s {proposal.name}`."
            yield _unmeasured(proposal.name, proposal.category, proposal.what, touches, why)


def _unmeasured(name: str, category: Category, what: str, touches: int | None, why: str) -> Opportunity:
    return Opportunity(
        name=name,
        categories=(category,),
        what=what,
        touches=touches,
        expected=None,
        standing="",
        worst_read=None,
        worst_write=None,
        impact=None,
        effort=None,
        gives_up=(),
        unmeasured=why,
    )


def touched_bytes(proposal: Proposal, profile: Profile) -> int | None:
    """Bytes of the profile that a strategy could touch: its columns, the rows that it would delete, or its tables."""
    if proposal.columns:
        columns = ((f"{table.table}.{column.name}", column) for table in profile.tables for column in table.columns)
        return _sum([column.stored_bytes for name, column in columns if name in proposal.columns])
    tables = [table for table in profile.tables if table.table in proposal.tables]
    if proposal.keeps_days is not None:
        return _sum([older_bytes(table, proposal.keeps_days) for table in tables])
    return _sum([table.total_bytes for table in tables])


def older_bytes(table: TableProfile, days: int) -> int | None:
    """Bytes older than `days` days: as profiled, or in proportion to the rows if only these were counted."""
    cut = next((cut for cut in table.retention if cut.days == days), None)
    if cut is None or cut.bytes_older is not None or cut.rows_older is None:
        return cut.bytes_older if cut else None
    return round(table.total_bytes * cut.rows_older / table.rows) if table.rows and table.total_bytes else None


def _sum(sizes: Sequence[int | None]) -> int | None:
    numbers = [size for size in sizes if size is not None]
    return sum(numbers) if numbers else None
