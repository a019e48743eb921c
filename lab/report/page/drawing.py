"""The only module that imports vl_convert: charts in the grammar of Vega-Lite, drawn without a browser."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from markupsafe import Markup

Spec = Mapping[str, Any]
"""A chart, or a layer of one, in the grammar of Vega-Lite; a chart with the schema `VEGA` in that of Vega."""

VEGA = "https://vega.github.io/schema/vega/v6.json"
"""The name of a grammar; nobody reads the address."""


class Colour(NamedTuple):
    """A colour on white paper, as charts are drawn, and its counterpart on a dark screen."""

    light: str
    dark: str


BLUE, ORANGE, GREEN = Colour("#0072b2", "#56b4e9"), Colour("#b35900", "#f0a24a"), Colour("#00785a", "#2fbf94")
PURPLE, GREY = Colour("#8d4fa0", "#c79bd6"), Colour("#7a828c", "#8b949e")
INK, MUTED, GRID = Colour("#1b1f24", "#e8eaed"), Colour("#57606a", "#a9b1ba"), Colour("#dfe3e8", "#3a4048")
RED, PAPER = Colour("#b3261e", "#ff8a80"), Colour("#fffffe", "#15181c")
COLOURS = (BLUE, ORANGE, GREEN, PURPLE, GREY, INK, MUTED, GRID, RED, PAPER)
"""After Okabe and Ito: told apart by people who see fewer colours, with 3:1 of contrast or more on both grounds."""

PLOT = 430
"""Width of a plot in pixels, without the names beside it."""
ROW = 18
"""Height of one bar with its gap."""
BAR: Mapping[str, Any] = {"type": "bar", "height": {"band": 0.72}}

FONT = "Liberation Sans"
"""Comes with the library, so that every machine draws the same; its bold face does not."""
_FONTS = f'font-family: "{FONT}", Arial, Helvetica, sans-serif'
"""As wide as each other; the last is what a machine has that has none of them."""
ON_COLOUR = "on-colour"
"""The name of a group of marks on a coloured ground, where letters need no paper around them."""

_AXIS = {
    "labelColor": INK.light,
    "titleColor": MUTED.light,
    "labelFontSize": 12,
    "titleFontSize": 12,
    "titleFontWeight": "normal",
    "labelLimit": 520,
    "gridColor": GRID.light,
    "domainColor": GREY.light,
    "tickColor": GREY.light,
}
_LEGEND = {
    "orient": "top",
    "title": None,
    "labelFontSize": 12,
    "labelColor": INK.light,
    "symbolType": "square",
    "symbolStrokeWidth": 0,
    "labelLimit": 300,
    "columnPadding": 34,
}
_CONFIG = {
    "aria": False,
    "font": FONT,
    "background": None,
    "padding": {"left": 8, "right": 30, "top": 4, "bottom": 4},  # on the right, where the reader's font is wider
    "view": {"stroke": None},
    "axis": _AXIS,
    "legend": _LEGEND,
    "header": {"labelColor": INK.light, "labelFontSize": 13, "labelLimit": 700},
    "text": {"color": INK.light, "fontSize": 12},
}
_VEGA_CONFIG = {
    **{name: _CONFIG[name] for name in ("aria", "background")},
    "padding": 4,
    "legend": {**_LEGEND, "labelFont": FONT},
}

DARK = "\n".join(
    f'svg [fill="{colour.light}"] {{ fill: {colour.dark} }} svg [stroke="{colour.light}"] {{ stroke: {colour.dark} }}'
    for colour in COLOURS
)
"""The style that gives a picture its colours on a dark screen."""

_HALO = f".mark-text text {{ paint-order: stroke; stroke: {PAPER.light}; stroke-width: 3px }}"
_DARK_HALO = f".mark-text text {{ stroke: {PAPER.dark} }}"
"""Paper around the letters, so that a line behind them leaves them readable."""

_WIDER = 0.16
"""By what share the names beside a picture may be wider with a reader's font than with the one that measured them."""
_SIZE = re.compile(r'width="([\d.]+)" height="([\d.]+)" viewBox="0 0 [\d.]+ [\d.]+"')
_LEFT = re.compile(r'transform="translate\(([\d.]+),')

