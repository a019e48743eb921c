"""The plan: schema changes, application code, data migration, monitoring, each from what the recommended trial did."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from lab.discovery import statements as sql
from lab.discovery.known import KEYS, RUN, Known, Measured
from lab.discovery.monitoring import monitoring
from lab.discovery.saving import words
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


def phases(known: Known) -> tuple[Phase, ...]:
    """The four phases; without a recommendation each says so."""
    one = known.chosen
    if one is None:
        return tuple(_unplanned(known, number) for number in TITLES)
    return (_schema(one), _application(known, one), _migration(one), monitoring(one, TITLES[104]))


def _unplanned(known: Known, number: int) -> Phase:
    why = known.advice.headline if known.advice else f"Not planned: nothing was measured yet; {RUN} does."
    return Phase(number=number, title=TITLES[number], changes=(why,), saving="Not known.", risks=(), back=())


def _schema(one: Measured) -> Phase:
    groups = tuple(_groups(one))
    nothing = () if groups else ("No statement of this strategy changes a table's shape.",)
    return Phase(
        number=101,
        title=TITLES[101],
        changes=(*nothing, *(f"{group.title}: {len(group.statements)} statements." for group in groups)),
        saving="None by itself: bytes come back in phase 103, where these statements have their place in the order.",
        risks=tuple(_lost(one)),
        back=(_ADDED if groups else sql.NOTHING,),
        groups=groups,
    )


def _groups(one: Measured) -> Iterator[Group]:
    own = sql.temporary(one.statements)
    for part in (Part.ADDS, Part.REPLACES):
        found = tuple(statement.sql.strip() for statement in one.statements if sql.part(statement, own) is part)
        if found:
            yield Group(title=part.value, statements=found)


def _lost(one: Measured) -> Iterator[str]:
    keys = [guarantee for guarantee in one.trial.lost if guarantee.kind in KEYS]
    if keys:
        yield f"The database no longer guarantees: {'; '.join(key.words for key in keys)}."
    rest = len(one.trial.lost) - len(keys)
    if rest:
        yield f"{rest} other guarantees (columns, types, indexes, defaults) are gone from the tables themselves."


class _Touch(NamedTuple):
    usage: Usage
    hit: Hit


def _application(known: Known, one: Measured) -> Phase:
    touches = [_Touch(usage, hit) for usage in known.usages if _concerns(usage, one) for hit in usage.hits]
    touches = [touch for touch in touches if touch.hit.place in (Place.CODE, Place.TEST)]
    return Phase(
        number=102,
        title=TITLES[102],
        changes=(
            *one.candidate.facts.costs,
            *(f"Given up: {loss}. What needs it must change first." for loss in one.candidate.facts.given_up),
            *_places(touches),
            *_unlooked(known),
        ),
        saving=f"None in bytes: until writers use the new form, what they write grows at the old pace{_pace(one)}.",
        risks=("A place that is not listed fails when it writes to, or reads, what is no longer there.",),
        back=("Deploy the version before, as long as phase 103 has not removed anything.",),
    )


def _concerns(usage: Usage, one: Measured) -> bool:
    """Whether the strategy changes that column of one of its tables."""
    columns = {(guarantee.table, guarantee.column) for guarantee in one.trial.lost}
    return any((table, usage.column) in columns for table in usage.tables)


def _places(touches: list[_Touch]) -> Iterator[str]:
    for touch in touches[:_MOST_HITS]:
        hit = touch.hit
        yield f"`{hit.path}:{hit.line}` {_DOES[hit.access]} `{touch.usage.column}` ({hit.how})."
    if len(touches) > _MOST_HITS:
        yield f"{len(touches) - _MOST_HITS} more places: `lab usage` lists all."


def _unlooked(known: Known) -> Iterator[str]:
    if not known.usages:
        yield "Files and lines that must change: not known, no sources were looked through (--usage SRC)."


def _pace(one: Measured) -> str:
    pace = one.experiment.case.growth_bytes_per_day
    return "" if pace is None else f" of {bytes_text(pace)} a day"


def _migration(one: Measured) -> Phase:
    moves = tuple(_move(one, step, held) for step, held in zip(one.steps, one.held, strict=True))
    return Phase(
        number=103,
        title=TITLES[103],
        changes=(
            "Stop the writers, or copy afterwards what came in meanwhile: the migration was measured with nobody writing.",
            _circumstances(one, len(moves)),
            _room(one),
        ),
        saving=words(one.expected),
        risks=tuple(_final(moves)),
        back=("Each step's is in the table; take a backup first, because not every step has one.",),
        moves=moves,
    )


def _circumstances(one: Measured, steps: int) -> str:
    environment = one.experiment.environment
    return (
        f"Then {steps} steps in this order, as measured on {bytes_text(one.candidate.control.footprint.total)}"
        f" ({one.trial.server}, {environment.machine}, {environment.cores} cores); the full size is {one.factor:.0f} times"
        " that. Seconds are of a sample that fits into memory and are not scaled: measure them with a larger `--size`"
        " before a night is planned."
    )


def _room(one: Measured) -> str:
    peak = max((step.peak_bytes for step in one.steps if step.peak_bytes is not None), default=None)
    if peak is None:
        return "Room on the disk: the largest size on the way could not be seen on that server."
    share = peak / one.candidate.control.footprint.total
    return (
        f"Room on the disk: at most {bytes_text(peak)} on the way, {share:.2f} times the sample before it;"
        f" in proportion about {bytes_text(_scaled(one, share))} at full size, WAL apart."
    )


def _scaled(one: Measured, share: float) -> float:
    """That share of the sample in the full database, beside what the strategy does not touch."""
    return share * sum(one.before.values()) + one.candidate.before.untouched


def _final(moves: tuple[Move, ...]) -> Iterator[str]:
    names = [f"{number} ({move.name})" for number, move in enumerate(moves, 1) if move.final]
    if names:
        yield f"Steps without a way back: {', '.join(names)}."
    locked = {
        number: move.seconds for number, move in enumerate(moves, 1) if any("nobody" in one for one in move.locks)
    }
    if locked:
        seconds = sum(taken for taken in locked.values() if taken is not None)
        yield (
            f"Steps that keep the application from writing, or reading: {', '.join(map(str, locked))};"
            f" together at most {seconds:.2f} s on the sample."
        )


def _move(one: Measured, step: StepRecord, held: dict[str, int]) -> Move:
    sizes = {table: bytes_text(size) for table, size in held.items() if table in one.before}
    back, final = sql.ways_back(step.statements, sizes)
    return Move(
        name=step.name,
        statements=sql.summary(step.statements),
        seconds=step.seconds,
        wal_bytes=step.wal_bytes,
        peak_bytes=step.peak_bytes,
        bytes_after=step.footprint.total,
        share_after=step.footprint.total / one.candidate.control.footprint.total,
        locks=sql.locks(step.statements, sizes.keys()),
        back=back,
        final=final,
    )
