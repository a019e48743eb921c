"""A run for programs: plain dictionaries, None where nothing was measured."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from lab.analysis.record import Value, lock_records, read_record, record, write_record
from lab.analysis.results import Results

_DECIMALS = 6


def of(results: Results) -> dict[str, Any]:
    """The savings and the recommendation of a run."""
    return {
        "run": results.experiment.run,
        "savings": [_rounded(record(row, results.experiment.workload)) for row in results.trials],
        "reads": [_rounded(read_record(row, read)) for row in results.trials for read in row.reads or ()],
        "writes": [_rounded(write_record(row, write)) for row in results.trials for write in row.writes or ()],
        "locks": [_rounded(line) for row in results.trials for line in lock_records(row)],
        "traffic": [
            {"scenario": row.outcome.scenario, "server": row.outcome.server, **asdict(table)}
            for row in results.measured
            for table in (row.locks.traffic if row.locks else None) or ()
        ],
        "recommendation": asdict(results.advice),
    }


def _rounded(row: dict[str, Value]) -> dict[str, Value]:
    return {name: round(value, _DECIMALS) if isinstance(value, float) else value for name, value in row.items()}
