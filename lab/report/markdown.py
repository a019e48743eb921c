"""report.md, and the part of a DISCOVERY.md that holds the tables of a run."""

from __future__ import annotations

from lab.analysis.results import Results
from lab.report import markers, migration, tables, write_tables
from lab.report.templating import TEMPLATES


def report(results: Results) -> str:
    """The whole report of a run."""
    return _render("report.md.j2", results)


def section(results: Results) -> str:
    """The tables for a DISCOVERY.md, between their markers."""
    return markers.section(_render("section.md.j2", results))


def attach(document: str, results: Results) -> str:
    """The document with the lab's section in it: in place of an earlier one, else at its end.

    Errors: `InputError` where markers are damaged or do not pair; nothing outside them is ever changed.
    """
    return markers.put(document, {"": _render("section.md.j2", results)})


def _render(template: str, results: Results) -> str:
    return TEMPLATES.get_template(template).render(
        results=results,
        experiment=results.experiment,
        advice=results.advice,
        savings=tables.savings(results),
        reads=tables.reads(results),
        writes=write_tables.writes(results),
        full_size=tables.full_size(results),
        steps=migration.steps(results),
        forecasts=migration.forecasts(results),
        locks=migration.locks(results),
        waits=migration.waits(results),
        by_parameter=[
            (parameter, tables.by_parameter(results, parameter)) for parameter in results.experiment.workload.parameters
        ],
        kinds=tables.kinds(results),
    )
