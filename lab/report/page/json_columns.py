"""The chart of JSON columns: the largest first, of a profiled database or of the one that a run imitates."""

from __future__ import annotations

from collections.abc import Mapping

from lab.analysis.results import Results
from lab.report.page import drawing
from lab.report.page.chart import Chart
from lab.report.page.drawing import BAR, PLOT, ROW, x
from lab.report.table import Table, share, size
from lab.units import byte_unit, bytes_text

_MOST = 20
"""Bars of the picture; its table has all."""


def json_columns_of(results: Results) -> Chart | None:
    """Those of the database that a run imitates; None in runs from before they were recorded."""
    case = results.experiment.case
    columns = {
        f"{table}.{column}": bytes_
        for table, facts in case.tables.items()
        for column, bytes_ in (facts.json_columns or {}).items()
    }
    return json_columns(columns, case.database_bytes)


def json_columns(columns: Mapping[str, int], database_bytes: int) -> Chart | None:
    """Bytes of each JSON column by its name with its table; None where there is none."""
    ordered = sorted(columns.items(), key=lambda pair: -pair[1])
    if not ordered:
        return None
    drawn, left = ordered[:_MOST], len(ordered[_MOST:])
    unit, of_unit = byte_unit(ordered[0][1])
    marks = [{"name": name, "bytes": of / of_unit, "text": _text(of, database_bytes)} for name, of in drawn]
    y, along = {"y": drawing.names([name for name, _ in drawn])}, {"x": x(field="bytes", title=unit)}
    whole = share(sum(columns.values()) / database_bytes).text
    return Chart(
        name="json-columns",
        title="JSON columns",
        words=(
            f"Each bar is what one JSON column takes on disk before any strategy, {whole} of the database together."
            f"{f' {left} more are only in the numbers.' if left else ''}"
        ),
        spec={
            **drawing.rows(marks),
            "width": PLOT,
            "height": {"step": ROW},
            "layer": [
                {"mark": {**BAR, "color": drawing.ORANGE.light}, "encoding": {**y, **along}},
                {
                    "mark": {"type": "text", "align": "left", "dx": 6},
                    "encoding": {**y, **along, "text": {"field": "text"}},
                },
            ],
        },
        table=Table(
            title="JSON columns, the largest first",
            heads=("column", "size", "share of the database"),
            rows=tuple((name, size(of), share(of / database_bytes)) for name, of in ordered),
        ),
    )


def _text(of: int, database_bytes: int) -> str:
    return f"{bytes_text(of)}, {share(of / database_bytes).text}"
