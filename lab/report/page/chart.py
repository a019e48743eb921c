"""What a chart of the page is, and what several of them share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lab.analysis.candidate import Candidate
from lab.analysis.results import Results
from lab.report.page import drawing
from lab.report.page.drawing import Spec
from lab.report.table import Table
from lab.units import bytes_text


@dataclass(frozen=True, kw_only=True)
class Chart:
    """A picture, what it shows in words, and the table of its numbers."""

    name: str
    """Its place on the page."""
    title: str
    words: str
    """What the picture shows; read aloud in its place."""
    spec: Spec
    table: Table


def sized(results: Results) -> tuple[Candidate, ...]:
    """What has a full size and right answers, the smallest first; of a baseline that ran twice the first trial."""
    once = (candidate for candidate in results.candidates if candidate.trial.repeat == 1)
    return tuple(sorted(once, key=lambda candidate: candidate.bytes_now))


def labels(candidates: Sequence[Candidate]) -> Mapping[int, str]:
    """The name of each trial by its id, with its server where a scenario ran on several."""
    often = Counter(candidate.trial.scenario for candidate in candidates)
    return {
        id(candidate): candidate.trial.scenario
        + (f" · {candidate.trial.server}" if often[candidate.trial.scenario] > 1 else "")
        for candidate in candidates
    }


def target_line(target: int, of_unit: int, *, upright: bool = True) -> list[Spec]:
    """A dashed line with its name."""
    at = {"x" if upright else "y": {"datum": target / of_unit}}
    beside = {"y": {"value": -4}} if upright else {"x": {"value": 4}}
    name = {"type": "text", "color": drawing.RED.light, "text": f"target {bytes_text(target)}", "baseline": "bottom"}
    layer = drawing.rows([{}])
    return [
        {**layer, "mark": {"type": "rule", "color": drawing.RED.light, "strokeDash": [5, 3]}, "encoding": at},
        {**layer, "mark": {**name, "align": "left", "dx": 0 if upright else 4}, "encoding": {**at, **beside}},
    ]
