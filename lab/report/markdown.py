"""report.md with the findings, a file for each of its appendices, and the part of a DISCOVERY.md that holds the findings."""

from __future__ import annotations

from collections.abc import Iterable

from lab.analysis.reads import ReadResult
from lab.analysis.results import Results
from lab.analysis.writes import WriteResult
from lab.report import markers, migration, tables, write_tables
from lab.report.price import in_short
from lab.report.templating import TEMPLATES


def report(results: Results) -> str:
    """What a run found."""
    return _findings("report.md.j2", results)


def reads(results: Results) -> str:
    """Each query that takes longer or shorter than before."""
    titles = _titles(read for row in results.measured for read in row.reads or ())
    return _render("reads.md.j2", results, reads=tables.reads(results), titles=titles)


def writes(results: Results) -> str:
    """What each write costs."""
    titles = _titles(write for row in results.measured for write in row.writes or ())
    return _render("writes.md.j2", results, writes=write_tables.writes(results), titles=titles)


def migrations(results: Results) -> str:
    """The steps, on the sample and at full size, and their locks."""
    return _render(
        "migrations.md.j2",
        results,
        steps=migration.steps(results),
        forecasts=migration.forecasts(results),
        locks=migration.locks(results),
        waits=migration.waits(results),
    )


def sizes(results: Results) -> str:
    """The bytes by table and kind, and how they depend on the workload."""
    return _render(
        "sizes.md.j2",
        results,
        kinds=tables.kinds(results),
        by_parameter=[
            (parameter, tables.by_parameter(results, parameter)) for parameter in results.experiment.workload.parameters
        ],
    )


def trials(results: Results) -> str:
    """What was checked of each trial, and the SQL as executed."""
    return _render("trials.md.j2", results)


def section(results: Results) -> str:
    """The tables for a DISCOVERY.md, between their markers."""
    return markers.section(_findings("section.md.j2", results))


def attach(document: str, results: Results) -> str:
    """The document with the lab's section in it: in place of an earlier one, else at its end.

    Errors: `InputError` where markers are damaged or do not pair; nothing outside them is ever changed.
    """
    return markers.put(document, {"": _findings("section.md.j2", results)})


def pick(results: Results) -> str:
    """What to take, what it loses and what it costs, between markers."""
    return markers.section(_pick(results), "pick")


def attach_pick(document: str, results: Results) -> str:
    """The document with that section in it; as `attach`."""
    return markers.put(document, {"pick": _pick(results)})


def _pick(results: Results) -> str:
    return TEMPLATES.get_template("pick.md.j2").render(
        advice=results.advice, pick=results.pick, price=in_short(results)
    )


def _titles(several: Iterable[ReadResult | WriteResult]) -> list[str]:
    """What each of them is, in the order of the workload; nothing of an older run."""
    return list(dict.fromkeys(f"{result.query}: {result.title}" for result in several if result.title))


def _findings(template: str, results: Results) -> str:
    return _render(
        template, results, advice=results.advice, savings=tables.savings(results), full_size=tables.full_size(results)
    )


def _render(template: str, results: Results, **more: object) -> str:
    return TEMPLATES.get_template(template).render(results=results, experiment=results.experiment, **more)
