"""report.html, from results: one file that opens from disk and reads without JavaScript."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Sequence
from importlib.resources import files

from markupsafe import Markup

from lab.analysis import writes
from lab.analysis.candidate import Candidate
from lab.analysis.reads import Change, ReadResult, slower_reads
from lab.analysis.results import Results
from lab.analysis.rows import cost_of
from lab.report.page import choice, drawing, growth, sizes, work
from lab.report.page.chart import Chart
from lab.report.page.rows import COLUMNS, rows
from lab.report.templating import PAGES
from lab.units import bytes_text, counted, duration_text

_CHARTS = (sizes.full_size, choice.choice, sizes.tables_today, sizes.leaves, work.steps, growth.growth, work.reads)
"""In the order of the page, the first one on the first screen; one that a run has nothing for is left out."""
_OURS = files("lab.report") / "templates"
_SCRIPT = (_OURS / "page.js").read_text(encoding="utf-8")
_STYLE = (_OURS / "page.css").read_text(encoding="utf-8")


def page(results: Results) -> str:
    """The whole page of a run."""
    drawn = [(chart, drawing.svg(chart.spec)) for chart in _charts(results)]
    return PAGES.get_template("page.html.j2").render(
        results=results,
        experiment=results.experiment,
        advice=results.advice,
        pick=results.pick,
        price=list(_price(results.pick)) if results.pick else [],
        missing=list(_missing(results)),
        charts=drawn,
        columns=COLUMNS,
        rows=rows(results),
        colours=drawing.COLOURS,
        style=Markup(_STYLE),  # noqa: S704 - a file of ours
        script=Markup(_SCRIPT),  # noqa: S704 - a file of ours
        digest=base64.b64encode(hashlib.sha256(_SCRIPT.encode()).digest()).decode(),
    )


def _charts(results: Results) -> Iterator[Chart]:
    for of in _CHARTS:
        if chart := of(results):
            yield chart


def _price(pick: Candidate) -> Iterator[tuple[str, str | None]]:
    """What the pick costs, by what is paid; None where the run did not measure it."""
    yield "Reads", _reads(pick.reads)
    yield "Writes", writes.in_words(pick.writes).removeprefix("Writes: ") if pick.writes else None
    yield "Locks", _locks(pick.longest_lock_seconds)
    yield "Migration", _migration(pick)


def _reads(reads: Sequence[ReadResult] | None) -> str | None:
    if not reads or all(read.change is Change.UNKNOWN for read in reads):
        return None
    slower, queries = slower_reads(reads), {read.query for read in reads}
    if not slower:
        return f"None of {counted(len(queries), 'query', 'queries')} is slower than two baselines differ."
    return f"{len(slower)} of {counted(len(queries), 'query', 'queries')} are slower. The worst: {slower[0].words}."


def _locks(seconds: float | None) -> str | None:
    return None if seconds is None else f"On the sample, others waited for at most {duration_text(seconds)} at a time."


def _migration(pick: Candidate) -> str | None:
    cost = cost_of([step for step in pick.trial.steps if not step.auxiliary])
    if cost.seconds is None:
        return None
    parts = [f"{cost.seconds:.1f} s for {bytes_text(pick.control.footprint.total)} of sample on this machine"]
    if cost.wal_bytes is not None:
        parts.append(f"{bytes_text(cost.wal_bytes)} of WAL")
    if cost.peak_bytes is not None:
        parts.append(f"at most {bytes_text(cost.peak_bytes)} on disk meanwhile")
    return f"{', '.join(parts)}. Not scaled to full size."


def _missing(results: Results) -> Iterator[str]:
    """What a reader must know that this run does not hold."""
    have, planned = len(results.trials), len(results.experiment.plan.trials)
    if results.experiment.finished is None:
        yield f"This run was interrupted: {have} of {counted(planned, 'trial')} have an outcome."
    elif have < planned:
        yield f"This run is incomplete: {have} of {counted(planned, 'trial')} have an outcome."
    if not results.measured:
        yield "No trial was measured to the end, so there are no sizes and no pictures."
    elif not results.candidates:
        yield "No trial has both a baseline and a full size, so nothing is compared."
    elif not results.strategies:
        yield "No strategy was measured beside the baseline, so there is nothing to choose from."
    if results.measured and not results.reads_timed:
        yield "The reads of the application were not timed."
    if results.measured and not results.writes_measured:
        yield "The writes of the application were not measured."
    yield from (f"Broken: {line}" for line in results.broken)
