"""A run for programs; None where nothing was measured."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Literal, TypeVar

from lab.analysis.decision import Breach, Decision
from lab.analysis.lock_record import LockRecord, lock_records
from lab.analysis.preference import Criterion
from lab.analysis.recommendation import Recommendation
from lab.analysis.record import ReadRecord, SavingRecord, WriteRecord, read_record, saving_record, write_record
from lab.analysis.results import Results
from lab.analysis.sensitivity import Variation
from lab.values import Constraints, SearchRecord, Waits

_DECIMALS = 6

_Record = TypeVar("_Record", SavingRecord, ReadRecord, WriteRecord, LockRecord)


@dataclass(frozen=True, kw_only=True)
class TrialTraffic:
    """What requests to one table felt while a scenario was applied; None where the server refused them."""

    scenario: str
    server: str | None
    table: str
    reads: Waits | None
    writes: Waits | None


@dataclass(frozen=True, kw_only=True)
class DecisionSummary:
    """The decision by the names of scenarios, with every limit that a strategy breaks."""

    constraints: Constraints
    pick: str | None
    runner_up: str | None
    decided_by: Criterion | None
    ranking: tuple[str, ...]
    front: tuple[str, ...]
    """The strategies that no other one beats."""
    dominated: Mapping[str, str]
    """Each other strategy, to one that beats it."""
    excluded: Mapping[str, tuple[Breach, ...]]
    variations: Mapping[str, str | None]
    """What would be first if a number were another one."""


@dataclass(frozen=True, kw_only=True)
class RunSummary:
    """The numbers and the recommendation of a run."""

    format: Literal[2] = 2
    run: str
    unit: str
    """The row that the workload counts in, such as 'market row'."""
    savings: tuple[SavingRecord, ...]
    """The lines of savings.csv."""
    reads: tuple[ReadRecord, ...]
    """The lines of reads.csv."""
    writes: tuple[WriteRecord, ...]
    """The lines of writes.csv."""
    locks: tuple[LockRecord, ...]
    """The lines of locks.csv."""
    traffic: tuple[TrialTraffic, ...]
    recommendation: Recommendation
    decision: DecisionSummary
    search: SearchRecord | None
    """How far the search came that chose the scenarios; None where none came before."""


def of(results: Results) -> RunSummary:
    """The savings and the recommendation of a run."""
    rows = results.trials
    return RunSummary(
        run=results.experiment.run,
        unit=results.experiment.workload.unit,
        savings=tuple(_rounded(saving_record(row)) for row in rows),
        reads=tuple(_rounded(read_record(row, read)) for row in rows for read in row.reads or ()),
        writes=tuple(_rounded(write_record(row, write)) for row in rows for write in row.writes or ()),
        locks=tuple(_rounded(line) for row in rows for line in lock_records(row)),
        traffic=tuple(_traffic(results)),
        recommendation=results.advice,
        decision=_decision(results.decision, results.variations),
        search=results.experiment.plan.search,
    )


def _traffic(results: Results) -> Iterator[TrialTraffic]:
    for row in results.measured:
        for table in (row.locks.traffic if row.locks else None) or ():
            yield TrialTraffic(
                scenario=row.outcome.scenario,
                server=row.outcome.server,
                table=table.table,
                reads=table.reads,
                writes=table.writes,
            )


def _decision(decision: Decision, variations: Sequence[Variation]) -> DecisionSummary:
    return DecisionSummary(
        constraints=decision.constraints,
        pick=decision.pick.name if decision.pick else None,
        runner_up=decision.runner_up.name if decision.runner_up else None,
        decided_by=decision.decided_by,
        ranking=tuple(candidate.name for candidate in decision.ranking),
        front=tuple(candidate.name for candidate in decision.front),
        dominated={loser.candidate.name: loser.by.name for loser in decision.dominated},
        excluded={excluded.candidate.name: excluded.breaches for excluded in decision.excluded},
        variations={variation.name: variation.first for variation in variations},
    )


def _rounded(record: _Record) -> _Record:
    values = {field.name: getattr(record, field.name) for field in fields(record)}
    floats: dict[str, Any] = {
        name: round(value, _DECIMALS) for name, value in values.items() if isinstance(value, float)
    }
    return replace(record, **floats)
