"""The page of two profiles of a database: what grew between them, and what became smaller."""

from __future__ import annotations

from dataclasses import replace

from lab.analysis.profile_change import SizeChange, changes
from lab.report import profile as profiles
from lab.report.page import drawing
from lab.report.page.chart import Chart
from lab.report.page.database import shortened
from lab.report.page.marked_bars import MarkedBar, marked_bars
from lab.report.page.shell import shell
from lab.units import byte_unit, bytes_text
from lab.values import Profile

_MOST = 40
"""Bars of the picture; its table has all."""


def database_change(before: Profile, after: Profile) -> str:
    """The whole page."""
    chart, table = change(before, after), profiles.change(before, after)
    whole, *_ = changes(before, after)
    return shell(
        "database_change.html.j2",
        title=f"{after.name}: {bytes_text(whole.before or 0)} before, {bytes_text(whole.after or 0)} after",
        span=table.title,
        chart=chart,
        svg=drawing.svg(chart.spec) if chart else None,
        table=shortened(table),
    )


def change(before: Profile, after: Profile) -> Chart | None:
    """The bytes of each table that changed, with those before; None where none did."""
    _, *tables = changes(before, after)
    changed = [table for table in tables if table.before != table.after]
    if not changed:
        return None
    drawn, left = changed[:_MOST], len(changed[_MOST:])
    unit, of_unit = byte_unit(max(max(table.before or 0, table.after or 0) for table in drawn))
    table = profiles.change(before, after)
    return Chart(
        name="change",
        title="What grew, and what became smaller",
        words=(
            "Each bar is a table in the later profile, what changed most first. The mark is what it took in the earlier one, and"
            f" the number is the difference.{f' {left} more are only in the numbers.' if left else ''}"
        ),
        spec=marked_bars([_bar(table, of_unit) for table in drawn], unit),
        table=shortened(replace(table, title="The numbers of both profiles")),
    )


def _bar(table: SizeChange, of_unit: int) -> MarkedBar:
    more = (table.after or 0) - (table.before or 0)
    state = " (new)" if table.before is None else " (gone)" if table.after is None else ""
    return MarkedBar(
        name=table.name,
        length=None if table.after is None else table.after / of_unit,
        mark=None if table.before is None else table.before / of_unit,
        text=f"{'+' if more > 0 else '-'}{bytes_text(abs(more))}{state}",
    )
