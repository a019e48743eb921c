"""What must hold in a saved experiment, so that everything derived from it can be computed without looking twice.

Every reference resolves, an amount is not negative, and what others are compared with is not empty. What the lab writes
always holds; a file that was edited or damaged may not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

from lab.values.constraints import Constraints
from lab.values.experiment import (
    BASELINE,
    SIZE,
    AuxiliaryTrial,
    CaseFacts,
    DatasetSpec,
    Experiment,
    LoadedTemplate,
    TableFacts,
)
from lab.values.footprint import KINDS, Footprint, Kinds, TableFootprint
from lab.values.locks import TableTraffic
from lab.values.outcome import Completed, ExecutedStatement, Outcome, ReadCost, ReadSide, Skipped, StepRecord
from lab.values.search import CombinationForecast, SearchRecord
from lab.values.timing import Timing
from lab.values.writes import WriteCost, Writes, WriteSide

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Problem:
    """What does not hold, and where: a path such as 'outcomes.3.footprint'."""

    place: str
    message: str


def problems(experiment: Experiment) -> Iterator[Problem]:
    """Everything that does not hold; nothing where the experiment is sound."""
    plan = experiment.plan
    yield from _below("plan.dataset", _dataset(plan.dataset, experiment))
    yield from _below("plan", _amounts(size_bytes=plan.size_bytes))
    yield from _below("plan.constraints", _constraints(plan.constraints))
    yield from _each("plan.trials", plan.trials, lambda trial: _described(trial.scenario, experiment))
    yield from _each("plan.forecasts", plan.forecasts, _forecast)
    yield from _below("plan.search", _search(plan.search) if plan.search else ())
    yield from _below("case", _case(experiment.case))
    yield from _each("templates", experiment.templates, lambda template: _template(template, experiment))
    yield from _each("outcomes", experiment.outcomes, lambda outcome: outcome_problems(outcome, experiment))
    yield from _each(
        "auxiliary_trials", experiment.auxiliary_trials, lambda trial: auxiliary_problems(trial, experiment)
    )


def _below(place: str, inner: Iterable[Problem]) -> Iterator[Problem]:
    """The same problems, with where their part lies."""
    return (Problem(place=f"{place}.{problem.place}".rstrip("."), message=problem.message) for problem in inner)


def _each(place: str, values: Iterable[T], check: Callable[[T], Iterator[Problem]]) -> Iterator[Problem]:
    for number, value in enumerate(values):
        for problem in check(value):
            yield Problem(place=f"{place}.{number}.{problem.place}".rstrip("."), message=problem.message)


def _amounts(*, least: int = 0, **amounts: float | None) -> Iterator[Problem]:
    """Numbers that count something; None is what was not measured."""
    for name, amount in amounts.items():
        if amount is not None and amount < least:
            yield Problem(place=name, message=f"{amount} is less than {least}")


def _counts(name: str, counts: Mapping[str, int]) -> Iterator[Problem]:
    return (
        Problem(place=f"{name}.{key}", message=f"{count} is less than 0") for key, count in counts.items() if count < 0
    )


def _dataset(spec: DatasetSpec, experiment: Experiment) -> Iterator[Problem]:
    lacking = [parameter.name for parameter in experiment.workload.parameters if parameter.name not in spec.parameters]
    if lacking:
        yield Problem(place="parameters", message=f"'{lacking[0]}' of the workload is missing")
    yield from _amounts(least=1, scale=spec.scale)
    for name, value in spec.parameters.items():
        if value < 0:
            yield Problem(place=f"parameters.{name}", message=f"{value} is less than 0")


def _described(scenario: str, experiment: Experiment) -> Iterator[Problem]:
    if scenario not in experiment.scenarios:
        yield Problem(place="scenario", message=f"'{scenario}' is not described under scenarios")


def _constraints(constraints: Constraints) -> Iterator[Problem]:
    yield from _amounts(least=1, target_bytes=constraints.target_bytes, horizon_days=constraints.horizon_days)
    yield from _amounts(least=1, max_read=constraints.max_read)
    yield from _amounts(max_lock_seconds=constraints.max_lock_seconds)
    for column, days in constraints.keep.items():
        yield from _below("keep", _amounts(least=1, **{column: days}))


def _forecast(forecast: CombinationForecast) -> Iterator[Problem]:
    yield from _amounts(least=1, forecast_bytes=forecast.forecast_bytes, measured_bytes=forecast.measured_bytes)


def _search(search: SearchRecord) -> Iterator[Problem]:
    yield from _amounts(sample_bytes=search.sample_bytes, left_out=search.left_out)
    yield from _amounts(least=1, candidates=search.candidates, measured=search.measured)


def _case(case: CaseFacts) -> Iterator[Problem]:
    yield from _amounts(least=1, database_bytes=case.database_bytes, target_bytes=case.target_bytes)
    yield from _amounts(system_bytes=case.system_bytes)
    for name, table in case.tables.items():
        yield from _below(f"tables.{name}", _table_facts(table))


def _table_facts(table: TableFacts) -> Iterator[Problem]:
    yield from _amounts(rows=table.rows, total_bytes=table.total_bytes, data_bytes=table.data_bytes)
    yield from _amounts(index_bytes=table.index_bytes, newest_rows=table.newest_rows)
    yield from _counts("rows_kept", {str(days): rows for days, rows in table.rows_kept.items()})


def _template(template: LoadedTemplate, experiment: Experiment) -> Iterator[Problem]:
    yield from _counts("rows", template.rows)
    yield from _holds_reference(template.rows, experiment)
    yield from _below("footprint", _footprint(template.footprint, compared=True))


def _holds_reference(rows: Mapping[str, int], experiment: Experiment) -> Iterator[Problem]:
    reference = experiment.workload.reference
    if not rows.get(reference):
        yield Problem(place="rows", message=f"'{reference}', which other tables grow like, has none")


def outcome_problems(outcome: Outcome, experiment: Experiment) -> Iterator[Problem]:
    """The same of one trial in its experiment."""
    yield from _described(outcome.scenario, experiment)
    if isinstance(outcome, Completed):
        if outcome.server not in {template.server for template in experiment.templates}:
            yield Problem(place="server", message=f"'{outcome.server}' has no template")
        yield from _completed(outcome)
        if outcome.scenario == BASELINE:
            yield from _holds_reference(outcome.rows, experiment)
    if not isinstance(outcome, Skipped):
        yield from _each("steps", outcome.steps, _step)


def _completed(trial: Completed) -> Iterator[Problem]:
    yield from _amounts(least=1, repeat=trial.repeat)
    yield from _amounts(database_bytes=trial.database_bytes, checks=trial.verification.checks)
    yield from _counts("rows", trial.rows)
    yield from _counts("outside", trial.outside or {})
    yield from _below("footprint", _footprint(trial.footprint, compared=trial.scenario == BASELINE))
    yield from _each("reads", trial.reads or (), _read)
    if trial.writes:
        yield from _below("writes", _increases(trial.writes))
        yield from _below("writes", _each("costs", trial.writes.costs, _write))


def _read(cost: ReadCost) -> Iterator[Problem]:
    yield from _below("after", _read_side(cost.after))
    yield from _below("before", _read_side(cost.before))


def _read_side(side: ReadSide) -> Iterator[Problem]:
    yield from _below("timing", _timing(side.timing))
    if len(side.timing.values) < 2:
        yield Problem(place="timing.values", message="one sample has no spread, and nothing can be compared with it")
    if any(seconds <= 0 for seconds in side.timing.values):
        yield Problem(place="timing.values", message="a sample took no time, and nothing can be compared with it")
    yield from _amounts(cpu_seconds=side.cpu_seconds, blocks=side.blocks)


def _write(cost: WriteCost) -> Iterator[Problem]:
    yield from _amounts(rows=cost.rows)
    for place, side in (("after", cost.after), ("before", cost.before)):
        if side:
            yield from _below(place, _write_side(side))
        elif not cost.refused:
            yield Problem(place=place, message="it has no numbers, and no reason for that")


def _write_side(side: WriteSide) -> Iterator[Problem]:
    yield from _below("timing", _timing(side.timing))
    if any(seconds <= 0 for seconds in side.timing.values):
        yield Problem(place="timing.values", message="a sample took no time, and nothing can be compared with it")
    yield from _amounts(cpu_seconds=side.cpu_seconds, wal_bytes=side.wal_bytes)


def _increases(writes: Writes) -> Iterator[Problem]:
    yield from _amounts(rows=writes.rows, transactions=writes.transactions)
    if (writes.after or writes.before) and not writes.rows:
        yield Problem(place="rows", message="the tables grew by no row")


def auxiliary_problems(trial: AuxiliaryTrial, experiment: Experiment) -> Iterator[Problem]:
    """The same of a trial on another dataset."""
    yield from _below("dataset", _dataset(trial.dataset, experiment))
    if trial.purpose not in (SIZE, *(parameter.name for parameter in experiment.workload.parameters)):
        yield Problem(place="purpose", message=f"'{trial.purpose}' is no parameter of the workload")
    yield from _below("outcome", _described(trial.outcome.scenario, experiment))
    if trial.template:
        yield from _below("template", _template(trial.template, experiment))
    if isinstance(trial.outcome, Completed):
        if trial.template is None:
            yield Problem(place="template", message="what was measured is a clone of a template, and none is named")
        yield from _below("outcome", _completed(trial.outcome))
    if not isinstance(trial.outcome, Skipped):
        yield from _below("outcome", _each("steps", trial.outcome.steps, _step))


def _step(step: StepRecord) -> Iterator[Problem]:
    yield from _amounts(cpu_seconds=step.cpu_seconds, wal_bytes=step.wal_bytes, peak_bytes=step.peak_bytes)
    if step.timing:
        yield from _below("timing", _timing(step.timing))
    yield from _each("statements", step.statements, _statement)
    yield from _each("traffic", step.traffic or (), _traffic)
    yield from _below("footprint", _footprint(step.footprint))


def _statement(statement: ExecutedStatement) -> Iterator[Problem]:
    yield from _amounts(least=1, times=statement.times)
    yield from _amounts(unseen_seconds=statement.unseen_seconds)
    yield from _each("locks", statement.locks or (), lambda lock: _amounts(held_seconds=lock.held_seconds))


def _traffic(table: TableTraffic) -> Iterator[Problem]:
    for waits in (table.reads, table.writes):
        if waits:
            yield from _amounts(longest_seconds=waits.longest_seconds, blocked_seconds=waits.blocked_seconds)


def _timing(timing: Timing) -> Iterator[Problem]:
    if not timing.values:
        yield Problem(place="values", message="it has no sample")
    yield from _each("warmups", timing.warmups, lambda seconds: _amounts(seconds=seconds))
    yield from _each("values", timing.values, lambda seconds: _amounts(seconds=seconds))


def _footprint(footprint: Footprint, *, compared: bool = False) -> Iterator[Problem]:
    """`compared`: whether other footprints are compared with this one, so that it cannot be empty."""
    yield from _each("tables", footprint.tables, _table)
    if compared and footprint.total <= 0:
        yield Problem(place="", message="it is empty, and nothing can be compared with it")


def _table(table: TableFootprint) -> Iterator[Problem]:
    yield from _amounts(least=1, relations=table.relations)
    yield from _kinds(table)
    if table.rowstore:
        yield from _below("rowstore", _kinds(table.rowstore))
        for kind in KINDS:
            if getattr(table.rowstore, kind) > getattr(table, kind):
                yield Problem(place=f"rowstore.{kind}", message="it is more than the whole table has")


def _kinds(kinds: Kinds) -> Iterator[Problem]:
    yield from _amounts(heap=kinds.heap, maps=kinds.maps, toast=kinds.toast, indexes=kinds.indexes)
    yield from _counts("fixed", kinds.fixed)
    if lacking := [kind for kind in KINDS if kind not in kinds.fixed]:
        yield Problem(place="fixed", message=f"{lacking[0]} is missing")
    for kind in kinds.fixed.keys() & set(KINDS):
        if kinds.fixed[kind] > getattr(kinds, kind):
            yield Problem(place=f"fixed.{kind}", message="it is more than there is")
