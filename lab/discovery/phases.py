"""The plan: schema changes, application code, data migration, monitoring, each from what the recommended trial did."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import NamedTuple

from lab.discovery.inputs import KEYS, RUN, DiscoveryInputs, Measured
from lab.discovery.migration import migration
from lab.discovery.monitoring import monitoring
from lab.discovery.plan.dependants import AffectedDependant, affected
from lab.discovery.values import Phase
from lab.units import bytes_text, counted
from lab.usage.values import Access, Hit, Place, Usage
from lab.values import RequirementAnswer, Shape, StatementKind

TITLES = {101: "schema changes", 102: "application code", 103: "data migration", 104: "monitoring"}
_DOES = {
    Access.READ: "reads",
    Access.WRITE: "writes",
    Access.DECLARE: "declares",
    Access.UNCLEAR: "perhaps touches",
}
_MOST_HITS = 40
"""Places that are listed; the rest is counted."""


def phases(inputs: DiscoveryInputs) -> tuple[Phase, ...]:
    """The four phases; without a recommendation each says so."""
    chosen = inputs.chosen
    if chosen is None:
        return tuple(_unplanned(inputs, number) for number in TITLES)
    return (
        _schema(inputs, chosen),
        _application(inputs, chosen),
        migration(inputs, chosen, TITLES[103]),
        monitoring(inputs, chosen, TITLES[104]),
    )


def _unplanned(inputs: DiscoveryInputs, number: int) -> Phase:
    why = inputs.advice.headline if inputs.advice else f"Not planned: nothing was measured yet; {RUN} does."
    return Phase(number=number, title=TITLES[number], changes=(why,), saving="Not known.", risks=(), back=())


def _schema(inputs: DiscoveryInputs, strategy: Measured) -> Phase:
    shapes = tuple(_shapes(strategy))
    hanging = _hanging(inputs, strategy)
    return Phase(
        number=101,
        title=TITLES[101],
        changes=(
            *(shapes or ("The tables keep their shape.",)),
            *_required(inputs, strategy),
            *_unknown_dependants(inputs),
        ),
        saving="None by itself: bytes come back in phases 103 and 104.",
        risks=(*_lost(strategy), *_by_hand(hanging)),
        back=("Nothing to undo: this phase only asks.",),
        dependants=hanging,
    )


def _shapes(strategy: Measured) -> Iterator[str]:
    """What stands under each table's name afterwards, and what is new."""
    for table, shape in strategy.candidate.facts.changes.items():
        if shape is not Shape.TABLE:
            yield f"`{table}` becomes a {shape.value} in phase 103."
    if new := sorted({one.table for one in strategy.trial.footprint.tables} - strategy.trial.rows.keys()):
        yield f"New tables: {', '.join(f'`{name}`' for name in new)}."


def _required(inputs: DiscoveryInputs, strategy: Measured) -> Iterator[str]:
    """What must hold, and whether that was asked of this database."""
    names = [one.name for one in strategy.statements if one.kind is StatementKind.REQUIREMENT]
    answers = {answer.name: answer for answer in inputs.checked.requirements} if inputs.checked else {}
    for name in dict.fromkeys(names):
        yield f"Required: {name}.{_answered(answers.get(name), inputs.profile.name)}"
    if names:
        yield (
            f"The file of this phase asks all {len(names)} and stops at the first that does not hold. `lab check DSN"
            f" --strategy {shlex.quote(strategy.name)}` asks them read-only, and of every one."
        )


def _answered(answer: RequirementAnswer | None, database: str) -> str:
    if answer is None:
        return ""
    if answer.broken is None:
        return f" In {database}: not known. {answer.reason}"
    return f" In {database}: it holds." if answer.holds else f" In {database}: {answer.broken:,} rows break it."


def _hanging(inputs: DiscoveryInputs, strategy: Measured) -> tuple[AffectedDependant, ...]:
    return affected(strategy.trial, strategy.candidate.facts, inputs.dependants or ())


def _by_hand(hanging: tuple[AffectedDependant, ...]) -> Iterator[str]:
    if count := sum(one.fate == "by hand" for one in hanging):
        yield f"The files do not make again {counted(count, 'object')} that depend on the tables: see the table below."


def _unknown_dependants(inputs: DiscoveryInputs) -> Iterator[str]:
    if inputs.dependants is None:
        yield "Views, grants, triggers and what else depends on the tables: not known; `lab profile DSN` reads them."


def _lost(strategy: Measured) -> Iterator[str]:
    keys = [guarantee for guarantee in strategy.trial.lost if guarantee.kind in KEYS]
    if keys:
        yield f"The database no longer guarantees: {'; '.join(key.words for key in keys)}."
    rest = len(strategy.trial.lost) - len(keys)
    if rest:
        yield f"{rest} other guarantees (columns, types, indexes, defaults) are gone from the tables themselves."


class _Touch(NamedTuple):
    usage: Usage
    hit: Hit


def _application(inputs: DiscoveryInputs, strategy: Measured) -> Phase:
    touches = [_Touch(usage, hit) for usage in inputs.usages if _concerns(usage, strategy) for hit in usage.hits]
    touches = [touch for touch in touches if touch.hit.place in (Place.CODE, Place.TEST)]
    return Phase(
        number=102,
        title=TITLES[102],
        changes=(
            *strategy.candidate.costs,
            *(f"Given up: {loss}. What needs it must change first." for loss in strategy.candidate.facts.given_up),
            *_places(touches),
            *_unlooked(inputs),
        ),
        saving=f"None in bytes: until writers use the new form, what they write grows at the old pace{_pace(strategy)}.",
        risks=("A place that is not listed fails when it reads or writes what is no longer there.",),
        back=("Deploy the version before, as long as phase 104 has not removed anything.",),
    )


def _concerns(usage: Usage, strategy: Measured) -> bool:
    """Whether the strategy changes that column of one of its tables."""
    columns = {(guarantee.table, guarantee.column) for guarantee in strategy.trial.lost}
    return any((table, usage.column) in columns for table in usage.tables)


def _places(touches: list[_Touch]) -> Iterator[str]:
    for touch in touches[:_MOST_HITS]:
        hit = touch.hit
        yield f"`{hit.path}:{hit.line}` {_DOES[hit.access]} `{touch.usage.column}` ({hit.how})."
    if len(touches) > _MOST_HITS:
        yield f"{len(touches) - _MOST_HITS} more places: `lab usage` lists all."


def _unlooked(inputs: DiscoveryInputs) -> Iterator[str]:
    if not inputs.usages:
        yield "Files and lines that must change: not known, no sources were looked through (--usage SRC)."


def _pace(strategy: Measured) -> str:
    pace = strategy.experiment.case.growth_bytes_per_day
    return "" if pace is None else f" of {bytes_text(pace)} a day"
