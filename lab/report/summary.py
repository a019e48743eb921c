"""A run for programs: plain dictionaries, None where nothing was measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from lab.analysis.decision import Decision
from lab.analysis.record import Value, lock_records, read_record, record, write_record
from lab.analysis.results import Results
from lab.analysis.sensitivity import Variation

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
        "decision": _decision(results.decision, results.variations),
    }


def _decision(decision: Decision, variations: Sequence[Variation]) -> dict[str, Any]:
    """The decision by names, with every limit that a strategy breaks."""
    return {
        "constraints": asdict(decision.constraints),
        "pick": decision.pick.name if decision.pick else None,
        "runner_up": decision.runner_up.name if decision.runner_up else None,
        "decided_by": decision.decided_by,
        "ranking": [candidate.name for candidate in decision.ranking],
        "front": [candidate.name for candidate in decision.front],
        "dominated": {loser.candidate.name: loser.by.name for loser in decision.dominated},
        "excluded": {one.candidate.name: [asdict(breach) for breach in one.breaches] for one in decision.excluded},
        "variations": {variation.name: variation.first for variation in variations},
    }


def _rounded(row: dict[str, Value]) -> dict[str, Value]:
    return {name: round(value, _DECIMALS) if isinstance(value, float) else value for name, value in row.items()}
