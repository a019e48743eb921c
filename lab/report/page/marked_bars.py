"""Bars that each have a mark to compare their length with, and a number at their end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lab.report.page import drawing
from lab.report.page.drawing import BAR, PLOT, ROW, Spec, x


@dataclass(frozen=True, kw_only=True)
class MarkedBar:
    """One bar; its length and the place of its mark in one unit. What there is not is None; one of both there is."""

    name: str
    length: float | None
    mark: float | None
    text: str


def marked_bars(bars: Sequence[MarkedBar], title: str) -> Spec:
    """The picture, over an axis of that title."""
    marks = [
        {"name": bar.name, "bytes": bar.length, "mark": bar.mark, "end": _end(bar), "text": bar.text} for bar in bars
    ]
    y = {"y": drawing.names([bar.name for bar in bars])}
    tick = {"type": "tick", "color": drawing.ORANGE.light, "thickness": 3, "size": 13, "opacity": 1}
    text = {"type": "text", "align": "left", "dx": 8}
    end = {"x": x(field="end", title=title), "text": {"field": "text"}}
    return {
        **drawing.rows(marks),
        "width": PLOT,
        "height": {"step": ROW},
        "layer": [
            {"mark": {**BAR, "color": drawing.BLUE.light}, "encoding": {**y, "x": x(field="bytes", title=title)}},
            {"mark": tick, "encoding": {**y, "x": x(field="mark", title=title)}},
            {"mark": text, "encoding": {**y, **end}},
        ],
    }


def _end(bar: MarkedBar) -> float:
    return max(value for value in (bar.length, bar.mark) if value is not None)
