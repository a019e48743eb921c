"""The page of a profile: what eats the disk, what grows, what needs no rewrite, and every table of the profile."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from lab.analysis.drivers import drivers
from lab.discovery.values import CheapWin
from lab.report import profile as profiles
from lab.report.page import drawing
from lab.report.page.by_day import by_day
from lab.report.page.chart import Chart
from lab.report.page.json_columns import json_columns
from lab.report.page.shell import shell
from lab.report.page.treemap import treemap
from lab.report.table import Table, share
from lab.units import bytes_text, counted
from lab.values import Profile

_MOST = 200
"""Rows of one table of the page; the profile has all."""


def database(profile: Profile, wins: Sequence[CheapWin]) -> str:
    """The whole page of a profile, with what needs no rewrite."""
    return shell(
        "database.html.j2",
        profile=profile,
        title=_title(profile),
        headline=profiles.headline(profile),
        charts=[(chart, drawing.svg(chart.spec)) for chart in charts(profile)],
        wins=shortened(profiles.cheap_wins(wins)),
        tables=[shortened(table) for table in profiles.tables(profile)],
    )


def _title(profile: Profile) -> str:
    """How large the database is, and what takes most of it."""
    largest = next(iter(drivers(profile)), None)
    most = f", {share(largest.share).text} of it {largest.name}" if largest else ""
    return f"{profile.name}: {bytes_text(profile.database_bytes)}{most}"


def charts(profile: Profile) -> Iterator[Chart]:
    """The charts of a profile; what it has nothing for is left out."""
    for chart in (treemap(profile), by_day(profile), json_columns(_json(profile), profile.database_bytes)):
        if chart:
            yield replace(chart, table=shortened(chart.table))


def shortened(table: Table) -> Table:
    """The table with its first rows, where it has too many for a page."""
    left = len(table.rows) - _MOST
    if left <= 0:
        return table
    return replace(
        table, title=f"{table.title}: the first {_MOST}, without {counted(left, 'more')}", rows=table.rows[:_MOST]
    )


def _json(profile: Profile) -> dict[str, int]:
    return {
        f"{table.table}.{column.name}": column.size
        for table in profile.tables
        for column in table.columns
        if column.is_json and column.size
    }
