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
    unit, of_unit = byte_unit(max(max(forecast.measured_bytes, forecast.forecast_bytes) for forecast in drawn))
    bars = [
        MarkedBar(
            name=forecast.scenario,
            length=forecast.measured_bytes / of_unit,
            mark=forecast.forecast_bytes / of_unit,
            text=f"{forecast.off_percent:+.1f} %",
        )
        for forecast in drawn
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
                (
                    forecast.scenario,
                    size(forecast.forecast_bytes),
                    size(forecast.measured_bytes),
                    percent(forecast.off_percent),
                )
                for forecast in ordered
            ),
        ),
    )
