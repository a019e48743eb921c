"""DISCOVERY.md and 100-01-SUMMARY.md: the sections of a discovery, written into a person's document."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from lab.analysis.forecast import Amount
from lab.discovery import Discovery, DiscoveryInputs, Provenance, discover
from lab.discovery.values import Opportunity, Phase, PlannedStep
from lab.report import markers
from lab.report import profile as profiles
from lab.report.page import charts
from lab.report.table import MISSING, Cell, Table, percent, seconds, share, size
from lab.report.tables import worst_read
from lab.report.templating import blocks
from lab.report.write_tables import worst_write
from lab.units import bytes_text, duration_text, interval_text

SUMMARY = "100-01-SUMMARY.md"
DOCUMENT = "DISCOVERY"
"""The usual name of the document, without its suffix; the summary beside it has its plain name."""

Renderer = Callable[[str, DiscoveryInputs, Sequence[Provenance]], str]
"""Returns the new text of a document, from its old text, the inputs and their provenance."""
PICTURES = ("full-size", "choice", "steps")
"""The charts of a run's page that the document shows."""
_TITLES = {
    "discovery.md.j2": "# Storage discovery\n",
    "discovery_summary.md.j2": "# Phase 100, plan 01: storage discovery, summary\n",
}
"""The first line of a new document; from then on it belongs to the person."""


def summary_name(document: str) -> str:
    """The name of the summary beside the document of that name: two documents in a folder have one each."""
    return SUMMARY if document == DOCUMENT else f"{document}-{SUMMARY}"


def document(before: str, inputs: DiscoveryInputs, origins: Sequence[Provenance]) -> str:
    """DISCOVERY.md with new sections; the text outside of them stays as in `before`.

    Errors: `InputError` if its markers are damaged or do not pair.
    """
    return _render("discovery.md.j2", before, inputs, origins)


def summary(before: str, inputs: DiscoveryInputs, origins: Sequence[Provenance]) -> str:
    """100-01-SUMMARY.md in the same way; errors as `document`."""
    return _render("discovery_summary.md.j2", before, inputs, origins)


def _render(template: str, before: str, inputs: DiscoveryInputs, origins: Sequence[Provenance]) -> str:
    discovery = discover(inputs)
    sections = blocks(
        template,
        profile=inputs.profile,
        experiment=inputs.experiment,
        discovery=discovery,
        headline=profiles.headline(inputs.profile),
        tables=[table for table in profiles.tables(inputs.profile) if table != profiles.storage(inputs.profile)],
        drivers=drivers(discovery),
        cheap_wins=profiles.cheap_wins(discovery.cheap_wins),
        measured=measured(discovery),
        unmeasured=unmeasured(discovery),
        steps=steps,
        dependants=dependants,
        rollbacks=rollbacks,
        watches=watches,
        risks=risks(discovery),
        sources=provenance(origins),
        pictures=_pictures(inputs),
    )
    return markers.put(before or _TITLES[template], sections)


def _pictures(inputs: DiscoveryInputs) -> dict[str, str]:
    """In Markdown, by the name of the chart; empty where the run has none."""
    drawn = {chart.name: chart for chart in (charts(inputs.results) if inputs.results else ())}
    return {
        name: f"![{drawn[name].title}. {drawn[name].words}]({inputs.plan_folder}/{name}.svg)" if name in drawn else ""
        for name in PICTURES
    }


def drivers(discovery: Discovery) -> Table:
    """The largest uses of storage."""
    return Table(
        title="Storage drivers",
        heads=("#", "what", "kind", "size", "share of the database"),
        rows=tuple(
            (str(number), driver.name, driver.kind, size(driver.bytes), share(driver.share))
            for number, driver in enumerate(discovery.drivers, 1)
        ),
        left=3,
    )


def measured(discovery: Discovery) -> Table:
    """The measured strategies, best first."""
    ranked = [opportunity for opportunity in discovery.opportunities if opportunity.expected]
    return Table(
        title="Measured",
        heads=(
            "#",
            "strategy",
            "category",
            "standing",
            "impact",
            "effort",
            "gives up, as declared",
            "size afterwards",
            "worst read",
            "worst write",
            "interval",
            "saves of the sample",
            "saves at full size",
        ),
        rows=tuple(_ranked(number, opportunity) for number, opportunity in enumerate(ranked, 1)),
        left=7,
    )


