"""The chart of how well a search foretold the combinations that it measured."""

from __future__ import annotations

from lab.analysis.results import Results
from lab.report.page import drawing
from lab.report.page.chart import Chart
from lab.report.page.drawing import BAR, PLOT, ROW, x
from lab.report.table import Table, percent, size
from lab.units import byte_unit

_MOST = 40
"""Bars of the picture; its table has all."""


def forecasts(results: Results) -> Chart | None:
    """The bytes forecast of each combination beside those measured; None where no search came before the run."""
    ordered = sorted(results.experiment.plan.forecasts, key=lambda forecast: forecast.measured_bytes)
    if not ordered:
        return None
    drawn, left = ordered[:_MOST], len(ordered[_MOST:])
    unit, of_unit = byte_unit(max(max(one.measured_bytes, one.forecast_bytes) for one in drawn))
    marks = [
        {
            "name": one.scenario,
            "bytes": one.measured_bytes / of_unit,
            "forecast": one.forecast_bytes / of_unit,
            "end": max(one.measured_bytes, one.forecast_bytes) / of_unit,
            "text": f"{one.off_percent:+.1f} %",
        }
        for one in drawn
    ]
    y, title = {"y": drawing.names([one.scenario for one in drawn])}, f"{unit} at full size"
    tick = {"type": "tick", "color": drawing.ORANGE.light, "thickness": 3, "size": 13, "opacity": 1}
    text = {"type": "text", "align": "left", "dx": 8}
    end = {"x": x(field="end", title=title), "text": {"field": "text"}}
    return Chart(
        name="forecasts",
        title="Forecast and measured",
        words=(
            "Before this run, a search forecast combinations of strategies and measured the promising ones on a small sample."
            " Each bar is what was measured there, projected to full size. The mark is what had been forecast, and the number is"
            f" by how much the forecast was off.{f' {left} more are only in the numbers.' if left else ''}"
        ),
        spec={
            **drawing.rows(marks),
            "width": PLOT,
            "height": {"step": ROW},
            "layer": [
                {"mark": {**BAR, "color": drawing.BLUE.light}, "encoding": {**y, "x": x(field="bytes", title=title)}},
                {"mark": tick, "encoding": {**y, "x": x(field="forecast", title=title)}},
                {"mark": text, "encoding": {**y, **end}},
            ],
        },
        table=Table(
            title="Forecast and measured, at full size",
            heads=("combination", "forecast", "measured", "off by"),
            rows=tuple(
                (one.scenario, size(one.forecast_bytes), size(one.measured_bytes), percent(one.off_percent))
                for one in ordered
            ),
        ),
    )
