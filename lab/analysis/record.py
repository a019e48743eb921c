"""A trial's result as the flat record that savings.csv and `--json` hold."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum

from lab.analysis.full_size import FullSizeProjection
from lab.analysis.reads import ReadResult, ReadTime, main_read, worst_read
from lab.analysis.rows import TrialResult
from lab.analysis.writes import WriteRate, WriteResult
from lab.values import WorkloadFacts

Value = str | int | float | None


class Kind(StrEnum):
    """What a column holds, beside missing values."""

    TEXT = "text"
    BYTES = "bytes"
    COUNT = "count"
    NUMBER = "number"


_COLUMNS = {
    "scenario": Kind.TEXT,
    "outcome": Kind.TEXT,
    "server": Kind.TEXT,
    "baseline_bytes": Kind.BYTES,
    "bytes": Kind.BYTES,
    "saving_percent": Kind.NUMBER,
    "projected_bytes": Kind.BYTES,
    "verdict": Kind.TEXT,
    "apply_seconds": Kind.NUMBER,
    "wal_bytes": Kind.BYTES,
    "peak_bytes": Kind.BYTES,
    "cpu_seconds": Kind.NUMBER,
    "bytes_per_unit": Kind.NUMBER,
    "repeat": Kind.COUNT,
    "reason": Kind.TEXT,
    "projected_low": Kind.BYTES,
    "projected_high": Kind.BYTES,
    "bytes_per_day": Kind.BYTES,
    "steady_bytes": Kind.BYTES,
    "days_to_target": Kind.NUMBER,
    "until": Kind.TEXT,
    "target": Kind.TEXT,
    "main_read": Kind.TEXT,
    "main_read_ratio": Kind.NUMBER,
    "main_read_change": Kind.TEXT,
    "worst_read": Kind.TEXT,
    "worst_read_ratio": Kind.NUMBER,
    "longest_lock_seconds": Kind.NUMBER,
    "longest_lock_table": Kind.TEXT,
    "longest_lock_mode": Kind.TEXT,
    "longest_wait_seconds": Kind.NUMBER,
    "longest_wait_table": Kind.TEXT,
    "outside_bytes": Kind.BYTES,
    "projected_outside_bytes": Kind.BYTES,
    "outside_bytes_per_day": Kind.BYTES,
}


_TIMES: Mapping[str, Callable[[ReadTime], Value]] = {
    "median_seconds": lambda side: side.median,
    "p95_seconds": lambda side: side.p95,
    "spread": lambda side: side.spread,
    "cpu_microseconds": lambda side: None if side.cpu_seconds is None else 1e6 * side.cpu_seconds,
    "blocks": lambda side: side.blocks,
}
READ_COLUMNS = (
    *("scenario", "server", "repeat", "query", "without", "change", "ratio", "ratio_low", "ratio_high", "baseline_gap"),
    "samples",
    *(f"{prefix}{name}" for prefix in ("baseline_", "") for name in _TIMES),
)
"""The columns of reads.csv in their order."""


_RATES: Mapping[str, Callable[[WriteRate], Value]] = {
    "rows_per_second": lambda side: side.rows_per_second,
    "cpu_microseconds": lambda side: None if side.cpu_seconds is None else 1e6 * side.cpu_seconds,
    "wal_bytes": lambda side: side.wal_bytes,
    "heap_bytes": lambda side: side.growth.get("heap"),
    "map_bytes": lambda side: side.growth.get("maps"),
    "toast_bytes": lambda side: side.growth.get("toast"),
    "index_bytes": lambda side: side.growth.get("indexes"),
}
WRITE_COLUMNS = (
    *("scenario", "server", "repeat", "write", "change", "ratio", "ratio_low", "ratio_high", "baseline_gap"),
    *("rows", "samples"),
    *(f"{prefix}{name}" for prefix in ("baseline_", "") for name in _RATES),
    *("given_back", "refused"),
)
"""The columns of writes.csv in their order; CPU and bytes are per row."""


def columns(workload: WorkloadFacts) -> dict[str, Kind]:
    """The columns in their order; the workload's unit names one of them, such as bytes_per_market_row."""
    return {_column(name, workload): kind for name, kind in _COLUMNS.items()}


def _column(name: str, workload: WorkloadFacts) -> str:
    return f"bytes_per_{workload.unit.replace(' ', '_')}" if name == "bytes_per_unit" else name