def _ranked(number: int, opportunity: Opportunity) -> tuple[Cell | str | None, ...]:
    expected = opportunity.expected
    return (
        str(number),
        f"`{opportunity.name}`",
        " + ".join(opportunity.categories),
        opportunity.standing,
        opportunity.impact.name.lower() if opportunity.impact is not None else None,
        opportunity.effort.name.lower() if opportunity.effort is not None else None,
        "; ".join(opportunity.gives_up) or "nothing",
        size(expected.after if expected else None),
        worst_read(opportunity.worst_read),
        worst_write(opportunity.worst_write),
        " to ".join(bytes_text(end) for end in expected.interval) if expected and expected.interval else None,
        percent(expected.percent if expected else None),
        size(expected.saved if expected else None),
    )


def unmeasured(discovery: Discovery) -> Table:
    """The strategies without numbers, and why."""
    return Table(
        title="Without numbers",
        heads=("strategy", "category", "what", "why it has no numbers", "touches at most"),
        rows=tuple(
            (
                f"`{opportunity.name}`" if opportunity.name != MISSING else MISSING,
                " + ".join(opportunity.categories),
                opportunity.what,
                opportunity.unmeasured,
                size(opportunity.touches),
            )
            for opportunity in discovery.opportunities
            if not opportunity.expected
        ),
        left=4,
    )


def steps(phase: Phase) -> Table:
    """The steps of a phase with their cost."""
    return Table(
        title="Steps",
        heads=(
            "#",
            "files",
            "step",
            "statements",
            "locks",
            "seconds",
            "at full size",
            "WAL",
            "peak disk",
            "size after",
            "of the sample",
        ),
        rows=tuple(_step(number, step) for number, step in enumerate(phase.steps, 1)),
        left=5,
    )


def _step(number: int, step: PlannedStep) -> tuple[Cell | str | None, ...]:
    return (
        str(number),
        ", ".join(f"`{file}`" for file in step.files) or None,
        step.name,
        step.statements,
        "; ".join(step.locks) or "none that the application notices",
        seconds(step.seconds, bare=True),
        _between(step.full_size),
        *(size(value) for value in (step.wal_bytes, step.peak_bytes, step.bytes_after)),
        share(step.share_after),
    )


def _between(amount: Amount | None) -> str | None:
    return interval_text(amount.low, amount.high, duration_text) if amount else None


def dependants(phase: Phase) -> Table:
    """The objects that depend on the tables of the strategy, and what happens to them."""
    return Table(
        title="Objects that depend on the tables",
        heads=("table", "kind", "name", "what to do"),
        rows=tuple(
            (
                affected.dependant.table,
                affected.dependant.kind.value,
                affected.dependant.name,
                affected.words or "Nothing: the files recreate it.",
            )
            for affected in phase.dependants
        ),
        left=4,
    )


def rollbacks(phase: Phase) -> Table:
    """How to undo each step."""
    return Table(
        title="Rollback",
        heads=("#", "step", "rollback"),
        rows=tuple(
            (str(number), step.name, ("**Irreversible.** " if step.irreversible else "") + " ".join(step.rollback))
            for number, step in enumerate(phase.steps, 1)
        ),
        left=3,
    )


def watches(phase: Phase) -> Table:
    """The numbers to monitor, and their thresholds."""
    return Table(
        title="What to monitor",
        heads=("what", "threshold", "how"),
        rows=tuple((watch.what, watch.threshold, watch.how) for watch in phase.watches),
        left=3,
    )


def risks(discovery: Discovery) -> Table:
    """The risks, highest first."""
    return Table(
        title="Risks",
        heads=("level", "risk", "description", "what to do"),
        rows=tuple((risk.level, risk.name, risk.what, risk.remedy) for risk in discovery.risks),
        left=4,
    )


def provenance(origins: Sequence[Provenance]) -> Table:
    """The files that the numbers come from."""
    return Table(
        title="Sources",
        heads=("what", "file", "date", "SHA-256", "command"),
        rows=tuple(
            (origin.what, f"`{origin.path}`", origin.date, origin.digest, f"`{origin.command}`") for origin in origins
        ),
        left=5,
    )
