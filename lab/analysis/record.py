"""The flat records of a run, a field a column: what its CSV files and `--json` hold. None where nothing was measured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from lab.analysis.full_size import TargetStatus
from lab.analysis.known import of
from lab.analysis.reads import Difference, ReadResult, main_read, worst_read
from lab.analysis.rows import TrialResult
from lab.analysis.writes import WriteResult, worst_write
from lab.values import LockMode, Verdict, WriteVerdict


@dataclass(frozen=True, kw_only=True)
class SavingRecord:
    """A trial."""

    scenario: str
    outcome: Literal["completed", "failed", "skipped"]
    server: str | None
    baseline_bytes: int | None
    bytes: int | None
    """All tables after the strategy, on the sample."""
    saving_percent: float | None
    """Negative where it is larger than its baseline."""
    projected_bytes: int | None
    """The whole database at full size."""
    verdict: Verdict | None
    apply_seconds: float | None
    wal_bytes: int | None
    peak_bytes: int | None
    """The largest size of the database's folder, without WAL."""
    cpu_seconds: float | None
    bytes_per_unit: float | None
    """Bytes at full size per row of the unit that the workload counts in; savings.csv names the unit."""
    repeat: int | None
    """1, or 2 for the second trial of the baseline."""
    reason: str | None
    """Why it has no numbers, or which answers differ."""
    projected_low: int | None
    projected_high: int | None
    bytes_per_day: int | None
    """Growth afterwards."""
    steady_bytes: int | None
    """The size at which a retention levels off."""
    days_to_target: float | None
    """None also where the target is passed already, or never."""
    until: str | None
    """The same in words."""
    target: TargetStatus | None
    main_read: str | None
    main_read_ratio: float | None
    main_read_change: Difference | None
    worst_read: str | None
    """None also where no query is slower."""
    worst_read_ratio: float | None
    worst_write: str | None
    """None also where no write is slower."""
    worst_write_ratio: float | None
    """Of the rows per second; below 1 it is slower. None where it is refused or differs."""
    worst_write_verdict: WriteVerdict | None
    longest_lock_seconds: float | None
    longest_lock_table: str | None
    longest_lock_mode: LockMode | None
    longest_wait_seconds: float | None
    longest_wait_table: str | None
    outside_bytes: int | None
    """Files outside of the database, which `bytes` leaves out."""
    projected_outside_bytes: int | None
    outside_bytes_per_day: int | None


@dataclass(frozen=True, kw_only=True)
class ReadRecord:
    """One query after one strategy, beside an untouched clone."""

    scenario: str
    server: str | None
    repeat: int | None
    query: str
    without: tuple[str, ...]
    """Columns that it left out, as 'table.column'."""
    change: Difference
    ratio: float
    """Of the medians; above 1 it takes longer."""
    ratio_low: float
    ratio_high: float
    baseline_gap: float | None
    """The ratio by which two baselines differ."""
    samples: int
    baseline_median_seconds: float
    baseline_p95_seconds: float
    baseline_spread: float
    baseline_cpu_microseconds: float | None
    baseline_blocks: int | None
    median_seconds: float
    p95_seconds: float
    spread: float
    """Between the quartiles, as a share of the median."""
    cpu_microseconds: float | None
    blocks: int | None


@dataclass(frozen=True, kw_only=True)
class WriteRecord:
    """One write after one strategy, beside an untouched clone; CPU and bytes are per row."""

    scenario: str
    server: str | None
    repeat: int | None
    write: str
    change: Difference
    ratio: float | None
    """Of the rows per second; below 1 it is slower."""
    ratio_low: float | None
    ratio_high: float | None
    baseline_gap: float | None
    """The ratio by which two baselines differ."""
    rows: int | None
    samples: int | None
    baseline_rows_per_second: float | None
    baseline_cpu_microseconds: float | None
    baseline_wal_bytes: float | None
    baseline_heap_bytes: float | None
    baseline_map_bytes: float | None
    baseline_toast_bytes: float | None
    baseline_index_bytes: float | None
    rows_per_second: float | None
    cpu_microseconds: float | None
    wal_bytes: float | None
    heap_bytes: float | None
    map_bytes: float | None
    toast_bytes: float | None
    index_bytes: float | None
    given_back: float | None
    """The share of the rowstore that the strategy's recurring statements free."""
    recurring_microseconds: float | None
    """What those take for each new row."""
    verdict: WriteVerdict
    refused: str | None
    """Why it could not be measured."""