_NOT_DRAWN = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd]")
"""What XML cannot hold, and what takes two places in a text of JavaScript: the library cuts long names between the two."""


def rows(values: Sequence[Mapping[str, Any]]) -> Spec:
    """Data of a chart, one mapping per mark."""
    return {"data": {"values": list(values)}}


def names(order: Sequence[str]) -> Spec:
    """The vertical axis of bars: their names from the top, in that order."""
    return {
        "field": "name",
        "type": "nominal",
        "sort": list(order),
        "axis": {"title": None, "grid": False, "ticks": False, "domain": False, "labelPadding": 6},
    }


def x(*, field: str, title: str, **more: Any) -> Spec:
    """The horizontal axis of numbers; layers of one picture give the same title."""
    return {"field": field, "type": "quantitative", "title": title, "axis": {"tickCount": 6}, **more}


def colours(field: str, of: Mapping[str, Colour]) -> Spec:
    """The colour of marks by what `field` says, with a legend above."""
    scale = {"domain": list(of), "range": [colour.light for colour in of.values()]}
    return {"field": field, "type": "nominal", "scale": scale, "sort": list(of)}


def svg(spec: Spec) -> Markup:
    """The chart as an SVG element. Every text of its data is escaped, and nothing is fetched."""
    is_vega = spec.get("$schema") == VEGA
    drawn = _drawn(json.dumps(_drawable({"config": _VEGA_CONFIG if is_vega else _CONFIG, **spec})), is_vega=is_vega)
    hidden = drawn.replace("<svg ", '<svg aria-hidden="true" ', 1)  # the page says beside it what it shows
    return Markup(hidden)  # noqa: S704 - an image of our own, whose texts the library has escaped


@lru_cache(maxsize=64)
def _drawn(chart: str, *, is_vega: bool) -> str:
    """The chart as the library draws it, once for all reports of a process: each takes a tenth of a second."""
    import vl_convert  # noqa: PLC0415 - it starts a JavaScript engine

    draw = vl_convert.vega_to_svg if is_vega else vl_convert.vegalite_to_svg
    drawn: str = draw(chart, allowed_base_urls=[])
    return drawn if is_vega else _with_room(drawn)


def _with_room(drawn: str) -> str:
    """The picture with more room on its left, in proportion to the names that stand there: they end at the plot."""
    start, width, height, rest = _SIZE.split(drawn, maxsplit=1)
    _, left, _ = _LEFT.split(drawn, maxsplit=1)
    more = math.ceil(_WIDER * float(left))
    wider = math.ceil(float(width)) + more
    ground = rest.replace(f'<rect width="{width}"', f'<rect x="{-more}" width="{wider}"', 1)
    return f'{start}width="{wider}" height="{height}" viewBox="{-more} 0 {wider} {height}"{ground}'


def file(spec: Spec, words: str) -> str:
    """The chart as an SVG file of its own, on paper, which says `words` to those who do not see it."""
    drawn = str(svg({**spec, "background": PAPER.light})).replace(' aria-hidden="true"', ' role="img"', 1)
    dark = f"@media screen and (prefers-color-scheme: dark) {{\n{DARK}\n{_DARK_HALO}\n}}"
    style = f"<style>text {{ {_FONTS} }}\n{_HALO}\n{dark}</style>"
    head, rest = drawn.split(">", 1)
    return f"{head}>{Markup('<title>{}</title>').format(_drawable(words))}{style}{rest}\n"


def _drawable(value: Any) -> Any:
    """With another character for each that cannot be drawn: the library ends the whole process at some, and fails at others."""
    if isinstance(value, str):
        return _NOT_DRAWN.sub("\ufffd", value)
    if isinstance(value, Mapping):
        return {_drawable(name): _drawable(each) for name, each in value.items()}
    return [_drawable(each) for each in value] if isinstance(value, list | tuple) else value
