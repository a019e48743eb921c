"""The chart of what is under the target, as it grows."""

from __future__ import annotations

from typing import Any

from lab.analysis.results import Results
from lab.report.page import drawing
from lab.report.page.chart import Chart, labels, sized, target_line
from lab.report.page.drawing import PLOT, x
from lab.report.table import Cell, Table, size
from lab.units import Unit, byte_unit

_LINES = (
    drawing.BLUE,
    drawing.ORANGE,
    drawing.GREEN,
    drawing.PURPLE,
    drawing.RED,
    drawing.GREY,
    drawing.INK,
    drawing.MUTED,
)


def growth(results: Results) -> Chart | None:
    """The strategies under the target as they grow, until they pass it."""
    target = results.experiment.case.target_bytes
    if target is None:
        return None
    under = [
        candidate
        for candidate in sized(results)
        if candidate.bytes_now < target and candidate.bytes_per_day is not None
    ][:8]
    if not under:
        return None
    names, unit, of_unit = labels(under), *byte_unit(target)
    last = max((days for candidate in under if (days := candidate.projection.days_to_target)), default=365.0)
    horizon = min(1.25 * last, 3650.0)
    lines: list[dict[str, Any]] = []
    passed: list[dict[str, Any]] = []
    for candidate in under:
        days = candidate.projection.days_to_target
        until = horizon if days is None else min(days, horizon)
        line = {"name": f"{names[id(candidate)]}: {'never' if days is None else f'day {days:,.0f}'}"}
        scaled = [(day, candidate.projection.after(day, target) / of_unit) for day in (0.0, until)]
        lines += [{**line, "day": day, "bytes": size} for day, size in scaled]
        passed += [{**line, "day": days, "bytes": target / of_unit}] if until == days else []
    order = [line["name"] for line in lines[::2]]
    legend = {"columns": 1, "symbolType": "stroke", "symbolStrokeWidth": 3, "symbolSize": 400, "labelLimit": 600}
    colour = {**drawing.colours("name", dict(zip(order, _LINES, strict=False))), "legend": legend}
    day = x(field="day", title="days from now", scale={"domain": [0, horizon]})
    y = {"field": "bytes", "type": "quantitative", "title": unit, "scale": {"domain": [0, 1.15 * target / of_unit]}}
    place = {"x": day, "y": y, "color": colour}
    dash = {"field": "name", "type": "nominal", "sort": order, "legend": None}
    spec = {
        "width": PLOT + 200,
        "height": 240,
        "layer": [
            {
                **drawing.rows(lines),
                "mark": {"type": "line", "strokeWidth": 2.5},
                "encoding": {**place, "strokeDash": dash},
            },
            {
                **drawing.rows(passed),
                "mark": {"type": "point", "filled": True, "size": 60, "opacity": 1},
                "encoding": place,
            },
            *target_line(target, of_unit, upright=False),
        ],
    }
    return Chart(
        name="growth",
        title="When the target is passed again",
        words=(
            "Each line is a strategy below the target as the database keeps growing. Its dot is the day on which it"
            " passes the target, if growth stays the same and new rows are stored in the same way. A level line"
            " never does."
        ),
        spec=spec,
        table=Table(
            title="Growth of the strategies below the target",
            heads=("strategy", "at full size", "growth a day", "stays at", "days until the target"),
            rows=tuple(
                (
                    names[id(candidate)],
                    size(candidate.bytes_now),
                    size(candidate.bytes_per_day),
                    size(candidate.projection.steady_bytes),
                    Cell(value=candidate.projection.days_to_target, unit=Unit.DAYS),
                )
                for candidate in under
            ),
        ),
    )