def saving_record(row: TrialResult) -> SavingRecord:
    """A trial with its saving, its cost and its full size."""
    full, reads, locks = row.projection, row.reads, row.locks
    main, worst, write = main_read(reads), worst_read(reads), worst_write(row.writes)
    held = of(locks, lambda all_locks: all_locks.longest_seconds)
    top = of(locks, lambda all_locks: None if held is None else all_locks.top)
    wait = of(locks, lambda all_locks: all_locks.longest_wait)
    return SavingRecord(
        scenario=row.outcome.scenario,
        outcome=row.outcome.kind,
        server=row.outcome.server,
        baseline_bytes=row.control_bytes,
        bytes=row.bytes,
        saving_percent=row.saving_percent,
        projected_bytes=of(full, lambda projection: projection.size.bytes),
        verdict=row.verdict,
        apply_seconds=row.cost.seconds,
        wal_bytes=row.cost.wal_bytes,
        peak_bytes=row.cost.peak_bytes,
        cpu_seconds=row.cost.cpu_seconds,
        bytes_per_unit=of(full, lambda projection: projection.bytes_per_unit),
        repeat=row.repeat,
        reason=row.reason,
        projected_low=of(full, lambda projection: projection.size.low),
        projected_high=of(full, lambda projection: projection.size.high),
        bytes_per_day=of(full, lambda projection: projection.bytes_per_day),
        steady_bytes=of(full, lambda projection: projection.steady_bytes),
        days_to_target=of(full, lambda projection: projection.days_to_target),
        until=of(full, lambda projection: projection.target_eta),
        target=of(full, lambda projection: projection.status),
        main_read=of(main, lambda read: read.query),
        main_read_ratio=of(main, lambda read: read.ratio),
        main_read_change=of(main, lambda read: read.change),
        worst_read=of(worst, lambda read: read.query or None),
        worst_read_ratio=of(worst, lambda read: read.ratio),
        worst_write=of(write, lambda result: result.query or None),
        worst_write_ratio=of(write, lambda result: result.ratio),
        worst_write_verdict=of(write, lambda result: result.verdict),
        longest_lock_seconds=held,
        longest_lock_table=of(top, lambda blocking: blocking.lock.table),
        longest_lock_mode=of(top, lambda blocking: blocking.lock.mode),
        longest_wait_seconds=of(wait, lambda longest: longest[1]),
        longest_wait_table=of(wait, lambda longest: longest[0]),
        outside_bytes=row.outside_bytes,
        projected_outside_bytes=of(full, lambda projection: projection.outside),
        outside_bytes_per_day=of(full, lambda projection: projection.outside_per_day),
    )


def read_record(row: TrialResult, read: ReadResult) -> ReadRecord:
    """One query after one strategy, whether there is a difference to speak of or not."""
    before, after = read.before, read.after
    return ReadRecord(
        scenario=row.outcome.scenario,
        server=row.outcome.server,
        repeat=row.repeat,
        query=read.query,
        without=read.without,
        change=read.change,
        ratio=read.ratio,
        ratio_low=read.low,
        ratio_high=read.high,
        baseline_gap=read.gap,
        samples=read.samples,
        baseline_median_seconds=before.median,
        baseline_p95_seconds=before.p95,
        baseline_spread=before.spread,
        baseline_cpu_microseconds=of(before.cpu_seconds, _microseconds),
        baseline_blocks=before.blocks,
        median_seconds=after.median,
        p95_seconds=after.p95,
        spread=after.spread,
        cpu_microseconds=of(after.cpu_seconds, _microseconds),
        blocks=after.blocks,
    )


def write_record(row: TrialResult, write: WriteResult) -> WriteRecord:
    """One write after one strategy."""
    before, after = write.before, write.after
    return WriteRecord(
        scenario=row.outcome.scenario,
        server=row.outcome.server,
        repeat=row.repeat,
        write=write.query,
        change=write.change,
        ratio=write.ratio,
        ratio_low=write.low,
        ratio_high=write.high,
        baseline_gap=write.gap,
        rows=of(after, lambda _: write.rows),
        samples=of(after, lambda _: write.samples),
        baseline_rows_per_second=of(before, lambda side: side.rows_per_second),
        baseline_cpu_microseconds=of(before, lambda side: of(side.cpu_seconds, _microseconds)),
        baseline_wal_bytes=of(before, lambda side: side.wal_bytes),
        baseline_heap_bytes=of(before, lambda side: side.growth.get("heap")),
        baseline_map_bytes=of(before, lambda side: side.growth.get("maps")),
        baseline_toast_bytes=of(before, lambda side: side.growth.get("toast")),
        baseline_index_bytes=of(before, lambda side: side.growth.get("indexes")),
        rows_per_second=of(after, lambda side: side.rows_per_second),
        cpu_microseconds=of(after, lambda side: of(side.cpu_seconds, _microseconds)),
        wal_bytes=of(after, lambda side: side.wal_bytes),
        heap_bytes=of(after, lambda side: side.growth.get("heap")),
        map_bytes=of(after, lambda side: side.growth.get("maps")),
        toast_bytes=of(after, lambda side: side.growth.get("toast")),
        index_bytes=of(after, lambda side: side.growth.get("indexes")),
        given_back=write.given_back,
        recurring_microseconds=of(write.recurring_seconds, _microseconds),
        verdict=write.verdict,
        refused=write.refused or None,
    )


def _microseconds(seconds: float) -> float:
    return 1e6 * seconds
