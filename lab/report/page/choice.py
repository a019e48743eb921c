"""The chart of the decision: what is saved against what it costs and loses, and what no other strategy beats."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import log
from typing import Any

from lab.analysis.candidate import Candidate
from lab.analysis.recommendation import standing
from lab.analysis.results import Results
from lab.report.page import drawing
from lab.report.page.chart import Chart, labels, sized, target_line
from lab.report.page.drawing import PLOT, Spec, x
from lab.report.page.naming import Point, places
from lab.report.table import Table, seconds, size, times
from lab.units import byte_unit

_LOSES = {
    "loses nothing": drawing.BLUE,
    "gives up columns": drawing.ORANGE,
    "deletes rows": drawing.PURPLE,
}


_WIDTH, _HEIGHT = PLOT + 200, 320
_ROOM = 1.15
"""By what factor a logarithmic axis goes beyond the first and the last mark."""


@dataclass(frozen=True)
class _Axis:
    """A logarithmic axis, from `low` to `high`."""

    low: float
    high: float

    @classmethod
    def around(cls, values: Sequence[float]) -> _Axis:
        """The axis on which all of these values stand."""
        return cls(min(values) / _ROOM, max(values) * _ROOM)

    @property
    def scale(self) -> Spec:
        """As the grammar has it; nothing is rounded, so that `share` knows where a mark stands."""
        return {"type": "log", "domain": [self.low, self.high], "nice": False}

    def share(self, value: float) -> float:
        """How far along it the value stands, from 0 to 1."""
        return log(value / self.low) / log(self.high / self.low)


def choice(results: Results) -> Chart | None:
    """Bytes against the worst read of every ranked strategy, with its migration, its losses and the front."""
    shown = [candidate for candidate in sized(results) if candidate.ranked and candidate.worst_read]
    if not shown:
        return None
    target, names = results.experiment.case.target_bytes, labels(shown)
    unit, of_unit = byte_unit(max(target or 0, *(candidate.bytes_now for candidate in shown)))
    front = [candidate for candidate in shown if candidate in results.decision.front]
    marks = [_mark(candidate, names[id(candidate)], of_unit) for candidate in shown]
    on_front = [_mark(candidate, names[id(candidate)], of_unit) for candidate in front]
    across = _Axis.around([*(mark["bytes"] for mark in marks), *(() if target is None else (target / of_unit,))])
    down = _Axis.around([mark["ratio"] for mark in marks])
    place = {
        "x": x(field="bytes", title=f"{unit} at full size (logarithmic)", scale=across.scale),
        "y": {
            "field": "ratio",
            "type": "quantitative",
            "title": "worst read, times as long (logarithmic)",
            "scale": down.scale,
            "axis": {"tickCount": 5, "format": "~g"},
        },
    }
    loses = drawing.colours("loses", _LOSES)
    area = {"field": "seconds", "type": "quantitative", "legend": None, "scale": {"range": [40, 500]}}
    encoding = {**place, "color": loses, "shape": {**loses, "scale": {"domain": list(_LOSES)}}, "size": area}
    ring = {"type": "point", "size": 700, "color": drawing.INK.light, "strokeWidth": 2, "opacity": 1}
    spec = {
        "width": _WIDTH,
        "height": _HEIGHT,
        "layer": [
            {**drawing.rows(marks), "mark": {"type": "point", "filled": True, "opacity": 0.85}, "encoding": encoding},
            *(
                {**drawing.rows([_mark(pick, "", of_unit)]), "mark": ring, "encoding": place}
                for pick in front
                if pick is results.pick
            ),
            *(() if target is None else target_line(target, of_unit)),
            *_names(on_front, marks, place, across, down),
        ],
    }
    return Chart(
        name="choice",
        title="The choice",
        words=(
            "Each mark is a strategy: further left is smaller, further down reads faster, and a larger mark takes longer to"
            " apply. Colour and form say what it loses. The named ones keep every constraint, and no other strategy is better in"
            " something and worse in nothing. The ring is the pick."
        ),
        spec=spec,
        table=Table(
            title="Every ranked strategy and where the decision leaves it",
            heads=("strategy", "standing", "gives up", "at full size", "worst read", "migration on the sample"),
            rows=tuple(
                (
                    names[id(candidate)],
                    standing(results.decision, candidate),
                    "; ".join(candidate.facts.given_up) or "nothing",
                    size(candidate.bytes_now),
                    times(candidate.worst_read.ratio if candidate.worst_read else None),
                    seconds(candidate.cost.seconds),
                )
                for candidate in shown
            ),
            left=3,
        ),
    )


def _names(
    named: Sequence[Mapping[str, Any]], marks: Sequence[Mapping[str, Any]], place: Spec, across: _Axis, down: _Axis
) -> Iterator[Spec]:
    """The names of some of the marks, where none covers another, with a line to its mark where it stands far from it."""

    def point(mark: Mapping[str, Any]) -> Point:
        return Point(_WIDTH * across.share(mark["bytes"]), _HEIGHT * (1 - down.share(mark["ratio"])))

    named = sorted(named, key=lambda mark: -mark["bytes"])  # most names go to the right, where the next ones are
    stand = places(
        [mark["name"] for mark in named],
        [point(mark) for mark in named],
        [point(mark) for mark in marks],
        width=_WIDTH,
        height=_HEIGHT,
    )
    for mark, at in zip(named, stand, strict=True):
        x_px, y_px = point(mark)
        text = {"type": "text", "text": mark["name"], "align": at.align, "dx": at.dx, "dy": at.dy, "baseline": "middle"}
        line = {"type": "rule", "color": drawing.MUTED.light, "strokeWidth": 1}
        name_px = {"x2": {"value": x_px + at.dx * 0.8}, "y2": {"value": y_px + at.dy}}
        if at.is_far:
            yield {**drawing.rows([mark]), "mark": line, "encoding": {**place, **name_px}}
        yield {**drawing.rows([mark]), "mark": text, "encoding": place}


def _mark(candidate: Candidate, name: str, of_unit: int) -> dict[str, Any]:
    worst = candidate.worst_read
    kinds = list(_LOSES)
    loses = kinds[2] if candidate.facts.deletes_rows else kinds[1] if candidate.data_losses else kinds[0]
    return {
        "name": name,
        "bytes": candidate.bytes_now / of_unit,
        "ratio": worst.ratio if worst else None,
        "seconds": candidate.cost.seconds,
        "loses": loses,
    }
