"""A run for programs: plain dictionaries, None where nothing was measured."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from lab.analysis.record import Value, read_record, record
from lab.analysis.results import Results
from lab.analysis.side_by_side import SideBySide

_DECIMALS = 6


def of(results: Results) -> dict[str, Any]:
    """The savings and the recommendation of a run."""
    return {
        "run": results.experiment.run,
        "savings": [_rounded(record(row, results.experiment.workload)) for row in results.trials],
        "reads": [_rounded(read_record(row, read)) for row in results.trials for read in row.reads or ()],
        "recommendation": asdict(results.advice),
    }


def compared(runs: SideBySide) -> dict[str, Any]:
    """The savings of several runs, and in which circumstances the runs differ."""
    rows = [
        _rounded({"scenario": row.scenario, "server": row.server, **dict(zip(runs.runs, row.savings, strict=True))})
        for row in runs.rows
    ]
    return {"savings": rows, "disagreements": list(runs.disagreements)}


def _rounded(row: dict[str, Value]) -> dict[str, Value]:
    return {name: round(value, _DECIMALS) if isinstance(value, float) else value for name, value in row.items()}
