"""The charts about the work: when space comes back step by step, and what the reads take afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lab.analysis.candidate import Candidate
from lab.analysis.reads import ReadResult
from lab.analysis.results import Results
from lab.report.page import drawing
from lab.report.page.chart import Chart
from lab.report.page.drawing import BAR, PLOT, ROW, Spec, x
from lab.report.table import Cell, Table, duration, seconds, size, times
from lab.units import byte_unit
from lab.values import ReadCost, StepRecord

_SHOWN = 2
"""Strategies whose steps are drawn, the best first."""
_BEFORE = "before"
_BASELINE, _STRATEGY = "untouched clone", "after the strategy"


def steps(results: Results) -> Chart | None:
    """The footprint after each step of the best strategies, and the peak on the way."""
    best = [candidate for candidate in (results.pick, *_second(results)) if candidate and candidate.trial.steps]
    shown = best[:_SHOWN]
    if not shown:
        return None
    most = max(step.peak_bytes or step.footprint.total for candidate in shown for step in candidate.trial.steps)
    unit, of_unit = byte_unit(max(most, *(candidate.control.footprint.total for candidate in shown)))
    panels = [_panel(candidate, unit, of_unit) for candidate in shown]
    return Chart(
        name="steps",
        title="When space comes back",
        words=(
            "Each bar is the size of all tables after one step, as measured on the sample. The mark beyond it is the largest"
            " size of the database's folder during that step: the room that the disk must have."
        ),
        spec={"vconcat": panels, "spacing": 24, "resolve": {"scale": {"x": "shared"}}},
        table=Table(
            title="Size after each step",
            heads=("strategy", "step", "size after", "peak", "seconds", "WAL"),
            rows=tuple(
                (
                    candidate.trial.scenario,
                    step.name,
                    size(step.footprint.total),
                    size(step.peak_bytes),
                    seconds(step.seconds),
                    size(step.wal_bytes),
                )
                for candidate in shown
                for step in candidate.trial.steps
            ),
            left=2,
        ),
    )


def _second(results: Results) -> list[Candidate]:
    """The other ranked strategies, the best first."""
    return [candidate for candidate in results.decision.ranking if candidate is not results.pick]


def _panel(candidate: Candidate, unit: str, of_unit: int) -> Spec:
    marks = [
        {"name": _BEFORE, "bytes": candidate.control.footprint.total / of_unit},
        *(_step(number, step, of_unit) for number, step in enumerate(candidate.trial.steps, 1)),
    ]
    y, title = {"y": drawing.names([mark["name"] for mark in marks])}, f"{unit} on the sample"
    peak = {"type": "tick", "color": drawing.ORANGE.light, "thickness": 3, "size": 13, "opacity": 1}
    return {
        **drawing.rows(marks),
        "title": {"text": candidate.trial.scenario, "anchor": "start", "color": drawing.INK.light, "fontSize": 13},
        "width": PLOT,
        "height": {"step": ROW},
        "layer": [
            {"mark": {**BAR, "color": drawing.BLUE.light}, "encoding": {**y, "x": x(field="bytes", title=title)}},
            {"mark": peak, "encoding": {**y, "x": x(field="peak", title=title)}},
        ],
    }


def _step(number: int, step: StepRecord, of_unit: int) -> dict[str, Any]:
    peak = {} if step.peak_bytes is None else {"peak": step.peak_bytes / of_unit}
    return {"name": f"{number}. {step.name}", "bytes": step.footprint.total / of_unit, **peak}


def reads(results: Results) -> Chart | None:
    """What every read of the application takes after the pick, or else after the best strategy that was timed."""
    timed = [candidate for candidate in results.decision.ranking if candidate.reads and candidate.trial.reads]
    shown = results.pick if results.pick in timed else next(iter(timed), None)
    if shown is None:
        return None
    pairs = list(zip(shown.reads or (), shown.trial.reads or (), strict=True))
    samples = [sample for read, cost in pairs for sample in _samples(read, cost)]
    medians = [
        {"name": _name(read), "side": side, "milliseconds": 1000 * of.median}
        for read, _ in pairs
        for side, of in ((_BASELINE, read.before), (_STRATEGY, read.after))
    ]
    sides = {_BASELINE: drawing.GREY, _STRATEGY: drawing.BLUE}
    y = drawing.names([_name(read) for read, _ in pairs])
    offset = {"field": "side", "type": "nominal", "sort": list(sides)}
    time = x(field="milliseconds", title="milliseconds (logarithmic)", scale={"type": "log", "nice": False})
    place = {"y": y, "yOffset": offset, "x": {**time, "axis": {"tickCount": 4, "format": "~g"}}}
    colour = drawing.colours("side", sides)
    spec = {
        "width": PLOT,
        "height": {"step": ROW - 4},
        "layer": [
            {
                **drawing.rows(samples),
                "mark": {"type": "tick", "opacity": 0.45, "thickness": 1.5, "size": 12},
                "encoding": {**place, "color": colour},
            },
            {
                **drawing.rows(medians),
                "mark": {"type": "point", "filled": True, "opacity": 1, "size": 70, "stroke": drawing.PAPER.light},
                "encoding": {**place, "color": colour, "shape": {**offset, "legend": None}},
            },
        ],
    }
    return Chart(
        name="reads",
        title="What the reads take",
        words=(
            f"Each query of the application after {shown.trial.scenario}, beside the same query on an untouched clone,"
            " measured in turn with it. Each thin mark is one execution, each large one the median. Caches are warm."
        ),
        spec=spec,
        table=Table(
            title=f"Reads after {shown.trial.scenario} on {shown.trial.server}",
            heads=(
                "query",
                "what it asks",
                "difference",
                "before",
                "after",
                "ratio",
                "at least",
                "at most",
                "p95 before",
                "p95 after",
            ),
            rows=tuple((_name(read), read.title or None, read.change.value, *_times(read)) for read, _ in pairs),
            left=3,
        ),
    )


def _times(read: ReadResult) -> tuple[Cell, ...]:
    return (
        duration(read.before.median),
        duration(read.after.median),
        times(read.ratio),
        times(read.low),
        times(read.high),
        duration(read.before.p95),
        duration(read.after.p95),
    )


def _samples(read: ReadResult, cost: ReadCost) -> Iterator[dict[str, Any]]:
    for side, of in ((_BASELINE, cost.before), (_STRATEGY, cost.after)):
        yield from ({"name": _name(read), "side": side, "milliseconds": 1000 * value} for value in of.timing.values)


def _name(read: ReadResult) -> str:
    return f"{read.query} {read.columns}" if read.without else read.query
