"""report.md, and the part of a DISCOVERY.md that holds the tables of a run."""

from __future__ import annotations

from lab.analysis.results import Results
from lab.report import markers, migration, tables, write_tables
from lab.report.price import price
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


def pick(results: Results) -> str:
    """What to take, what it loses and what it costs, between markers."""
    return markers.section(_pick(results), "pick")


def attach_pick(document: str, results: Results) -> str:
    """The document with that section in it; as `attach`."""
    return markers.put(document, {"pick": _pick(results)})


def _pick(results: Results) -> str:
    return TEMPLATES.get_template("pick.md.j2").render(
        advice=results.advice, pick=results.pick, price=list(price(results.pick)) if results.pick else []
    )


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
