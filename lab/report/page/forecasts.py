"""The chart of how well a search foretold the combinations that it measured."""

from __future__ import annotations

from lab.analysis.results import Results
from lab.report.page.chart import Chart
from lab.report.page.marked_bars import MarkedBar, marked_bars
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
    bars = [
        MarkedBar(
            name=one.scenario,
            length=one.measured_bytes / of_unit,
            mark=one.forecast_bytes / of_unit,
            text=f"{one.off_percent:+.1f} %",
        )
        for one in drawn
    ]
    return Chart(
        name="forecasts",
        title="Forecast and measured",
        words=(
            "Before this run, a search forecast combinations of strategies and measured the promising ones on a small sample."
            " Each bar is what was measured there, projected to full size. The mark is what had been forecast, and the number is"
            f" by how much the forecast was off.{f' {left} more are only in the numbers.' if left else ''}"
        ),
        spec=marked_bars(bars, f"{unit} at full size"),
        table=Table(
            title="Forecast and measured, at full size",
            heads=("combination", "forecast", "measured", "off by"),
            rows=tuple(
                (one.scenario, size(one.forecast_bytes), size(one.measured_bytes), percent(one.off_percent))
                for one in ordered
            ),
        ),
    )