def record(row: TrialResult, workload: WorkloadFacts) -> dict[str, Value]:
    """The values of all `columns`; None if nothing was measured."""
    values = {
        "scenario": row.outcome.scenario,
        "outcome": row.outcome.kind,
        "server": row.outcome.server,
        "baseline_bytes": row.control_bytes,
        "bytes": row.bytes,
        "saving_percent": row.saving_percent,
        "verdict": row.verdict.value if row.verdict else None,
        "apply_seconds": row.cost.seconds,
        "wal_bytes": row.cost.wal_bytes,
        "peak_bytes": row.cost.peak_bytes,
        "cpu_seconds": row.cost.cpu_seconds,
        "repeat": row.repeat,
        "outside_bytes": row.outside_bytes,
        "reason": row.reason,
        **_reads(row),
        **_longest_lock(row),
    } | (_at_full_size(row.projection) if row.projection else {})
    return {_column(name, workload): values.get(name) for name in _COLUMNS}


def _reads(row: TrialResult) -> dict[str, Value]:
    main, worst = main_read(row.reads), worst_read(row.reads)
    return {
        "main_read": main.query if main else None,
        "main_read_ratio": main.ratio if main else None,
        "main_read_change": main.change.value if main else None,
        "worst_read": worst.query or None if worst else None,
        "worst_read_ratio": worst.ratio if worst else None,
    }


def _longest_lock(row: TrialResult) -> dict[str, Value]:
    seconds = row.locks.longest_seconds if row.locks else None
    top = row.locks.top if row.locks and seconds is not None else None
    wait = row.locks.longest_wait if row.locks else None
    return {
        "longest_lock_seconds": seconds,
        "longest_lock_table": top.lock.table if top else None,
        "longest_lock_mode": top.lock.mode.value if top else None,
        "longest_wait_seconds": wait[1] if wait else None,
        "longest_wait_table": wait[0] if wait else None,
    }


LOCK_COLUMNS = ("scenario", "server", "repeat", "step", "statement", "table", "mode", "part", "blocks", "held_seconds")
"""The columns of locks.csv in their order; a statement without a known lock has a line with an empty mode."""


def lock_records(row: TrialResult) -> Iterator[dict[str, Value]]:
    """Every lock of every statement of a trial; of a statement whose locks are not known, a record that says only that."""
    for step in row.trial.steps if row.trial else ():
        for number, statement in enumerate(step.statements, 1):
            start = (row.outcome.scenario, row.outcome.server, row.repeat, step.name, number)
            if statement.locks is None:
                yield dict(zip(LOCK_COLUMNS, (*start, *(None,) * 5), strict=True))
            for lock in statement.locks or ():
                part = "whole" if lock.whole else "part"
                values = (lock.table, lock.mode.value, part, lock.mode.blocks, lock.held_seconds)
                yield dict(zip(LOCK_COLUMNS, (*start, *values), strict=True))


def read_record(row: TrialResult, read: ReadResult) -> dict[str, Value]:
    """One query after one strategy, as reads.csv and `--json` hold it, whether there is a difference to speak of or not."""
    values: tuple[Value, ...] = (
        row.outcome.scenario,
        row.outcome.server,
        row.repeat,
        read.query,
        " ".join(read.without),
        read.change.value,
        read.ratio,
        read.low,
        read.high,
        read.gap,
        read.samples,
        *(value(side) for side in (read.before, read.after) for value in _TIMES.values()),
    )
    return dict(zip(READ_COLUMNS, values, strict=True))


def write_record(row: TrialResult, write: WriteResult) -> dict[str, Value]:
    """One write after one strategy, as writes.csv and `--json` hold it."""
    values: tuple[Value, ...] = (
        row.outcome.scenario,
        row.outcome.server,
        row.repeat,
        write.query,
        write.change.value,
        write.ratio,
        write.low,
        write.high,
        write.gap,
        write.rows,
        write.samples,
        *(value(side) if side else None for side in (write.before, write.after) for value in _RATES.values()),
        write.given_back,
        write.refused,
    )
    return dict(zip(WRITE_COLUMNS, values, strict=True))


def _at_full_size(projection: FullSizeProjection) -> dict[str, Value]:
    return {
        "projected_bytes": projection.size.bytes,
        "projected_low": projection.size.low,
        "projected_high": projection.size.high,
        "bytes_per_unit": projection.bytes_per_unit,
        "bytes_per_day": projection.bytes_per_day,
        "steady_bytes": projection.steady_bytes,
        "days_to_target": projection.days_to_target,
        "until": projection.target_eta,
        "target": projection.status.value if projection.status else None,
        "projected_outside_bytes": projection.outside,
        "outside_bytes_per_day": projection.outside_per_day,
    }
