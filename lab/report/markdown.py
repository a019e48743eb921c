"""report.md, savings.csv, and the part of a DISCOVERY.md that the lab writes."""

from __future__ import annotations

from lab.analysis import comparison
from lab.analysis.outlook import rest_of
from lab.analysis.recommendation import recommend
from lab.report import markers, tables
from lab.report.templating import TEMPLATES
from lab.values import Experiment


def report(experiment: Experiment) -> str:
    """The whole report of a run."""
    return _render("report.md.j2", experiment)


def section(experiment: Experiment) -> str:
    """The tables for a DISCOVERY.md, between their markers."""
    return markers.section(_render("section.md.j2", experiment))


def attach(document: str, experiment: Experiment) -> str:
    """The document with the lab's section in it: in place of an earlier one, else at its end.

    Errors: `InputError` where markers are damaged or do not pair; nothing outside them is ever changed.
    """
    return markers.put(document, {"": _render("section.md.j2", experiment)})


def csv(experiment: Experiment) -> str:
    """savings.csv: one line per trial, bytes as integers, an empty cell where nothing was measured."""
    frame = comparison.savings(experiment)
    return str(frame.round({"saving_percent": 3, "apply_seconds": 3}).to_csv(index=False, lineterminator="\n"))


def _render(template: str, experiment: Experiment) -> str:
    return TEMPLATES.get_template(template).render(
        experiment=experiment,
        advice=recommend(experiment),
        noise=comparison.noise(experiment),
        completed=[trial for trial in comparison.completed(experiment) if trial.repeat == 1],
        missing=[outcome for outcome in experiment.outcomes if outcome.kind != "completed"],
        differences=comparison.differences,
        reason=comparison.reason,
        broken=comparison.broken(experiment),
        tables=tables,
        rest=rest_of(experiment.case, experiment.templates[0]) if experiment.templates else None,
        planned=len(experiment.plan.trials),
    )
