"""Several runs side by side: as a table, as lines, and for programs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from lab.analysis.comparison import ComparedRow, ComparedTrial, Comparison, RowVerdict
from lab.analysis.disagreement import Disagreement, Extent
from lab.report.table import Cell, Table, percent, size
from lab.units import ratio_text

_MARKS: Mapping[RowVerdict, str] = {
    RowVerdict.SMALLER: "-",
    RowVerdict.FASTER: "-",
    RowVerdict.LARGER: "+",
    RowVerdict.SLOWER: "+",
    RowVerdict.BROKEN: "!",
    RowVerdict.GONE: "!",
    RowVerdict.NOT_COMPARABLE: "?",
}
_COUNTED: Mapping[RowVerdict, str] = {
    RowVerdict.BROKEN: "broken",
    RowVerdict.GONE: "gone",
    RowVerdict.LARGER: "larger",
    RowVerdict.SLOWER: "slower",
    RowVerdict.SMALLER: "smaller",
    RowVerdict.FASTER: "faster",
    RowVerdict.MENDED: "mended",
    RowVerdict.NEW: "new",
    RowVerdict.NOT_COMPARABLE: "not comparable",
    RowVerdict.NO_NUMBERS: "without numbers",
    RowVerdict.SAME: "the same",
}
"""What follows the number of scenarios with a verdict, in the order in which a reader wants to know."""
_FORBIDDEN: Mapping[Extent, str] = {
    Extent.ALL: "Sizes and times may not be compared",
    Extent.TIMES: "Times may not be compared",
    Extent.NOTHING: "Note",
}


@dataclass(frozen=True, kw_only=True)
class ComparisonSummary:
    """Several runs compared with the first."""

    format: Literal[1] = 1
    runs: tuple[str, ...]
    comparable: bool
    """Whether sizes may be compared."""
    disagreements: tuple[Disagreement, ...]
    rows: tuple[ComparedRow, ...]


def table(comparison: Comparison) -> Table:
    """Bytes by run, what changed, and a verdict for each row; the marks are those of `legend`."""
    return Table(
        title="Runs compared",
        heads=("", "scenario", "server", "verdict", *comparison.runs, "size", "read that changed most"),
        rows=tuple(_row(row) for row in comparison.rows),
        left=4,
    )


def legend(comparison: Comparison) -> str:
    """The marks in words, where one is shown."""
    shown = {_mark(row) for row in comparison.rows} - {""}
    words = {"-": "- better", "+": "+ worse", "±": "± both", "!": "! broken or gone", "?": "? not comparable"}
    return ", ".join(text for mark, text in words.items() if mark in shown)


def headline(comparison: Comparison) -> str:
    """How many scenarios have each verdict, in one sentence."""
    if len(comparison.runs) < 2:
        return "One run has nothing to be compared with"
    counts = Counter(verdict for row in comparison.rows for verdict in row.verdicts)
    listed = [f"{counts[verdict]:,} {words}" for verdict, words in _COUNTED.items() if counts[verdict]]
    return f"From {comparison.runs[0]} to {comparison.runs[-1]}: {', '.join(listed) or 'no scenario in either'}"


def hindrances(comparison: Comparison) -> Iterator[str]:
    """What may not be compared and why, the gravest first; then which run is not whole."""
    for extent in Extent:
        for disagreement in comparison.disagreements:
            if disagreement.forbids is extent:
                yield f"{_FORBIDDEN[extent]}: {disagreement.words}"
    yield from (f"Note: {run} {words}" for run, words in comparison.unfinished.items())


def reasons(comparison: Comparison) -> Iterator[str]:
    """For each trial without bytes that failed or gives other answers, why."""
    for row in comparison.rows:
        for run, trial in zip(comparison.runs, row.trials, strict=True):
            if trial and trial.broken:
                yield f"{row.scenario} in {run} {trial.state}: {trial.reason}"


def summary(comparison: Comparison) -> ComparisonSummary:
    """For programs; None where there is no number."""
    return ComparisonSummary(
        runs=comparison.runs,
        comparable=comparison.comparable,
        disagreements=comparison.disagreements,
        rows=comparison.rows,
    )


def _row(row: ComparedRow) -> tuple[Cell | str | None, ...]:
    read = f"{row.read.query} {ratio_text(row.read.ratio)} x" if row.read else None
    return (
        _mark(row),
        row.scenario,
        ", ".join(row.servers) or None,
        ", ".join(row.verdicts),
        *(_bytes(trial) for trial in row.trials),
        percent(row.change_percent, digits=2),
        read,
    )


def _bytes(trial: ComparedTrial | None) -> Cell | str | None:
    if trial is None:
        return None
    return trial.state if trial.bytes is None else size(trial.bytes)


def _mark(row: ComparedRow) -> str:
    marks = {mark for verdict in row.verdicts if (mark := _MARKS.get(verdict, ""))}
    return "±" if marks == {"+", "-"} else "".join(marks)
