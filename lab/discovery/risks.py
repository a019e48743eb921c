"""What may go wrong, by fixed rules over the inputs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from lab.analysis.reads import slower_reads
from lab.discovery.inputs import DiscoveryInputs, MeasuredStrategy
from lab.discovery.locks import NOT_MEASURED, blocks, lock_words
from lab.discovery.statements import rollback_steps
from lab.discovery.values import Risk
from lab.units import bytes_text, counted, ratio_text
from lab.usage.values import Reading
from lab.values import CHANGE_RATE, Profile

_LEVELS = ("high", "medium", "low")
_NEAR = 0.05
"""Largest difference of the projected baseline from the real size at which the level is low."""
_SLOW = 2.0
"""A read or a write that takes so many times as long is felt by people who wait for it."""
_UNREAD = (Reading.ELSEWHERE, Reading.NOT_READ)


def risks(inputs: DiscoveryInputs) -> tuple[Risk, ...]:
    """The highest first."""
    strategy = inputs.recommended
    of_the_plan = _of_the_plan(inputs, strategy) if strategy else _without_plan(inputs)
    return tuple(sorted((*_of_the_database(inputs), *of_the_plan), key=lambda risk: _LEVELS.index(risk.level)))


def _of_the_database(inputs: DiscoveryInputs) -> Iterator[Risk]:
    forecast = inputs.profile.forecast
    yield Risk(
        name="Doing nothing",
        level=_pressing(inputs.profile),
        what=forecast.words,
        remedy="Choose a strategy, or raise the target." if forecast.target_bytes else "Set a target with --target.",
    )
    if inputs.profile.missing:
        yield Risk(
            name="Incomplete profile",
            level="low",
            what=f"The profile lists {counted(len(inputs.profile.missing), 'gap')}.",
            remedy="`lab profile DSN` with a role that may read all tables.",
        )


def _pressing(profile: Profile) -> Literal["high", "medium", "low"]:
    target = profile.forecast.target_bytes
    if target is None:
        return "low"
    return "high" if profile.database_bytes >= target else "medium"


def _without_plan(inputs: DiscoveryInputs) -> Iterator[Risk]:
    yield Risk(
        name="No strategy",
        level="high",
        what=inputs.advice.headline if inputs.advice else "Nothing was measured, so nothing is recommended.",
        remedy="Combine strategies with `lab run -s first+second`, or raise the target."
        if inputs.experiment
        else inputs.measure,
    )


def _of_the_plan(inputs: DiscoveryInputs, strategy: MeasuredStrategy) -> Iterator[Risk]:
    yield from _loss(inputs, strategy)
    yield from _reads(strategy)
    yield from _writes(strategy)
    yield from _rollback(strategy)
    yield from _locks(strategy)
    yield from _guarantees(strategy)
    yield from _files_outside(strategy)
    yield from _projection(strategy)
    yield from _workload(strategy)
    yield from _edition(strategy)


def _loss(inputs: DiscoveryInputs, strategy: MeasuredStrategy) -> Iterator[Risk]:
    if not strategy.candidate.facts.given_up:
        return
    usage = inputs.payload_usage
    readers = (
        f" {usage.verdict}"
        if usage
        else " Whether anybody reads this is unknown: no application sources were searched."
    )
    yield Risk(
        name="Lost for good",
        level="medium" if usage and usage.reading in _UNREAD else "high",
        what=f"The plan gives up {'; '.join(strategy.candidate.facts.given_up)}.{readers}",
        remedy="Copy the data elsewhere first, or get the written consent of everybody who may need it.",
    )


def _reads(strategy: MeasuredStrategy) -> Iterator[Risk]:
    """What the application feels at every read, from then on."""
    worst = strategy.candidate.worst_read
    if worst is None:
        yield Risk(
            name="Reads",
            level="medium",
            what="What the strategy costs in reads was not measured.",
            remedy="Measure it with `lab run --read-seconds 4`.",
        )
    elif worst.query:
        yield Risk(
            name="Slower reads",
            level="high" if worst.ratio >= _SLOW else "medium",
            what=f"{worst.called} takes {ratio_text(worst.ratio)} times as long. In all,"
            f" {counted(len(slower_reads(strategy.candidate.reads or ())), 'query', 'queries')} of the application get slower.",
            remedy="Say what is acceptable with `--max-read`, or take a strategy of the ranking whose reads cost less.",
        )


def _writes(strategy: MeasuredStrategy) -> Iterator[Risk]:
    """What the application feels at every write, from then on."""
    worst = strategy.candidate.worst_write
    if worst is None:
        yield Risk(
            name="Writes",
            level="medium",
            what="What the strategy costs in writes was not measured.",
            remedy="Measure it with `lab run --write-seconds 4`.",
        )
    elif worst.query:
        yield Risk(
            name="Slower writes",
            level="high" if worst.ratio is None or worst.ratio <= 1 / _SLOW else "medium",
            what=f"{worst.words}.",
            remedy="Compare its rows per second with what the application stores at its peak, or take a strategy whose writes"
            " cost less.",
        )


def _rollback(strategy: MeasuredStrategy) -> Iterator[Risk]:
    sizes = {table: bytes_text(size) for table, size in strategy.before.items()}
    irreversible = {
        number: step.name
        for number, step in enumerate(strategy.steps)
        if step.final or rollback_steps(step.statements, sizes)[1]
    }
    all_last = strategy.removal_steps >= irreversible.keys()
    last = " The plan executes them last, after the checks of phase 104." if all_last else ""
    if irreversible:
        yield Risk(
            name="No rollback",
            level="high",
            what=f"These steps cannot be undone: {', '.join(irreversible.values())}.{last}",
            remedy="Before the first of them, take a backup, restore it, and try the migration on the copy.",
        )


def _locks(strategy: MeasuredStrategy) -> Iterator[Risk]:
    tables = strategy.before.keys()
    words = lock_words(strategy.statements, tables)
    if blocks(strategy.statements, tables) is not False:
        yield Risk(
            name="Locks",
            level="medium",
            what="What the application waits for was not measured. `lab run` measures it."
            if words == (NOT_MEASURED,)
            else f"{'; '.join(words)}.",
            remedy="Plan a maintenance window without writers, as long as the steps that hold these locks take at full size.",
        )


def _guarantees(strategy: MeasuredStrategy) -> Iterator[Risk]:
    losses = strategy.candidate.facts.losses
    given_up = {(loss.table, loss.column or loss.guarantee) for loss in losses if loss.rows is None}
    lost = [
        guarantee
        for guarantee in strategy.trial.lost
        if (guarantee.table, guarantee.column or guarantee.definition) not in given_up
    ]
    if lost:
        yield Risk(
            name="Lost guarantees",
            level="medium",
            what=f"Besides what is given up, the tables lose {counted(len(lost), 'guarantee')} (phase 101).",
            remedy="Add constraints to the new tables, or checks to the application.",
        )


def _files_outside(strategy: MeasuredStrategy) -> Iterator[Risk]:
    if strategy.candidate.has_files:
        yield Risk(
            name="Files outside of the database",
            level="high",
            what=f"A file that is lost is a loss of data, and a backup of the database does not hold it."
            f" {strategy.candidate.facts.archive_words}".rstrip(),
            remedy="Let backups cover the files too, and restore both once before the first final step.",
        )


def _projection(strategy: MeasuredStrategy) -> Iterator[Risk]:
    near = abs(strategy.expected.before / strategy.expected.real - 1) <= _NEAR
    sample = bytes_text(strategy.candidate.control.footprint.total)
    yield Risk(
        name="Projected from a sample",
        level="low" if strategy.expected.interval and near else "medium",
        what=f"A sample of {sample} is projected to {strategy.factor:.0f} times its size. {strategy.expected.error}",
        remedy="Measure with a larger --size, and try the plan on a restored backup.",
    )


def _workload(strategy: MeasuredStrategy) -> Iterator[Risk]:
    yield Risk(
        name="Generated workload",
        level="medium",
        what=f"The rate of price changes is {_rate(strategy)}. {_by_rate(strategy)}",
        remedy="Measure other rates with `lab run --change-rate`. `lab profile DSN` measures how much really repeats.",
    )


def _rate(strategy: MeasuredStrategy) -> str:
    rate = next((note for note in strategy.experiment.calibration if note.parameter == CHANGE_RATE), None)
    return "taken from the few events that the profile compared" if rate and rate.source == "profile" else "assumed"


def _by_rate(strategy: MeasuredStrategy) -> str:
    """How the saving depends on the change rate, if the strategy or a part of it was measured at several rates."""
    parts = (strategy.name, *strategy.name.split("+"))
    rows = [row for row in strategy.results.by_parameter if row.parameter == CHANGE_RATE and row.scenario in parts]
    if not rows:
        return "This strategy was measured at one rate only."
    rates = ", ".join(f"{rate:g}" for rate in sorted({row.value for row in rows}))
    names = ", ".join(sorted({row.scenario for row in rows}))
    savings = [row.all for row in rows]
    return f"At the rates {rates}, {names} saves between {min(savings):.1f} % and {max(savings):.1f} %."


def _edition(strategy: MeasuredStrategy) -> Iterator[Risk]:
    template = strategy.candidate.template
    if strategy.makes_chunks:
        version = template.capabilities.timescaledb
        yield Risk(
            name="TimescaleDB Community",
            level="medium",
            what=f"Measured on TimescaleDB {version}, {template.capabilities.timescaledb_edition} edition.",
            remedy="Check that the production server offers this edition.",
        )
