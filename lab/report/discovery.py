"""DISCOVERY.md and 100-01-SUMMARY.md: what a discovery says, section by section, in a person's document."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from lab.discovery import Discovery, Known, Source, discover
from lab.discovery.values import Move, Opportunity, Phase
from lab.report import markers
from lab.report import profile as profiles
from lab.report.table import MISSING, Cell, Table, percent, seconds, share, size
from lab.report.templating import blocks
from lab.units import bytes_text

SUMMARY = "100-01-SUMMARY.md"

Maker = Callable[[str, Known, Sequence[Source]], str]
"""Makes a document anew from its text before."""
_TITLES = {
    "discovery.md.j2": "# Storage discovery\n",
    "discovery_summary.md.j2": "# Phase 100, plan 01: storage discovery, summary\n",
}
"""What a new document begins with; it belongs to the person from then on."""


def document(before: str, known: Known, sources: Sequence[Source]) -> str:
    """DISCOVERY.md with every section written anew, and everything outside of them as in `before`.

    Errors: `InputError` where its markers are damaged or do not pair.
    """
    return _written("discovery.md.j2", before, known, sources)


def summary(before: str, known: Known, sources: Sequence[Source]) -> str:
    """100-01-SUMMARY.md in the same way; errors as `document`."""
    return _written("discovery_summary.md.j2", before, known, sources)


def _written(template: str, before: str, known: Known, sources: Sequence[Source]) -> str:
    found = discover(known)
    sections = blocks(
        template,
        profile=known.profile,
        experiment=known.experiment,
        discovery=found,
        headline=profiles.headline(known.profile),
        tables=[table for table in profiles.tables(known.profile) if table != profiles.storage(known.profile)],
        drivers=drivers(found),
        measured=measured(found),
        unmeasured=unmeasured(found),
        moves=moves,
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
            (str(number), one.name, one.kind, size(one.bytes), share(one.share))
            for number, one in enumerate(found.drivers, 1)
        ),
        left=3,
    )


def measured(found: Discovery) -> Table:
    """What has numbers, best first."""
    ranked = [one for one in found.opportunities if one.expected]
    return Table(
        title="Measured",
        heads=(
            "",
            "strategy",
            "category",
            "impact",
            "effort",
            "gives up",
            "saves of the sample",
            "at full size",
            "then",
            "between",
        ),
        rows=tuple(_ranked(number, one) for number, one in enumerate(ranked, 1)),
        left=6,
    )


def _ranked(number: int, one: Opportunity) -> tuple[Cell | str | None, ...]:
    expected = one.expected
    return (
        str(number),
        f"`{one.name}`",
        " + ".join(one.categories),
        one.impact.name.lower() if one.impact is not None else None,
        one.effort.name.lower() if one.effort is not None else None,
        "; ".join(one.gives_up) or "nothing",
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
                f"`{one.name}`" if one.name != MISSING else MISSING,
                " + ".join(one.categories),
                one.what,
                one.unmeasured,
                size(one.touches),
            )
            for one in found.opportunities
            if not one.expected
        ),
        left=4,
    )


def moves(phase: Phase) -> Table:
    """The steps of a migration with what each took."""
    return Table(
        title="Steps",
        heads=("", "step", "statements", "locks", "seconds", "WAL", "peak disk", "size after", "of the sample"),
        rows=tuple(_move(number, one) for number, one in enumerate(phase.moves, 1)),
        left=4,
    )


def _move(number: int, one: Move) -> tuple[Cell | str, ...]:
    return (
        str(number),
        one.name,
        one.statements,
        "; ".join(one.locks) or "none that the application notices",
        seconds(one.seconds, bare=True),
        *(size(value) for value in (one.wal_bytes, one.peak_bytes, one.bytes_after)),
        share(one.share_after),
    )


def back(phase: Phase) -> Table:
    """How each step is undone."""
    return Table(
        title="Way back",
        heads=("", "step", "way back"),
        rows=tuple(
            (str(number), one.name, ("**Final.** " if one.final else "") + " ".join(one.back))
            for number, one in enumerate(phase.moves, 1)
        ),
        left=3,
    )


def watches(phase: Phase) -> Table:
    """What to look at, and from which value on to worry."""
    return Table(
        title="What to watch",
        heads=("what", "threshold", "how"),
        rows=tuple((one.what, one.threshold, one.how) for one in phase.watches),
        left=3,
    )


def risks(found: Discovery) -> Table:
    """The highest first."""
    return Table(
        title="Risks",
        heads=("level", "risk", "what", "what to do"),
        rows=tuple((one.level, one.name, one.what, one.remedy) for one in found.risks),
        left=4,
    )


def source_table(sources: Sequence[Source]) -> Table:
    """Where every number comes from."""
    return Table(
        title="Sources",
        heads=("what", "file", "taken", "SHA-256", "made again with"),
        rows=tuple((one.what, f"`{one.path}`", one.date, one.digest, f"`{one.command}`") for one in sources),
        left=5,
    )
