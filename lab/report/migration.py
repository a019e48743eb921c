"""The tables of what it takes to apply a strategy: its steps, the same at full size, its locks, and who waited for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from lab.analysis.forecast import Amount
from lab.analysis.locks import TrialLocks
from lab.analysis.results import Results
from lab.analysis.rows import StepResult
from lab.report.table import Cell, Table, seconds, size
from lab.units import bytes_text, counted, duration_text, interval_text
from lab.values import Waits

_LOCK_HEADS = ("table", "mode", "who waits", "step", "held at most")


def steps(results: Results) -> Table:
    """When space comes back: the whole footprint after every step."""
    return Table(
        title="When space comes back",
        heads=("scenario", "step", "size after", "seconds", "server CPU", "WAL", "peak disk"),
        rows=tuple(_step_row(row) for row in results.steps),
        left=2,
    )


def _step_row(row: StepResult) -> tuple[Cell | str, ...]:
    return (
        row.label,
        row.step,
        size(row.bytes),
        seconds(row.cost.seconds, bare=True),
        seconds(row.cost.cpu_seconds),
        size(row.cost.wal_bytes),
        size(row.cost.peak_bytes),
    )


def forecasts(results: Results) -> Table:
    """What each step takes at full size."""
    return Table(
        title="Steps at full size",
        heads=("scenario", "server", "step", "seconds", "between", "WAL", "between", "peak disk", "between"),
        rows=tuple(
            (
                row.outcome.scenario,
                row.outcome.server,
                step.step,
                *_foretold(step.seconds, duration_text),
                *_foretold(step.wal_bytes, bytes_text),
                *_foretold(step.peak_bytes, bytes_text),
            )
            for row in results.measured
            for step in row.forecast or ()
        ),
        left=3,
    )


def _foretold(amount: Amount | None, text: Callable[[float], str]) -> tuple[str | None, str | None]:
    return (text(amount.value), interval_text(amount.low, amount.high, text)) if amount else (None, None)


def locks(results: Results) -> Table:
    """For how long reads or writes of each table wait, by mode; a line without a table where that is not known."""
    return Table(
        title="Locks",
        heads=("scenario", "server", *_LOCK_HEADS),
        rows=tuple(
            (row.outcome.scenario, row.outcome.server, *line)
            for row in results.measured
            if row.locks
            for line in _lock_rows(row.locks)
        ),
        left=6,
    )


def trial_locks(locks: TrialLocks) -> Table:
    """The same of one trial."""
    return Table(title="Locks that others wait for", heads=_LOCK_HEADS, rows=tuple(_lock_rows(locks)), left=4)


def _lock_rows(locks: TrialLocks) -> Iterator[tuple[str | None, ...]]:
    for blocking in locks.longest:
        lock, part = blocking.lock, "" if blocking.lock.whole else ", a part of it"
        held = None if lock.held_seconds is None else duration_text(lock.held_seconds)
        yield f"{lock.table}{part}", lock.mode.value, lock.mode.blocks, blocking.step, held
    if locks.unknown:
        yield None, f"not measured: {counted(len(locks.unknown), 'statement')}", None, None, None


def waits(results: Results) -> Table:
    """How long requests to each table waited while a strategy was applied; only of declared tables."""
    return Table(
        title="What traffic felt",
        heads=("scenario", "server", "table", "longest read", "reads blocked", "longest write", "writes blocked"),
        rows=tuple(
            (row.outcome.scenario, row.outcome.server, table.table, *_felt(table.reads), *_felt(table.writes))
            for row in results.measured
            for table in (row.locks.traffic if row.locks else None) or ()
        ),
        left=3,
    )


def _felt(felt: Waits | None) -> tuple[str | None, str | None]:
    return (duration_text(felt.longest_seconds), duration_text(felt.blocked_seconds)) if felt else (None, None)
