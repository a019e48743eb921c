"""What may go wrong; each rule looks at what was seen, and has one wording."""

from __future__ import annotations

from collections.abc import Iterator

from lab.discovery.inputs import RUN, DiscoveryInputs, Measured
from lab.discovery.plan import removal_steps
from lab.discovery.statements import locks, rollback_steps
from lab.discovery.values import Risk
from lab.units import bytes_text, counted
from lab.usage.values import Reading
from lab.values import CHANGE_RATE

_LEVELS = ("high", "medium", "low")
_NEAR = 0.05
"""Share of the real size that the projected baseline may be off by."""
_UNREAD = (Reading.ELSEWHERE, Reading.NOT_READ)


def risks(inputs: DiscoveryInputs) -> tuple[Risk, ...]:
    """The highest first."""
    chosen = inputs.chosen
    found = [*_of_the_database(inputs), *(_of_the_plan(inputs, chosen) if chosen else _without_plan(inputs))]
    return tuple(sorted(found, key=lambda risk: _LEVELS.index(risk.level)))


def _of_the_database(inputs: DiscoveryInputs) -> Iterator[Risk]:
    forecast = inputs.profile.forecast
    yield Risk(
        name="Nothing is done",
        level="high" if inputs.profile.database_bytes >= forecast.target_bytes else "medium",
        what=forecast.words,
        remedy="Decide, or raise the target.",
    )
    if inputs.profile.missing:
        yield Risk(
            name="Unseen parts",
            level="low",
            what=f"The profile could not see everything: it lists {counted(len(inputs.profile.missing), 'gap')}.",
            remedy="`lab profile DSN` with a role that may read all tables.",
        )


def _without_plan(inputs: DiscoveryInputs) -> Iterator[Risk]:
    yield Risk(
        name="No strategy",
        level="high",
        what=inputs.advice.headline if inputs.advice else "Nothing was measured, so nothing is recommended.",
        remedy="Combine strategies: `lab run -s first+second`, or raise the target."
        if inputs.experiment
        else f"{RUN}, then this document again with --run.",
    )


def _of_the_plan(inputs: DiscoveryInputs, strategy: Measured) -> Iterator[Risk]:
    yield from _loss(inputs, strategy)
    yield from _way_back(strategy)
    yield from _locks(strategy)
    yield from _guarantees(strategy)
    yield from _projection(strategy)
    yield from _workload(strategy)
    yield from _edition(strategy)


def _loss(inputs: DiscoveryInputs, strategy: Measured) -> Iterator[Risk]:
    if not strategy.candidate.facts.given_up:
        return
    usage = inputs.payload_usage
    seen = f" {usage.verdict}" if usage else " Whether anybody reads it is not known: `lab usage SRC`."
    yield Risk(
        name="Lost for good",
        level="medium" if usage and usage.reading in _UNREAD else "high",
        what=f"{'; '.join(strategy.candidate.facts.given_up)}.{seen}",
        remedy="Copy it elsewhere first, or let those who could miss it say in writing that they do not.",
    )


def _way_back(strategy: Measured) -> Iterator[Risk]:
    sizes = {table: bytes_text(size) for table, size in strategy.before.items()}
    final = {
        number: step.name
        for number, step in enumerate(strategy.steps)
        if step.final or rollback_steps(step.statements, sizes)[1]
    }
    late = removal_steps(strategy.steps, strategy.candidate.facts)
    last = " The plan makes them last, after the checks of phase 104." if late >= final.keys() else ""
    if final:
        yield Risk(
            name="No way back",
            level="high",
            what=f"These steps cannot be undone: {', '.join(final.values())}.{last}",
            remedy="A restored backup on which the migration was tried, before the first of them.",
        )


def _locks(strategy: Measured) -> Iterator[Risk]:
    taken = locks(strategy.statements, strategy.before.keys())
    if taken:
        yield Risk(
            name="Locks and writers",
            level="medium",
            what=f"{'; '.join(taken)}.",
            remedy="A maintenance window without writers; seconds at full size are not known from a sample.",
        )


def _guarantees(strategy: Measured) -> Iterator[Risk]:
    losses = strategy.candidate.facts.losses
    given_up = {(loss.table, loss.column or loss.guarantee) for loss in losses if loss.rows is None}
    lost = [one for one in strategy.trial.lost if (one.table, one.column or one.definition) not in given_up]
    if lost:
        yield Risk(
            name="Lost guarantees",
            level="medium",
            what=f"The database guarantees {counted(len(lost), 'thing')} less on its tables (phase 101).",
            remedy="Constraints of the new tables, or checks in the application.",
        )


def _projection(strategy: Measured) -> Iterator[Risk]:
    near = abs(strategy.expected.before / strategy.expected.real - 1) <= _NEAR
    sample = bytes_text(strategy.candidate.control.footprint.total)
    yield Risk(
        name="Projected from a sample",
        level="low" if strategy.expected.interval and near else "medium",
        what=f"A sample of {sample} is projected {strategy.factor:.0f} times as large. {strategy.expected.error}",
        remedy="`lab run` with a larger --size; a trial on a restored backup.",
    )


def _workload(strategy: Measured) -> Iterator[Risk]:
    yield Risk(
        name="Imitated workload",
        level="medium",
        what=f"How often prices change is {_rate(strategy)}. {_by_rate(strategy)}",
        remedy="`lab run --change-rate` with other rates, and `lab profile DSN` for how much really repeats.",
    )


def _rate(strategy: Measured) -> str:
    rate = next((note for note in strategy.experiment.calibration if note.parameter == CHANGE_RATE), None)
    return "taken from the few events that the profile compared" if rate and rate.source == "profile" else "assumed"


def _by_rate(strategy: Measured) -> str:
    """How far the saving moves with the change rate, where the strategy or a part of it was measured at several."""
    rows = [row for row in strategy.results.by_parameter if row.scenario in (strategy.name, *strategy.name.split("+"))]
    if not rows:
        return "This strategy was measured at one rate only."
    rates = ", ".join(f"{rate:g}" for rate in sorted({row.value for row in rows}))
    names = ", ".join(sorted({row.scenario for row in rows}))
    savings = [row.all for row in rows]
    return f"At the rates {rates}, {names} saves between {min(savings):.1f} % and {max(savings):.1f} %."


def _edition(strategy: Measured) -> Iterator[Risk]:
    template = strategy.candidate.template
    if strategy.makes_chunks:
        version = template.capabilities.timescaledb
        yield Risk(
            name="TimescaleDB Community",
            level="medium",
            what=f"Measured on TimescaleDB {version}, {template.capabilities.timescaledb_edition} edition.",
            remedy="Check that the server it is for offers this edition.",
        )
