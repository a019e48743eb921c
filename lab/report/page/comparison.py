"""The page of several runs side by side: what may not be compared, then sizes, then reads, then a verdict for each scenario."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from lab.analysis.comparison import ComparedRow, ComparedTrial, Comparison
from lab.report import comparison as report
from lab.report.page import drawing
from lab.report.page.chart import Chart
from lab.report.page.drawing import BAR, PLOT, ROW, Spec, x
from lab.report.page.shell import shell
from lab.report.table import Cell, Table, percent, size, times
from lab.units import ratio_text

_MOST = 40
"""Bars of one picture; its table has all."""
_ROOM = 70
"""Pixels beside the longest bar, for its number."""
_SIDES = {False: ("better", drawing.BLUE), True: ("worse", drawing.ORANGE)}
"""By whether the last run needs more."""


def comparison(compared: Comparison) -> str:
    """The whole page of a comparison."""
    table = report.table(compared)
    unmarked = replace(table, heads=table.heads[1:], rows=tuple(row[1:] for row in table.rows), left=table.left - 1)
    return shell(
        "comparison.html.j2",
        comparison=compared,
        headline=report.headline(compared),
        hindrances=list(report.hindrances(compared)),
        charts=[(chart, drawing.svg(chart.spec)) for chart in charts(compared)],
        table=unmarked,
        reasons=list(report.reasons(compared)),
    )


def charts(compared: Comparison) -> Iterator[Chart]:
    """The charts of a comparison; one that would show no change is left out."""
    for of in (sizes, reads):
        if chart := of(compared):
            yield chart


def sizes(compared: Comparison) -> Chart | None:
    """By how much the bytes of each scenario changed."""
    changed = [(row, row.change_percent) for row in compared.rows if row.change_percent]
    changed.sort(key=lambda pair: -abs(pair[1]))
    if not changed:
        return None
    bars = [_bar(_name(row), 0.0, change, f"{change:+.2g} %") for row, change in changed]
    return Chart(
        name="sizes",
        title="Sizes that changed",
        words=f"Each bar is by how much the bytes of one scenario changed{_ends(compared)}, on the sample.{_left_out(bars)}",
        spec=_spec(bars[:_MOST], x(field="to", title="percent", scale={"padding": _ROOM})),
        table=Table(
            title="Sizes that changed, the largest change first",
            heads=("scenario", *compared.runs, "change"),
            rows=tuple((_name(row), *map(_bytes, row.trials), percent(change, 3)) for row, change in changed),
        ),
    )


def reads(compared: Comparison) -> Chart | None:
    """By how much the read that changed most did, of each scenario that has one."""
    changed = [(row, row.read) for row in compared.rows if row.read]
    changed.sort(key=lambda pair: -max(pair[1].ratio, 1 / pair[1].ratio))
    if not changed:
        return None
    bars = [
        _bar(f"{_name(row)}: {read.query}", 1.0, read.ratio, f"{ratio_text(read.ratio)} x") for row, read in changed
    ]
    scale = {"type": "log", "nice": False, "padding": _ROOM}
    return Chart(
        name="reads",
        title="Reads that changed",
        words=(
            "Each bar is how many times as long as before the read takes that changed most"
            f"{_ends(compared)}. Only changes beyond the noise of both runs are drawn.{_left_out(bars)}"
        ),
        spec=_spec(bars[:_MOST], x(field="to", title="times as long (logarithmic)", scale=scale)),
        table=Table(
            title="Reads that changed, the largest change first",
            heads=("scenario", "read", "ratio"),
            rows=tuple((_name(row), f"{read.query} {read.columns}", times(read.ratio)) for row, read in changed),
            left=2,
        ),
    )


def _bar(name: str, start: float, end: float, text: str) -> dict[str, Any]:
    return {"name": name, "from": start, "to": end, "text": text, "side": _SIDES[end > start][0]}


def _spec(bars: Sequence[dict[str, Any]], along: Spec) -> Spec:
    """Bars to both sides of what did not change, each with its number at its end."""
    y = {"y": drawing.names([bar["name"] for bar in bars])}
    colours = dict(side for side in _SIDES.values() if any(bar["side"] == side[0] for bar in bars))
    span = {"x": along, "x2": {"field": "from"}, "color": drawing.colours("side", colours)}
    return {
        **drawing.rows(bars),
        "width": PLOT,
        "height": {"step": ROW},
        "layer": [
            {"mark": BAR, "encoding": {**y, **span}},
            *_numbers(y, along),
        ],
    }


def _numbers(y: Spec, along: Spec) -> Iterator[Spec]:
    """Those of one side to the left of its bars, those of the other to the right."""
    for (side, _), align, dx in zip(_SIDES.values(), ("right", "left"), (-6, 6), strict=True):
        yield {
            "transform": [{"filter": f"datum.side == '{side}'"}],
            "mark": {"type": "text", "align": align, "dx": dx},
            "encoding": {**y, "x": along, "text": {"field": "text"}},
        }


def _name(row: ComparedRow) -> str:
    """A scenario with its servers, which tell the rows of one scenario apart."""
    return f"{row.scenario} · {', '.join(row.servers)}" if row.servers else row.scenario


def _ends(compared: Comparison) -> str:
    return f" from {compared.runs[0]} to {compared.runs[-1]}"


def _bytes(trial: ComparedTrial | None) -> Cell:
    return size(trial.bytes if trial else None)


def _left_out(bars: Sequence[object]) -> str:
    return f" {len(bars) - _MOST} more are only in the numbers." if len(bars) > _MOST else ""
