"""Every way to save that is known, by impact and effort; what the run did not measure is named with the command for it.

Impact is the saving at full size: under the target on its own (with its whole interval), at least 25 %, at least 5 %, above
the noise floor, or none. Effort is what the application must do, by what its tables no longer guarantee afterwards: keys
are gone or new tables took their place (high), columns or rows are gone (medium), nothing (low).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lab.analysis.projection import tables_without_ages
from lab.analysis.results import Results
from lab.analysis.rows import TrialResult, differences
from lab.discovery.inputs import KEYS, DiscoveryInputs, Measured
from lab.discovery.values import Effort, Impact, Opportunity, Proposal
from lab.values import Category, Experiment, LoadedTemplate, Profile, ScenarioFacts, Shape, TableProfile, Verdict

_HIGH, _MEDIUM = 25.0, 5.0
_NOT_YET = {
    Category.PARTITION: "Partitions by day, so that what expires is dropped instead of deleted: frees nothing by itself"
}
"""Ways to save for which the lab has no strategy."""
_NO_STRATEGY = "Not measured: the lab has no such strategy; one is a file in `scenarios/`."


def opportunities(inputs: DiscoveryInputs) -> tuple[Opportunity, ...]:
    """Measured ones first, best first; then what was not measured, by the bytes that it could touch."""
    measured = sorted((_measured(strategy) for strategy in inputs.strategies), key=_rank)
    return (*measured, *_without_numbers(inputs), *_proposed(inputs))


def _rank(opportunity: Opportunity) -> tuple[int, int, int]:
    """Smaller is better: more impact, then less effort, then more bytes."""
    return (
        -(opportunity.impact or 0),
        opportunity.effort or 0,
        -(opportunity.expected.saved if opportunity.expected else 0),
    )


def _measured(strategy: Measured) -> Opportunity:
    differs = strategy.trial.verification.verdict is Verdict.DIFFERS
    facts = strategy.candidate.facts
    return Opportunity(
        name=strategy.name,
        categories=_categories(strategy.experiment, strategy.name),
        what=facts.title,
        touches=None,
        expected=None if differs else strategy.expected,
        impact=None if differs else impact(strategy),
        effort=None if differs else effort(strategy),
        gives_up=facts.given_up,
        unmeasured=f"Not ranked, its answers differ: {differences(strategy.trial)}" if differs else "",
    )


def impact(strategy: Measured) -> Impact:
    """By rules: see the module's first lines."""
    expected = strategy.expected
    share = 100 * expected.saved / expected.before
    if expected.percent <= (expected.noise_percent or 0.0):
        return Impact.NONE
    if expected.most < strategy.experiment.case.target_bytes:
        return Impact.DECISIVE
    return Impact.HIGH if share >= _HIGH else Impact.MEDIUM if share >= _MEDIUM else Impact.LOW


def effort(strategy: Measured) -> Effort:
    """By rules: see the module's first lines."""
    facts, lost = strategy.candidate.facts, strategy.trial.lost
    if _replaces(facts) or any(guarantee.kind in KEYS for guarantee in lost):
        return Effort.HIGH
    return Effort.MEDIUM if lost or facts.given_up else Effort.LOW


def _replaces(facts: ScenarioFacts) -> bool:
    """Whether new tables or views take the place of tables."""
    return bool(facts.origins) or any(shape is not Shape.TABLE for shape in facts.changes.values())


def _categories(experiment: Experiment, name: str) -> tuple[str, ...]:
    """Of a combination, those of its parts where the run knows them."""
    parts = [experiment.scenarios[part].category for part in name.split("+") if part in experiment.scenarios]
    return tuple(dict.fromkeys(parts)) or (experiment.scenarios[name].category,)


def _without_numbers(inputs: DiscoveryInputs) -> Iterator[Opportunity]:
    """What the run skipped, where it broke, and what cannot be projected."""
    results = inputs.results
    for row in results.trials if results else ():
        if results and not (row.control and row.projection) and row.facts.category is not Category.CONTROL:
            yield _named(results, row)


def _named(results: Results, row: TrialResult) -> Opportunity:
    return Opportunity(
        name=row.outcome.scenario,
        categories=_categories(results.experiment, row.outcome.scenario),
        what=row.facts.title,
        touches=None,
        expected=None,
        impact=None,
        effort=None,
        gives_up=row.facts.given_up,
        unmeasured=_reason(results.experiment, row),
    )


def _reason(run: Experiment, row: TrialResult) -> str:
    if row.sized:
        return f"Measured, but not projected: {_unprojected(run, row, row.sized.template)}."
    return f"Not measured, {row.outcome.kind}: {row.reason}"


def _unprojected(run: Experiment, row: TrialResult, template: LoadedTemplate) -> str:
    days = row.facts.keeps_days or row.facts.empties_after_days
    if row.control is None:
        return f"there is no baseline beside it on {template.server}"
    if days is None:
        return "the profile does not tell the rows that it is projected by"
    tables = ", ".join(tables_without_ages(run.case, template, days))
    return f"the profile does not tell how many rows of {tables} are of the last {days} days"


def _proposed(inputs: DiscoveryInputs) -> Iterator[Opportunity]:
    """What the run has no trial of."""
    tried = {outcome.scenario for outcome in inputs.experiment.outcomes} if inputs.experiment else set()
    for proposal in inputs.proposals:
        if proposal.name not in tried:
            touched = touched_bytes(proposal, inputs.profile)
            why = f"Not measured: `lab run -s {proposal.name}`."
            yield _unmeasured(proposal.name, proposal.category, proposal.what, touched, why)
    for category, what in _NOT_YET.items():
        if all(proposal.category is not category for proposal in inputs.proposals):
            yield _unmeasured("–", category, what, None, _NO_STRATEGY)  # noqa: RUF001 - a dash, not a minus


def _unmeasured(name: str, category: Category, what: str, touches: int | None, why: str) -> Opportunity:
    return Opportunity(
        name=name,
        categories=(category,),
        what=what,
        touches=touches,
        expected=None,
        impact=None,
        effort=None,
        gives_up=(),
        unmeasured=why,
    )


def touched_bytes(proposal: Proposal, profile: Profile) -> int | None:
    """Bytes of the profile that a strategy could touch: of its columns, of what is older than it keeps, or of its tables."""
    if proposal.columns:
        columns = ((f"{table.table}.{column.name}", column) for table in profile.tables for column in table.columns)
        return _sum([column.stored_bytes for name, column in columns if name in proposal.columns])
    tables = [table for table in profile.tables if table.table in proposal.tables]
    if proposal.keeps_days is not None:
        return _sum([older_bytes(table, proposal.keeps_days) for table in tables])
    return _sum([table.total_bytes for table in tables])


def older_bytes(table: TableProfile, days: int) -> int | None:
    """Bytes older than so many days: as seen, or in proportion to the rows where only these were counted."""
    cut = next((cut for cut in table.retention if cut.days == days), None)
    if cut is None or cut.bytes_older is not None or cut.rows_older is None:
        return cut.bytes_older if cut else None
    return round(table.total_bytes * cut.rows_older / table.rows) if table.rows and table.total_bytes else None


def _sum(sizes: Sequence[int | None]) -> int | None:
    known = [size for size in sizes if size is not None]
    return sum(known) if known else None
