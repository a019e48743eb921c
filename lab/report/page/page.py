"""report.html, from results: one file that opens from disk and reads without JavaScript."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Container, Iterator
from importlib.resources import files

from markupsafe import Markup

from lab.analysis.results import Results
from lab.report.page import choice, drawing, growth, sizes, work
from lab.report.page.chart import Chart
from lab.report.page.forecasts import forecasts
from lab.report.page.json_columns import json_columns_of
from lab.report.page.rows import columns, rows
from lab.report.page.shell import shell
from lab.report.price import price

_CHARTS = (
    sizes.full_size,
    choice.choice,
    sizes.tables_today,
    json_columns_of,
    sizes.leaves,
    work.steps,
    growth.growth,
    work.reads,
    forecasts,
)
"""In the order of the page, the first one on the first screen; one that a run has nothing for is left out."""
_SCRIPT = (files("lab.report") / "templates" / "page.js").read_text(encoding="utf-8")


def page(results: Results) -> str:
    """The whole page of a run."""
    drawn = [(chart, drawing.svg(chart.spec)) for chart in charts(results)]
    return shell(
        "page.html.j2",
        results=results,
        experiment=results.experiment,
        advice=results.advice,
        pick=results.pick,
        price=list(price(results)),
        missing=list(_missing(results)),
        charts=drawn,
        columns=columns(results),
        rows=rows(results),
        script=Markup(_SCRIPT),  # noqa: S704 - a file of ours
        digest=base64.b64encode(hashlib.sha256(_SCRIPT.encode()).digest()).decode(),
    )


def pictures(results: Results, names: Container[str] | None = None) -> dict[str, str]:
    """Each chart of the page as a file of its own, by the name of that file; only those of `names`, if they are given."""
    return {
        f"{chart.name}.svg": drawing.file(chart.spec, f"{chart.title}. {chart.words}")
        for chart in charts(results)
        if names is None or chart.name in names
    }


def charts(results: Results) -> Iterator[Chart]:
    """The charts of a run; what it has nothing for is left out."""
    for of in _CHARTS:
        if chart := of(results):
            yield chart


def _missing(results: Results) -> Iterator[str]:
    """What a reader must know that this run does not hold."""
    if results.unfinished:
        yield f"This run {results.unfinished}."
    if not results.measured:
        yield "No trial was measured to the end, so no strategy has a size."
    elif not results.candidates:
        yield "No trial has both a baseline and a full size, so nothing is compared."
    elif not results.strategies:
        yield "No strategy was measured beside the baseline, so there is nothing to choose from."
    if results.measured and not results.reads_timed:
        yield "The reads of the application were not timed."
    if results.measured and not results.writes_measured:
        yield "The writes of the application were not measured."
    yield from (f"Broken: {line}" for line in results.broken)
    yield from results.cautions
