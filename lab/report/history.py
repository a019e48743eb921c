"""A list of runs as a table."""

from __future__ import annotations

from collections.abc import Sequence

from lab.analysis.history import RunHeadline
from lab.report.table import Cell, Table, count, percent, size

_DIGITS = 8
"""Of a digest, enough to see which runs loaded the same rows."""


def table(runs: Sequence[RunHeadline]) -> Table:
    """One line per run."""
    return Table(
        title="Runs",
        heads=("run", "rows", "first choice", "saving", "at full size", "measured", "planned", "broken"),
        rows=tuple(_row(run) for run in runs),
        left=3,
    )


def _row(run: RunHeadline) -> tuple[Cell | str | None, ...]:
    return (
        run.run if run.finished else f"{run.run} (not finished)",
        run.rows_digest[:_DIGITS] if run.rows_digest else None,
        run.best,
        percent(run.saving_percent),
        size(run.full_size_bytes),
        count(run.measured),
        count(run.planned),
        count(run.broken),
    )
