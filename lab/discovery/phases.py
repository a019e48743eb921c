"""The plan: schema changes, application code, data migration, monitoring, each from what the recommended trial did."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from lab.discovery import statements as sql
from lab.discovery.inputs import KEYS, RUN, DiscoveryInputs, Measured
from lab.discovery.monitoring import monitoring
from lab.discovery.statements import Part
from lab.discovery.values import Group, Move, Phase
from lab.units import bytes_text
from lab.usage.values import Access, Hit, Place, Usage
from lab.values import StepRecord

TITLES = {101: "schema changes", 102: "application code", 103: "data migration", 104: "monitoring"}
_DOES = {
    Access.READ: "reads",
    Access.WRITE: "writes",
    Access.DECLARE: "declares",
    Access.UNCLEAR: "perhaps touches",
}
_ADDED = "What is added can be dropped again as long as nothing writes there; what is removed has its way back in 103."
_MOST_HITS = 40
"""Places that are listed; the rest is counted."""


def phases(inputs: DiscoveryInputs) -> tuple[Phase, ...]:
    """The four phases; without a recommendation each says so."""
    chosen = inputs.chosen
    if chosen is None:
        return tuple(_unplanned(inputs, number) for number in TITLES)
    return (_schema(chosen), _application(inputs, chosen), _migration(chosen), monitoring(chosen, TITLES[104]))


def _unplanned(inputs: DiscoveryInputs, number: int) -> Phase:
    why = inputs.advice.headline if inputs.advice else f"Not planned: nothing was measured yet; {RUN} does."
    return Phase(number=number, title=TITLES[number], changes=(why,), saving="Not inputs.", risks=(), back=())


def _schema(strategy: Measured) -> Phase:
    groups = tuple(_groups(strategy))
    nothing = () if groups else ("No statement of this strategy changes a table's shape.",)
    return Phase(
        number=101,
        title=TITLES[101],
        changes=(*nothing, *(f"{group.title}: {len(group.statements)} statements." for group in groups)),
        saving="None by itself: bytes come back in phase 103, where these statements have their place in the order.",
        risks=tuple(_lost(strategy)),
        back=(_ADDED if groups else sql.NOTHING,),
        groups=groups,
    )


def _groups(strategy: Measured) -> Iterator[Group]:
    own = sql.temporary(strategy.statements)
    for part in (Part.ADDS, Part.REPLACES):
        found = tuple(statement.sql.strip() for statement in strategy.statements if sql.part(statement, own) is part)
        if found:
            yield Group(title=part.value, statements=found)


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
            *strategy.candidate.facts.costs,
            *(f"Given up: {loss}. What needs it must change first." for loss in strategy.candidate.facts.given_up),
            *_places(touches),
            *_unlooked(inputs),
        ),
        saving=f"None in bytes: until writers use the new form, what they write grows at the old pace{_pace(strategy)}.",
        risks=("A place that is not listed fails when it writes to, or reads, what is no longer there.",),
        back=("Deploy the version before, as long as phase 103 has not removed anything.",),
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


def _migration(strategy: Measured) -> Phase:
    moves = tuple(_move(strategy, step, held) for step, held in zip(strategy.steps, strategy.held, strict=True))
    return Phase(
        number=103,
        title=TITLES[103],
        changes=(
            "Stop the writers, or copy afterwards what came in meanwhile: the migration was measured with nobody writing.",
            _circumstances(strategy, len(moves)),
            _room(strategy),
        ),
        saving=strategy.expected.words,
        risks=tuple(_final(moves)),
        back=("Each step's is in the table; take a backup first, because not every step has one.",),
        moves=moves,
    )


def _circumstances(strategy: Measured, steps: int) -> str:
    environment, sample = strategy.experiment.environment, bytes_text(strategy.candidate.control.footprint.total)
    return (
        f"Then {steps} steps in this order, as measured on {sample}"
        f" ({strategy.trial.server}, {environment.machine}, {environment.cores} cores); the full size is"
        f" {strategy.factor:.0f} times that. Seconds are of a sample that fits into memory and are not scaled:"
        " measure them with a larger `--size` before a night is planned."
    )


def _room(strategy: Measured) -> str:
    peak = max((step.peak_bytes for step in strategy.steps if step.peak_bytes is not None), default=None)
    if peak is None:
        return "Room on the disk: the largest size on the way could not be seen on that server."
    share = peak / strategy.candidate.control.footprint.total
    return (
        f"Room on the disk: at most {bytes_text(peak)} on the way, {share:.2f} times the sample before it;"
        f" in proportion about {bytes_text(_scaled(strategy, share))} at full size, WAL apart."
    )


def _scaled(strategy: Measured, share: float) -> float:
    """That share of the sample in the full database, beside what the strategy does not touch."""
    return share * sum(strategy.before.values()) + strategy.candidate.before.untouched


def _final(moves: tuple[Move, ...]) -> Iterator[str]:
    names = [f"{number} ({move.name})" for number, move in enumerate(moves, 1) if move.final]
    if names:
        yield f"Steps without a way back: {', '.join(names)}."
    locked = {
        number: move.seconds for number, move in enumerate(moves, 1) if any("nobody" in lock for lock in move.locks)
    }
    if locked:
        seconds = sum(taken for taken in locked.values() if taken is not None)
        yield (
            f"Steps that keep the application from writing, or reading: {', '.join(map(str, locked))};"
            f" together at most {seconds:.2f} s on the sample."
        )


def _move(strategy: Measured, step: StepRecord, held: dict[str, int]) -> Move:
    sizes = {table: bytes_text(size) for table, size in held.items() if table in strategy.before}
    back, final = sql.rollback_steps(step.statements, sizes)
    return Move(
        name=step.name,
        statements=sql.summary(step.statements),
        seconds=step.seconds,
        wal_bytes=step.wal_bytes,
        peak_bytes=step.peak_bytes,
        bytes_after=step.footprint.total,
        share_after=step.footprint.total / strategy.candidate.control.footprint.total,
        locks=sql.locks(step.statements, sizes.keys()),
        back=back,
        final=final,
    )
