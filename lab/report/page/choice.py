"""The chart of the decision: what is saved against what it costs and loses, and what no other strategy beats."""

from __future__ import annotations

from collections.abc import Mapping
from math import sqrt
from typing import Any

from lab.analysis.candidate import Candidate
from lab.analysis.recommendation import standing
from lab.analysis.results import Results
from lab.report.page import drawing
from lab.report.page.chart import Chart, labels, sized, target_line
from lab.report.page.drawing import PLOT, Spec, x
from lab.report.table import Table, seconds, size, times
from lab.units import byte_unit

_LOSES = {
    "loses nothing": drawing.BLUE,
    "gives up columns": drawing.ORANGE,
    "deletes rows": drawing.PURPLE,
}


def choice(results: Results) -> Chart | None:
    """Bytes against the worst read of every ranked strategy, with its migration, its losses and the front."""
    shown = [candidate for candidate in sized(results) if candidate.ranked and candidate.worst_read]
    if not shown:
        return None
    target, names = results.experiment.case.target_bytes, labels(shown)
    unit, of_unit = byte_unit(max(target or 0, *(candidate.bytes_now for candidate in shown)))
    middle = sqrt(shown[0].bytes_now * shown[-1].bytes_now)
    front = [candidate for candidate in shown if candidate in results.decision.front]
    marks = [_mark(candidate, names[id(candidate)], of_unit) for candidate in shown]
    on_front = [_mark(candidate, names[id(candidate)], of_unit) for candidate in front]
    place = {
        "x": x(field="bytes", title=f"{unit} at full size (logarithmic)", scale={"type": "log"}),
        "y": {
            "field": "ratio",
            "type": "quantitative",
            "title": "worst read, times as long (logarithmic)",
            "scale": {"type": "log"},
            "axis": {"tickCount": 5, "format": "~g"},
        },
    }
    loses = drawing.colours("loses", _LOSES)
    area = {"field": "seconds", "type": "quantitative", "legend": None, "scale": {"range": [40, 500]}}
    encoding = {**place, "color": loses, "shape": {**loses, "scale": {"domain": list(_LOSES)}}, "size": area}
    ring = {"type": "point", "size": 700, "color": drawing.INK.light, "strokeWidth": 2, "opacity": 1}
    spec = {
        "width": PLOT + 200,
        "height": 320,
        "layer": [
            {**drawing.rows(marks), "mark": {"type": "point", "filled": True, "opacity": 0.85}, "encoding": encoding},
            *(
                {**drawing.rows([_mark(pick, "", of_unit)]), "mark": ring, "encoding": place}
                for pick in front
                if pick is results.pick
            ),
            *(() if target is None else target_line(target, of_unit)),
            *(_name(mark, number, place, middle / of_unit) for number, mark in enumerate(on_front)),
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


def _name(mark: Mapping[str, Any], number: int, place: Spec, middle: float) -> Spec:
    """The name of a mark, towards the middle of the picture, in turn above and below."""
    side, dx = ("left", 16) if mark["bytes"] < middle else ("right", -16)
    text = {"type": "text", "text": mark["name"], "align": side, "dx": dx, "dy": 12 if number % 2 == 0 else -12}
    return {**drawing.rows([mark]), "mark": text, "encoding": place}


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
