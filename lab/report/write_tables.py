"""The table of what the application's writes cost."""

from __future__ import annotations

from lab.analysis.results import Results
from lab.analysis.rows import TrialResult
from lab.analysis.writes import WorstWrite, WriteResult, main_write
from lab.report.table import Cell, Table, count, percent
from lab.units import Unit, duration_text, ratio_text


def main_write_head(results: Results) -> str:
    """The name of the application's first write, above what became of its rows per second."""
    main = next(write for row in results.trials if (write := main_write(row.writes)))
    return f"{main.query} rows/s"


def writes(results: Results) -> Table:
    """Every write after every strategy: what was refused has its verdict instead of numbers."""
    sides = ("before", "after")
    return Table(
        title="Writes",
        heads=(
            "scenario",
            "server",
            "write",
            *(f"rows/s {side}" for side in sides),
            "ratio",
            "between",
            *(f"{what} {side}" for what in ("CPU", "WAL", "heap", "TOAST", "indexes") for side in sides),
            "again and again",
            "given back",
        ),
        rows=tuple(_write_row(row, write) for row in results.measured for write in row.writes or ()),
        left=3,
    )


def _write_row(row: TrialResult, write: WriteResult) -> tuple[Cell | str | None, ...]:
    sides = (write.before, write.after)
    return (
        row.outcome.scenario,
        row.outcome.server,
        write.query,
        *(None if side is None else count(round(side.rows_per_second)) for side in sides),
        rate(write),
        f"{ratio_text(write.low)}-{ratio_text(write.high)}" if write.low and write.high else None,
        *(None if side is None or side.cpu_seconds is None else duration_text(side.cpu_seconds) for side in sides),
        *(None if side is None else _per_row(side.wal_bytes) for side in sides),
        *(
            None if side is None else _per_row(side.growth.get(kind))
            for kind in ("heap", "toast", "indexes")
            for side in sides
        ),
        None if write.recurring_seconds is None else duration_text(write.recurring_seconds),
        percent(None if write.given_back is None else 100 * write.given_back),
    )


def rate(write: WriteResult) -> str | None:
    """What became of its rows per second; None where that was not compared."""
    if write.ratio is None:
        return write.verdict.value
    single = write.low is None
    return f"{ratio_text(write.ratio)} x" if write.named or single else "same" if write.gap else None


def worst_write(write: WorstWrite | None, *, none: str = "none slower") -> str | None:
    """The write that suffers most with its rows per second, or its verdict; None where nobody knows."""
    if write is None:
        return None
    if write.ratio is None:
        return f"{write.query} {write.verdict.value}"
    return f"{write.query} {ratio_text(write.ratio)} x" if write.query else none


def _per_row(size: float | None) -> Cell:
    return Cell(value=size, unit=Unit.FEW_BYTES, bare=True)
