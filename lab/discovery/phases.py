"""The plan in four phases, derived from the trial of the recommended strategy."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import NamedTuple

from lab.discovery.inputs import KEYS, DiscoveryInputs, MeasuredStrategy
from lab.discovery.migration import aside_command, migration
from lab.discovery.monitoring import monitoring
from lab.discovery.plan import READ, WRITING
from lab.discovery.plan.dependants import AffectedDependant, affected
from lab.discovery.values import Phase
from lab.units import bytes_text, counted, joined
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
"""At most so many places are listed; the rest is counted."""


def phases(inputs: DiscoveryInputs) -> tuple[Phase, ...]:
    """The four phases; without a recommendation each says so."""
    strategy = inputs.recommended
    if strategy is None:
        return tuple(_unplanned(inputs, number) for number in TITLES)
    return (
        _schema(inputs, strategy),
        _application(inputs, strategy),
        migration(inputs, strategy, TITLES[103]),
        monitoring(inputs, strategy, TITLES[104]),
    )


def _unplanned(inputs: DiscoveryInputs, number: int) -> Phase:
    why = (
        inputs.advice.headline
        if inputs.advice
        else f"There is no plan, because nothing was measured. {inputs.measuring}"
    )
    return Phase(number=number, title=TITLES[number], changes=(why,), saving="Not known.", risks=(), rollback=())


def _schema(inputs: DiscoveryInputs, strategy: MeasuredStrategy) -> Phase:
    shapes = tuple(_shapes(strategy))
    dependants = _affected(inputs, strategy)
    return Phase(
        number=101,
        title=TITLES[101],
        changes=(
            *(shapes or ("Every table stays a plain table.",)),
            *_required(inputs, strategy),
            *_unknown_dependants(inputs),
        ),
        saving="None by itself. Phases 103 and 104 free the bytes.",
        risks=(*_lost(strategy), *_manual(dependants)),
        rollback=("Nothing to undo: this phase only reads.",),
        dependants=dependants,
    )


def _shapes(strategy: MeasuredStrategy) -> Iterator[str]:
    """What each table becomes, and the new tables."""
    for table, shape in strategy.candidate.facts.changes.items():
        if shape is not Shape.TABLE:
            yield f"`{table}` becomes a {shape.value} in phase 103."
    if new := sorted({table.table for table in strategy.trial.footprint.tables} - strategy.trial.rows.keys()):
        yield f"New tables: {', '.join(f'`{name}`' for name in new)}."


def _required(inputs: DiscoveryInputs, strategy: MeasuredStrategy) -> Iterator[str]:
    """The requirements, with the answers of this database if it was checked."""
    names = [statement.name for statement in strategy.statements if statement.kind is StatementKind.REQUIREMENT]
    answers = {answer.name: answer for answer in check.requirements} if (check := inputs.applicable_check) else {}
    for name in dict.fromkeys(names):
        yield f"Requirement: {name}.{_answer(answers.get(name), inputs.profile.name)}"
    if names:
        yield (
            f"The file of this phase checks all {len(names)} and stops at the first that does not hold. `lab check DSN"
            f" --strategy {shlex.quote(strategy.name)}` checks every requirement and only reads."
        )


def _answer(answer: RequirementAnswer | None, database: str) -> str:
    if answer is None:
        return ""
    if answer.broken is None:
        return f" Not known in {database}: {answer.reason}"
    return (
        f" It holds in {database}."
        if answer.holds
        else f" It does not hold in {database} for {counted(answer.broken, 'row')}."
    )


def _affected(inputs: DiscoveryInputs, strategy: MeasuredStrategy) -> tuple[AffectedDependant, ...]:
    return affected(strategy.trial, strategy.candidate.facts, inputs.dependants or ())


def _manual(dependants: tuple[AffectedDependant, ...]) -> Iterator[str]:
    if count := sum(dependant.fate == "manual" for dependant in dependants):
        yield f"The files do not recreate {counted(count, 'dependent object')}. The table below says what to do."


def _unknown_dependants(inputs: DiscoveryInputs) -> Iterator[str]:
    if inputs.dependants is None:
        yield (
            "The profile does not tell which views, grants, triggers and other objects depend on the tables."
            " `lab profile DSN` reads them."
        )


def _lost(strategy: MeasuredStrategy) -> Iterator[str]:
    keys = [guarantee for guarantee in strategy.trial.lost if guarantee.kind in KEYS]
    if keys:
        yield f"The tables lose these keys: {'; '.join(key.words for key in keys)}."
    rest = len(strategy.trial.lost) - len(keys)
    if rest:
        yield f"The tables lose {counted(rest, 'other guarantee')} (columns, types, indexes, defaults)."


class _Touch(NamedTuple):
    usage: Usage
    hit: Hit


def _application(inputs: DiscoveryInputs, strategy: MeasuredStrategy) -> Phase:
    touches = [_Touch(usage, hit) for usage in inputs.usages if _concerns(usage, strategy) for hit in usage.hits]
    touches = [touch for touch in touches if touch.hit.place in (Place.CODE, Place.TEST)]
    return Phase(
        number=102,
        title=TITLES[102],
        changes=(
            *strategy.candidate.costs,
            *(
                f"The plan gives up {loss}. Change the code that needs it first."
                for loss in strategy.candidate.facts.given_up
            ),
            *_by_client(inputs),
            *_places(touches),
            *_unsearched(inputs),
        ),
        saving=f"None. Until the writers use the new form, the data grows at the old pace{_pace(strategy)}.",
        risks=("Code that is not listed here fails when it reads or writes something that was removed.",),
        rollback=("Deploy the previous version. This works until phase 104 removes something.",),
    )


def _by_client(inputs: DiscoveryInputs) -> Iterator[str]:
    """How the application reads what a client packed or moved, and how it writes."""
    if READ in inputs.library.asides:
        yield (
            f"How to read what a client packed or moved: {aside_command(inputs, READ, ' TABLE.COLUMN KEY...')} prints texts."
            " A reader in Python calls the same: `open_owned(DSN)` of `lab.owned`, and its `texts(scenario, column, keys)`."
        )
    if inputs.has_file(WRITING):
        yield (
            f"How to write afterwards: `{inputs.plan_folder}/{WRITING}` has the statements with which the trial wrote. Once"
            " phase 103 is done, `psql DSN -f` executes it and changes nothing: it shows that they fit the tables."
        )
    if writers := [table for table, writing in inputs.library.writing.items() if writing.client]:
        yield (
            f"A writer of {joined(writers)} does a client's work itself, in the transaction that inserts. The strategy's file in"
            " `scenarios/` has the Python (`Writing.client`) that was measured. There is no program for it, because it belongs"
            " into the application."
        )


def _concerns(usage: Usage, strategy: MeasuredStrategy) -> bool:
    """Whether the strategy changes that column of one of its tables."""
    columns = {(guarantee.table, guarantee.column) for guarantee in strategy.trial.lost}
    return any((table, usage.column) in columns for table in usage.tables)


def _places(touches: list[_Touch]) -> Iterator[str]:
    for touch in touches[:_MOST_HITS]:
        hit = touch.hit
        yield f"`{hit.path}:{hit.line}` {_DOES[hit.access]} `{touch.usage.column}` ({hit.how})."
    if len(touches) > _MOST_HITS:
        yield f"There are {len(touches) - _MOST_HITS} more places. `lab usage` lists all."


def _unsearched(inputs: DiscoveryInputs) -> Iterator[str]:
    if not inputs.usages:
        yield "The files and lines that must change are unknown, because no application sources were searched. Pass --usage SRC."


def _pace(strategy: MeasuredStrategy) -> str:
    pace = strategy.experiment.case.growth_bytes_per_day
    return "" if pace is None else f" of {bytes_text(pace)} a day"
