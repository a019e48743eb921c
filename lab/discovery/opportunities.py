"""Every way to save that is known, by impact and effort; what the run did not measure is named with the command for it.

Impact is the saving at full size: under the target on its own (with its whole interval), at least 25 %, at least 5 %, above
the noise floor, or none. Effort is what the application must do, by what its tables no longer guarantee afterwards: keys
are gone or new tables took their place (high), columns or rows are gone (medium), nothing (low).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from lab.analysis.projection import tables_without_ages
from lab.analysis.results import Results
from lab.analysis.rows import TrialResult, differences
from lab.discovery.inputs import KEYS, DiscoveryInputs, Measured
from lab.discovery.values import Effort, Impact, Opportunity
from lab.values import Category, Experiment, LoadedTemplate, Profile, Verdict

_HIGH, _MEDIUM = 25.0, 5.0


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """What can be tried on any database of odds, before anything was measured."""

    category: str
    scenario: str | None
    """The lab's strategy for it, None where there is none."""
    what: str
    touches: Callable[[DiscoveryInputs], int | None]
    """Bytes of the profile that it could touch."""


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
    if facts.origins or any(guarantee.kind in KEYS for guarantee in lost):
        return Effort.HIGH
    return Effort.MEDIUM if lost or facts.given_up else Effort.LOW


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
    days = row.facts.keeps_days
    if row.control is None:
        return f"there is no baseline beside it on {template.server}"
    if days is None:
        return "the profile does not tell the rows that it is projected by"
    tables = ", ".join(tables_without_ages(run.case, template, days))
    return f"the profile does not tell how many rows of {tables} are of the last {days} days"


def _proposed(inputs: DiscoveryInputs) -> Iterator[Opportunity]:
    """What the run has no trial of."""
    tried = {outcome.scenario for outcome in inputs.experiment.outcomes} if inputs.experiment else set()
    for proposal in PROPOSALS:
        if proposal.scenario not in tried:
            yield Opportunity(
                name=proposal.scenario or "–",  # noqa: RUF001 - a dash, not a minus
                categories=(proposal.category,),
                what=proposal.what,
                touches=proposal.touches(inputs),
                expected=None,
                impact=None,
                effort=None,
                gives_up=(),
                unmeasured=_how(proposal),
            )


def _how(proposal: Proposal) -> str:
    if proposal.scenario is None:
        return "Not measured on its own: the lab has no such strategy yet; one is a file in `scenarios/`."
    return f"Not measured: `lab run -s {proposal.scenario}`."


def _payloads(inputs: DiscoveryInputs) -> int | None:
    return _sum([column.stored_bytes for _, column in inputs.columns(named=inputs.payload)])


def _markets(inputs: DiscoveryInputs) -> int | None:
    return _tables(inputs, {series.markets for series in inputs.profile.series})


def _series(inputs: DiscoveryInputs) -> int | None:
    return _tables(inputs, {name for series in inputs.profile.series for name in (series.snapshots, series.markets)})


def _tables(inputs: DiscoveryInputs, names: set[str]) -> int | None:
    return _sum([table.total_bytes for table in inputs.profile.tables if table.table in names])


def _older(inputs: DiscoveryInputs) -> int | None:
    return _sum([older_bytes(inputs.profile, table.table) for table in inputs.profile.tables])


def older_bytes(profile: Profile, table: str) -> int | None:
    """Bytes of a table older than 7 days: as seen, or in proportion to its rows where only these were counted."""
    found = profile.of(table)
    week = next((cut for cut in found.retention if cut.days == 7), None) if found else None
    if found is None or week is None:
        return None
    if week.bytes_older is not None or not found.rows or found.total_bytes is None or week.rows_older is None:
        return week.bytes_older
    return round(found.total_bytes * week.rows_older / found.rows)


def _sum(sizes: list[int | None]) -> int | None:
    known = [size for size in sizes if size is not None]
    return sum(known) if known else None


PROPOSALS = (
    Proposal(
        category="Eliminate",
        scenario="drop_raw_response",
        what="Drop the column of whole responses, then rewrite its tables",
        touches=_payloads,
    ),
    Proposal(
        category="Compress",
        scenario="hypertable_compression",
        what="Columnstore for snapshots and market rows (TimescaleDB Community)",
        touches=_series,
    ),
    Proposal(
        category="Compress",
        scenario="toast_lz4",
        what="Compress whole responses with lz4",
        touches=_payloads,
    ),
    Proposal(
        category="Normalize",
        scenario="outcome_normalization_snapshot",
        what="One row per snapshot with its odds in an array, markets in a lookup",
        touches=_markets,
    ),
    Proposal(
        category="Partition",
        scenario=None,
        what="Partitions by day, so that what expires is dropped instead of deleted: frees nothing by itself",
        touches=_series,
    ),
    Proposal(
        category="Retain",
        scenario="retention_7d",
        what="Keep 7 days",
        touches=_older,
    ),
)
"""One way at least for each category."""
