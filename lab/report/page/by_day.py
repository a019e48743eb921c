"""The chart of what a profiled database holds of each day."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta

from lab.report.page import drawing
from lab.report.page.chart import Chart
from lab.report.page.drawing import PLOT
from lab.report.profile import growth
from lab.units import byte_unit, counted
from lab.values import Day, Profile

_DAYS = 60
"""Bars of the picture, of the newest days."""
_COLOURS = (drawing.BLUE, drawing.ORANGE, drawing.GREEN, drawing.PURPLE, drawing.RED)
"""Of the tables with most; the others share grey."""

Amounts = Mapping[str, Mapping[date, int]]
"""Bytes or rows by table and day."""


def by_day(profile: Profile) -> Chart | None:
    """Bytes by day and table, or rows where no bytes are known; None with fewer than two days."""
    sized = any(day.bytes for table in profile.tables for day in table.by_day)
    amounts = {table.table: _amounts(table.by_day, sized=sized) for table in profile.tables if table.by_day}
    dates = {day for of_table in amounts.values() for day in of_table}
    if len(dates) < 2:
        return None
    first, last = max(min(dates), max(dates) - timedelta(days=_DAYS - 1)), max(dates)
    shown = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    drawn = _drawn(amounts, shown)
    totals = Counter[date]()
    for of_table in drawn.values():
        totals.update(of_table)
    unit, of_unit = byte_unit(max(totals.values(), default=0)) if sized else ("rows", 1)
    marks = [
        {"name": name, "day": day.isoformat(), "amount": amount / of_unit}
        for name, of_table in drawn.items()
        for day, amount in of_table.items()
    ]
    colours = dict(zip(drawn, (*_COLOURS, drawing.GREY), strict=False))
    what = "bytes of the rows, without bloat," if sized else "number of rows"
    older = (last - min(dates)).days + 1 - len(shown)
    return Chart(
        name="by-day",
        title="What each day left",
        words=(
            f"Each bar is the {what} of one day that the database still holds, by table. Rows that were deleted since then are"
            f" not in it.{f' {older:,} older days are not drawn.' if older else ''}"
        ),
        spec={
            **drawing.rows(marks),
            "width": min(PLOT + 200, 70 * len(shown)),
            "height": 220,
            "mark": {"type": "bar", "stroke": drawing.PAPER.light, "strokeWidth": 0.5},
            "encoding": {
                "x": {
                    "field": "day",
                    "type": "ordinal",
                    "scale": {"domain": [day.isoformat() for day in shown]},
                    "axis": {"title": None, "labelAngle": 0, "labelOverlap": "greedy", "labelSeparation": 30},
                },
                "y": {
                    "field": "amount",
                    "type": "quantitative",
                    "title": unit,
                    "axis": {"tickCount": 5, "titlePadding": 16},
                },
                "color": {**drawing.colours("name", colours), "legend": {"columns": 3}},
            },
        },
        table=growth(profile),
    )


def _amounts(days: Sequence[Day], *, sized: bool) -> dict[date, int]:
    amounts = ((datetime.fromisoformat(day.start).date(), day.bytes if sized else day.rows) for day in days)
    return {day: amount for day, amount in amounts if amount}


def _drawn(amounts: Amounts, shown: Sequence[date]) -> dict[str, Counter[date]]:
    """The tables with most in the days that are shown, each by day, and all others together."""
    within = {table: Counter({day: of[day] for day in shown if day in of}) for table, of in amounts.items()}
    ordered = sorted((table for table in within if within[table]), key=lambda table: -within[table].total())
    large, small = ordered[: len(_COLOURS)], ordered[len(_COLOURS) :]
    drawn = {table: within[table] for table in large}
    if small:
        name = small[0] if len(small) == 1 else counted(len(small), "other table")
        drawn[name] = Counter[date]()
        for table in small:
            drawn[name].update(within[table])
    return drawn
