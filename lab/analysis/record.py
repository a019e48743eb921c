"""A trial's result as the flat record that savings.csv and `--json` hold."""

from __future__ import annotations

from enum import StrEnum

from lab.analysis.full_size import FullSizeProjection
from lab.analysis.rows import TrialResult
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
}


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
        "reason": row.reason,
    } | (_at_full_size(row.projection) if row.projection else {})
    return {_column(name, workload): values.get(name) for name in _COLUMNS}


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
        "target": projection.status.value,
    }
