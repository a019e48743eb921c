"""How a search found its pick: search.md of its run, and a sentence for the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from lab.report.table import Cell, Table, duration, percent, size, times
from lab.search.best import Best
from lab.search.observation import Axis, Observation
from lab.search.result import Compared, SearchResult
from lab.units import bytes_text, counted, joined, ratio_text
from lab.values import SearchEnding

_LOST = ("nothing", "columns", "rows")
"""By `Observation.loss`."""


def document(best: Best) -> str:
    """The whole of it, in Markdown."""
    return "\n".join(
        (
            "# How the search went",
            "",
            *(f"- {line}" for line in lines(best)),
            "",
            "## The front",
            "",
            _front_words(best.result),
            "",
            front(best.result).markdown(),
            "",
            "## Forecast and measured",
            "",
            "Each combination was forecast from the trials before it, and then measured.",
            "",
            compared(best.result.compared).markdown(),
            "",
        )
    )


def lines(best: Best) -> tuple[str, ...]:
    """In sentences."""
    result = best.result
    trials = len(result.observed)
    measured = (
        f"The search measured {trials} of {result.candidates:,} combinations on a sample of {bytes_text(best.sizes[0])}."
        f" {_ending(result)}"
    )
    return measured, _accuracy(result), f"The run measured {joined(best.finalists)}."


def _ending(result: SearchResult) -> str:
    if result.ending is SearchEnding.NOTHING_LEFT:
        return "It ended because no other combination promised an improvement."
    left_out = counted(len(result.left_out), "other combination")
    return (
        f"The budget ended it: {left_out} still promised an improvement, but the run at the asked size needs the rest of"
        " the time."
    )


def _accuracy(result: SearchResult) -> str:
    error = result.error_percent
    if error is None:
        return "No combination of several parts was measured, so no forecast can be checked."
    return (
        f"The forecast of the bytes was off by {error:.1f} % in the median of"
        f" {counted(len(result.compared), 'combination')}, by {_worst(result):.1f} % at most.{_read_accuracy(result)}"
    )


def _read_accuracy(result: SearchResult) -> str:
    error = result.read_error_percent
    return "" if error is None else f" That of the worst read was off by {error:.1f} % in the median."


def front(result: SearchResult) -> Table:
    """What no other combination within the limits dominates."""
    return Table(
        title="The front on the first sample",
        heads=("combination", *(axis.value for axis in Axis)),
        rows=tuple((observation.name, *(_cell(observation, axis) for axis in Axis)) for observation in result.front),
    )


def brief_front(result: SearchResult) -> Table:
    """The same for a terminal, in 80 columns: what a choice is made by."""
    return Table(
        title="The front on the first sample",
        heads=("combination", "at full\nsize", "growth\na day", "worst\nread", "migration", "loses"),
        rows=tuple(
            (
                observation.name,
                size(observation.bytes),
                size(observation.growth),
                times(observation.read),
                duration(observation.seconds),
                _LOST[observation.loss],
            )
            for observation in result.front
        ),
    )


def compared(pairs: Sequence[Compared]) -> Table:
    """Forecasts beside what was measured, in the order of the trials."""
    return Table(
        title="Forecast and measured",
        heads=("combination", "forecast", "measured", "off by", "worst read: forecast", "measured", "off by"),
        rows=tuple(
            (
                pair.measured.name,
                size(pair.forecast.bytes),
                size(pair.measured.bytes),
                percent(pair.percent),
                times(pair.forecast.read),
                times(pair.measured.read),
                percent(pair.read_percent),
            )
            for pair in pairs
        ),
    )


def _front_words(result: SearchResult) -> str:
    if not result.within_limits:
        return "Nothing measured on the sample keeps every limit. These come without the limits."
    lacking = [axis.value for axis in Axis if axis not in result.axes]
    missing = f" Not measured of all, and so not compared: {joined(lacking)}." if lacking else ""
    return (
        f"No other combination within the limits is better in one of these and worse in none.{missing} Reads have their"
        " interval of 95 %. One sample gives none to sizes: the report of the run has those of the finalists."
    )


def _worst(result: SearchResult) -> float:
    return max(abs(pair.percent) for pair in result.compared)


def _cell(observation: Observation, axis: Axis) -> Cell | str:
    cost = observation.cost(axis)
    if axis is Axis.LOSS:
        return _LOST[observation.loss]
    if axis in (Axis.BYTES, Axis.GROWTH, Axis.OUTSIDE):
        return size(cost)
    if axis is Axis.READ and observation.read_interval:
        return f"{times(cost).text} ({'-'.join(map(ratio_text, observation.read_interval))})"
    if axis in (Axis.READ, Axis.WRITE):
        return times(cost)
    return duration(cost)
