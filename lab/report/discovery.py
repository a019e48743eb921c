"""DISCOVERY.md and 100-01-SUMMARY.md: what a discovery says, section by section, in a person's document."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from lab.discovery import Discovery, DiscoveryInputs, Source, discover
from lab.discovery.values import Move, Opportunity, Phase
from lab.report import markers
from lab.report import profile as profiles
from lab.report.table import MISSING, Cell, Table, percent, seconds, share, size
from lab.report.templating import blocks
from lab.units import bytes_text

SUMMARY = "100-01-SUMMARY.md"

Maker = Callable[[str, DiscoveryInputs, Sequence[Source]], str]
"""Makes a document anew from its text before."""
_TITLES = {
    "discovery.md.j2": "# Storage discovery\n",
    "discovery_summary.md.j2": "# Phase 100, plan 01: storage discovery, summary\n",
}
"""What a new document begins with; it belongs to the person from then on."""


def document(before: str, inputs: DiscoveryInputs, sources: Sequence[Source]) -> str:
    """DISCOVERY.md with every section written anew, and everything outside of them as in `before`.

    Errors: `InputError` where its markers are damaged or do not pair.
    """
    return _written("discovery.md.j2", before, inputs, sources)


def summary(before: str, inputs: DiscoveryInputs, sources: Sequence[Source]) -> str:
    """100-01-SUMMARY.md in the same way; errors as `document`."""
    return _written("discovery_summary.md.j2", before, inputs, sources)


def _written(template: str, before: str, inputs: DiscoveryInputs, sources: Sequence[Source]) -> str:
    found = discover(inputs)
    sections = blocks(
        template,
        profile=inputs.profile,
        experiment=inputs.experiment,
        discovery=found,
        headline=profiles.headline(inputs.profile),
        tables=[table for table in profiles.tables(inputs.profile) if table != profiles.storage(inputs.profile)],
        drivers=drivers(found),
        measured=measured(found),
        unmeasured=unmeasured(found),
        moves=moves,
        dependants=dependants,
        back=back,
        watches=watches,
        risks=risks(found),
        sources=source_table(sources),
    )
    return markers.put(before or _TITLES[template], sections)


def drivers(found: Discovery) -> Table:
    """The largest uses of storage."""
    return Table(
        title="Storage drivers",
        heads=("", "what", "kind", "size", "share of the database"),
        rows=tuple(
            (str(number), driver.name, driver.kind, size(driver.bytes), share(driver.share))
            for number, driver in enumerate(found.drivers, 1)
        ),
        left=3,
    )


def measured(found: Discovery) -> Table:
    """What has numbers, best first."""
    ranked = [opportunity for opportunity in found.opportunities if opportunity.expected]
    return Table(
        title="Measured",
        heads=(
            "",
            "strategy",
            "category",
            "impact",
            "effort",
            "gives up, as declared",
            "saves of the sample",
            "at full size",
            "then",
            "between",
        ),
        rows=tuple(_ranked(number, opportunity) for number, opportunity in enumerate(ranked, 1)),
        left=6,
    )


def _ranked(number: int, opportunity: Opportunity) -> tuple[Cell | str | None, ...]:
    expected = opportunity.expected
    return (
        str(number),
        f"`{opportunity.name}`",
        " + ".join(opportunity.categories),
        opportunity.impact.name.lower() if opportunity.impact is not None else None,
        opportunity.effort.name.lower() if opportunity.effort is not None else None,
        "; ".join(opportunity.gives_up) or "nothing",
        percent(expected.percent if expected else None),
        size(expected.saved if expected else None),
        size(expected.after if expected else None),
        " and ".join(bytes_text(end) for end in expected.interval) if expected and expected.interval else None,
    )


def unmeasured(found: Discovery) -> Table:
    """What is only named, and why."""
    return Table(
        title="Without numbers",
        heads=("strategy", "category", "what", "why it has no numbers", "bytes that it touches"),
        rows=tuple(
            (
                f"`{opportunity.name}`" if opportunity.name != MISSING else MISSING,
                " + ".join(opportunity.categories),
                opportunity.what,
                opportunity.unmeasured,
                size(opportunity.touches),
            )
            for opportunity in found.opportunities
            if not opportunity.expected
        ),
        left=4,
    )


def moves(phase: Phase) -> Table:
    """The steps of a migration with what each took."""
    return Table(
        title="Steps",
        heads=("", "file", "step", "statements", "locks", "seconds", "WAL", "peak disk", "size after", "of the sample"),
        rows=tuple(_move(number, move) for number, move in enumerate(phase.moves, 1)),
        left=5,
    )


def _move(number: int, move: Move) -> tuple[Cell | str | None, ...]:
    return (
        str(number),
        f"`{move.file}`" if move.file else None,
        move.name,
        move.statements,
        "; ".join(move.locks) or "none that the application notices",
        seconds(move.seconds, bare=True),
        *(size(value) for value in (move.wal_bytes, move.peak_bytes, move.bytes_after)),
        share(move.share_after),
    )


def dependants(phase: Phase) -> Table:
    """What depends on the tables of the strategy, and what becomes of it."""
    return Table(
        title="What depends on the tables",
        heads=("table", "what", "name", "after the plan"),
        rows=tuple(
            (one.dependant.table, one.dependant.kind.value, one.dependant.name, one.words or "The files make it again.")
            for one in phase.dependants
        ),
        left=4,
    )


def back(phase: Phase) -> Table:
    """How each step is undone."""
    return Table(
        title="Way back",
        heads=("", "step", "way back"),
        rows=tuple(
            (str(number), move.name, ("**Final.** " if move.irreversible else "") + " ".join(move.back))
            for number, move in enumerate(phase.moves, 1)
        ),
        left=3,
    )


def watches(phase: Phase) -> Table:
    """What to look at, and from which value on to worry."""
    return Table(
        title="What to watch",
        heads=("what", "threshold", "how"),
        rows=tuple((watch.what, watch.threshold, watch.how) for watch in phase.watches),
        left=3,
    )


def risks(found: Discovery) -> Table:
    """The highest first."""
    return Table(
        title="Risks",
        heads=("level", "risk", "what", "what to do"),
        rows=tuple((risk.level, risk.name, risk.what, risk.remedy) for risk in found.risks),
        left=4,
    )


def source_table(sources: Sequence[Source]) -> Table:
    """Where every number comes from."""
    return Table(
        title="Sources",
        heads=("what", "file", "taken", "SHA-256", "made again with"),
        rows=tuple(
            (source.what, f"`{source.path}`", source.date, source.digest, f"`{source.command}`") for source in sources
        ),
        left=5,
    )
