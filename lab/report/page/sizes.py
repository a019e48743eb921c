"""The charts about bytes: from results to a picture and its table; None where a run has none of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lab.analysis.candidate import Candidate
from lab.analysis.full_size import FullSizeProjection, TargetStatus
from lab.analysis.results import Results
from lab.report.page import drawing
from lab.report.page.chart import Chart, labels, sized, target_line
from lab.report.page.drawing import BAR, PLOT, ROW, Spec, x
from lab.report.table import Cell, Table, size
from lab.units import byte_unit, bytes_text
from lab.values import BASELINE, KINDS

_MOST = 40
"""Bars of one picture beside the baseline; its table has all."""
_STATUS = {
    TargetStatus.UNDER: ("under the target", drawing.BLUE),
    TargetStatus.PERHAPS: ("perhaps under it", drawing.ORANGE),
    TargetStatus.OVER: ("over the target", drawing.GREY),
    None: ("no target is set", drawing.BLUE),
}
_REST = "not imitated"
_LOSES = "loses data"
_KINDS = {
    "heap": ("heap (rows)", drawing.BLUE),
    "toast": ("TOAST (long values)", drawing.ORANGE),
    "indexes": ("indexes", drawing.GREEN),
    "maps": ("maps", drawing.PURPLE),
    _REST: (f"{_REST} (other tables, catalogs)", drawing.GREY),
}


def full_size(results: Results) -> Chart | None:
    """Bytes at full size by strategy, with their intervals, against the target."""
    shown = sized(results)
    if not results.strategies or not shown:
        return None
    target, drawn = results.experiment.case.target_bytes, _drawn(shown)
    unit, of_unit = byte_unit(max(target or 0, *(candidate.bytes_now for candidate in drawn)))
    names = labels(shown)
    marks: list[dict[str, Any]] = [
        {
            "name": names[id(candidate)],
            "bytes": candidate.bytes_now / of_unit,
            "low": _scaled(candidate.projection.size.low, of_unit),
            "high": _scaled(candidate.projection.size.high, of_unit),
            "status": _STATUS[candidate.projection.status][0],
            "end": (candidate.projection.size.high or candidate.bytes_now) / of_unit,
            "text": _beside(candidate, picked=candidate is results.pick),
        }
        for candidate in drawn
    ]
    y, title = {"y": drawing.names([mark["name"] for mark in marks])}, f"{unit} at full size"
    span = {"x": x(field="low", title=title), "x2": {"field": "high"}}
    end = {"x": x(field="end", title=title), "text": {"field": "text"}}
    present = {mark["status"] for mark in marks}
    statuses = {words: colour for words, colour in _STATUS.values() if words in present}
    colour = {**drawing.colours("status", statuses), "legend": {"offset": 24}}
    bars = [
        {"mark": BAR, "encoding": {**y, "x": x(field="bytes", title=title), "color": colour}},
        {"mark": {"type": "rule", "color": drawing.INK.light, "strokeWidth": 1.5}, "encoding": {**y, **span}},
    ]
    text = {"mark": {"type": "text", "align": "left", "dx": 6}, "encoding": {**y, **end}}
    spec = {
        **drawing.rows(marks),
        "width": PLOT,
        "height": {"step": ROW},
        "layer": [*bars, *(() if target is None else target_line(target, of_unit)), text],
    }
    return Chart(
        name="full-size",
        title="Bytes at full size",
        words=(
            "Each bar is the whole database after one strategy. The thin line on it is the interval of the projection."
            f"{'' if target is None else f' The dashed line is the target of {bytes_text(target)}.'}"
            f" A strategy that {_LOSES} gives it up on purpose.{_left_out(shown)}"
        ),
        spec=spec,
        table=Table(
            title="Bytes at full size, the smallest first",
            heads=("strategy", "target", "gives up", "at full size", "at least", "at most"),
            rows=tuple(
                (
                    names[id(candidate)],
                    candidate.projection.status.value if candidate.projection.status else None,
                    "; ".join(candidate.facts.given_up) or None,
                    *(size(value) for value in _interval(candidate.projection)),
                )
                for candidate in shown
            ),
            left=3,
        ),
    )


def _beside(candidate: Candidate, *, picked: bool) -> str:
    """What is written at the end of a bar."""
    loses, pick = f", {_LOSES}" if candidate.facts.given_up else "", " ← the pick" if picked else ""
    return f"{bytes_text(candidate.bytes_now)}{loses}{pick}"


def tables_today(results: Results) -> Chart | None:
    """Where the bytes of the database are, by table and kind, before any strategy."""
    before = next((candidate.before for candidate in results.candidates), None)
    if before is None:
        return None
    by_table = sorted(before.tables.items(), key=lambda pair: -pair[1])
    shown = {name: total for name, total in by_table if total >= 0.002 * before.size.bytes}
    marks: list[dict[str, Any]] = [
        {"name": table, "kind": kind, "bytes": size}
        for (table, kind), size in before.kinds.items()
        if table in shown and size
    ]
    rest: list[dict[str, Any]] = [{"name": _REST, "kind": _REST, "bytes": before.untouched}] if before.untouched else []
    order = [*shown, *(mark["name"] for mark in rest)]
    return Chart(
        name="tables",
        title="Where the bytes are today",
        words=(
            f"The projected database before any strategy, {bytes_text(before.size.bytes)}, by table and kind of storage."
            " Tables below 0.2 % are only in the numbers."
        ),
        spec=_stacks([*marks, *rest], order, "at full size"),
        table=Table(
            title="Bytes by table and kind, before any strategy",
            heads=("table", *KINDS, "total"),
            rows=tuple(_by_table(before, by_table)),
        ),
    )


def _by_table(
    before: FullSizeProjection, by_table: Sequence[tuple[str, int]]
) -> Iterator[tuple[Cell | str | None, ...]]:
    for table, total in by_table:
        yield table, *(size(before.kinds.get((table, kind), 0)) for kind in KINDS), size(total)
    if before.untouched:
        yield _REST, *(None for _ in KINDS), size(before.untouched)


def leaves(results: Results) -> Chart | None:
    """The bytes that each strategy leaves, by kind."""
    shown = sized(results)
    if not results.strategies or not shown:
        return None
    names = labels(shown)
    marks: list[dict[str, Any]] = [
        {"name": names[id(candidate)], "kind": kind, "bytes": size}
        for candidate in _drawn(shown)
        for kind, size in _kinds(candidate.projection).items()
        if size
    ]
    return Chart(
        name="leaves",
        title="What each strategy leaves",
        words=f"The same full sizes, by kind of storage.{_left_out(shown)}",
        spec=_stacks(marks, [names[id(candidate)] for candidate in _drawn(shown)], "at full size"),
        table=Table(
            title="Bytes at full size by kind",
            heads=("strategy", *KINDS, _REST, "total"),
            rows=tuple(
                (
                    names[id(candidate)],
                    *(size(value) for value in _kinds(candidate.projection).values()),
                    size(candidate.bytes_now),
                )
                for candidate in shown
            ),
        ),
    )


def _kinds(projection: FullSizeProjection) -> Mapping[str, int]:
    return {**projection.by_kind, _REST: projection.untouched}


def _interval(projection: FullSizeProjection) -> tuple[int | None, ...]:
    return projection.size.bytes, projection.size.low, projection.size.high


def _scaled(value: int | None, of_unit: int) -> float | None:
    return None if value is None else value / of_unit


def _stacks(marks: Sequence[Mapping[str, Any]], order: Sequence[str], title: str) -> Spec:
    """Bars by name, stacked by kind."""
    totals: Counter[str] = Counter()
    for mark in marks:
        totals[mark["name"]] += mark["bytes"]
    unit, of_unit = byte_unit(max(totals.values(), default=0))
    places = {kind: place for place, kind in enumerate(_KINDS)}
    kinds = {kind: _KINDS[kind] for kind in _KINDS if any(mark["kind"] == kind for mark in marks)}
    values = [
        {**mark, "bytes": mark["bytes"] / of_unit, "kind": _KINDS[mark["kind"]][0], "place": places[mark["kind"]]}
        for mark in marks
    ]
    colour = drawing.colours("kind", dict(kinds.values()))
    return {
        **drawing.rows(values),
        "width": PLOT,
        "height": {"step": ROW},
        "mark": {**BAR, "stroke": drawing.PAPER.light, "strokeWidth": 1},
        "encoding": {
            "y": drawing.names(order),
            "x": x(field="bytes", title=f"{unit} {title}"),
            "color": {**colour, "legend": {"columns": 5}},
            "order": {"field": "place", "type": "quantitative"},
        },
    }


def _drawn(shown: Sequence[Candidate]) -> list[Candidate]:
    """The smallest, and the baseline wherever it is: everything is compared with it."""
    return [*shown[:_MOST], *(candidate for candidate in shown[_MOST:] if candidate.trial.scenario == BASELINE)]


def _left_out(shown: Sequence[Candidate]) -> str:
    left = len(shown) - len(_drawn(shown))
    return f" {left} more are only in the numbers." if left else ""
