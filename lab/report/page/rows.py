"""The table of all strategies: its columns are those of savings.csv, and each row opens to what was done and found."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from lab.analysis.reads import worst_read
from lab.analysis.record import SavingRecord, saving_record
from lab.analysis.results import Results
from lab.analysis.rows import TrialResult
from lab.errors import InputError
from lab.report import migration, plans
from lab.report.table import Cell, Table, percent, seconds, size, times
from lab.values import Category, Failed, StepRecord, Verdict


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column of savings.csv as the page shows it."""

    name: str
    """In savings.csv."""
    head: str
    note: str
    """What it means, in a sentence."""
    cell: Callable[[float | None], Cell] | None = None
    """How its numbers are written; None of words."""
    what: str | None = None
    """The column that says what the number is of; it stands before the number."""
    otherwise: str | None = None
    """The column whose word stands in the place of a number that is missing."""


COLUMNS = (
    Column(name="server", head="server", note="Where it was measured."),
    Column(name="verdict", head="answers", note="Whether all answers are the same, or only the declared data is gone."),
    Column(name="projected_bytes", head="at full size", note="The whole database after the strategy.", cell=size),
    Column(name="projected_low", head="at least", note="The lower end of the interval.", cell=size),
    Column(name="projected_high", head="at most", note="The upper end of the interval.", cell=size),
    Column(name="target", head="target", note="under: the whole interval lies below the target; perhaps: it holds it."),
    Column(
        name="saving_percent", head="saving", note="On the sample, against the baseline of its server.", cell=percent
    ),
    Column(name="bytes", head="on the sample", note="All tables after the strategy.", cell=size),
    Column(name="bytes_per_day", head="growth a day", note="Of the whole database afterwards.", cell=size),
    Column(name="until", head="target passed", note="If growth stays the same."),
    Column(name="apply_seconds", head="migration", note="All steps, on the sample and this machine.", cell=seconds),
    Column(name="cpu_seconds", head="CPU", note="Of the server during all steps.", cell=seconds),
    Column(name="wal_bytes", head="WAL", note="Written by all steps.", cell=size),
    Column(
        name="peak_bytes", head="peak disk", note="The largest size of the database's folder, without WAL.", cell=size
    ),
    Column(name="main_read_ratio", head="first read", note="Time against an untouched clone.", cell=times),
    Column(
        name="worst_read_ratio",
        head="worst read",
        note="Of the query that suffers most, its median or its p95.",
        cell=times,
        what="worst_read",
    ),
    Column(
        name="worst_write_ratio",
        head="worst write",
        note="Rows per second of the write that suffers most, against an untouched clone; below 1 it is slower.",
        cell=times,
        what="worst_write",
        otherwise="worst_write_verdict",
    ),
)
"""Those that the table shows, in their order."""
FILE_COLUMNS = (
    Column(
        name="projected_outside_bytes",
        head="files outside",
        note="What the strategy needs in files outside of the database, which its size leaves out.",
        cell=size,
    ),
    Column(name="outside_bytes_per_day", head="their growth a day", note="Of the files outside.", cell=size),
)
"""Those that it also shows where a strategy needs files outside of its database."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """A trial in the table, and what it opens to."""

    number: int
    """Its place in savings.csv, from 0."""
    result: TrialResult
    gives_up: str
    """Which filter finds it: 'nothing', 'columns' or 'rows'; empty of a trial that proves nothing."""
    cells: Mapping[str, Cell | str | None]
    """By the name of the column."""
    steps: tuple[StepRecord, ...]
    plans: tuple[str, ...]
    """Lines: how the server executed the query that suffers most."""

    @property
    def step_table(self) -> Table:
        """The steps and what each of them cost."""
        return Table(
            title="Steps",
            heads=("step", "size after", "peak disk", "time", "CPU", "WAL"),
            rows=tuple(
                (
                    step.name,
                    size(step.footprint.total),
                    size(step.peak_bytes),
                    seconds(step.seconds),
                    seconds(step.cpu_seconds),
                    size(step.wal_bytes),
                )
                for step in self.steps
            ),
        )

    @property
    def lock_table(self) -> Table | None:
        """The locks that others wait for; None where it was not measured to the end, or did nothing."""
        return migration.trial_locks(self.result.locks) if self.result.locks and self.steps else None

    @property
    def state(self) -> str:
        """What the row stands for, as its mark says it."""
        if self.result.trial is None:
            return self.result.outcome.kind
        if self.result.verdict is Verdict.DIFFERS:
            return "wrong answers"
        return "control" if self.result.facts.category is Category.CONTROL else ""


def columns(results: Results) -> tuple[Column, ...]:
    """Those that the table of this run shows."""
    return (*COLUMNS, *FILE_COLUMNS) if results.has_files else COLUMNS


def rows(results: Results) -> list[Row]:
    """Every trial: the picked one first, then by size at full size; what has none comes last."""
    unordered = [_row(number, result, results) for number, result in enumerate(results.trials)]
    return sorted(unordered, key=lambda row: _order(row, results))


def _order(row: Row, results: Results) -> tuple[bool, float, int]:
    pick = results.pick is not None and row.result.trial is results.pick.trial
    projection = row.result.projection
    return not pick, float("inf") if projection is None else projection.size.bytes, row.number


def _row(number: int, result: TrialResult, results: Results) -> Row:
    record = saving_record(result)
    outcome = result.outcome
    return Row(
        number=number,
        result=result,
        gives_up=_given_up(result),
        cells={column.name: _cell(column, record) for column in columns(results)},
        steps=result.trial.steps if result.trial else outcome.steps if isinstance(outcome, Failed) else (),
        plans=tuple(_plans(result)),
    )


def _given_up(result: TrialResult) -> str:
    if result.trial is None or result.verdict is Verdict.DIFFERS:
        return ""
    if result.facts.deletes_rows:
        return "rows"
    return "columns" if result.facts.given_up else "nothing"


def _cell(column: Column, record: SavingRecord) -> Cell | str | None:
    value = getattr(record, column.name)
    if column.cell is None:
        return None if value is None else str(value)
    of = getattr(record, column.what) if column.what else None
    word = getattr(record, column.otherwise) if column.otherwise else None
    if value is None and word is not None:
        return f"{of} {word}"
    return replace(column.cell(value), prefix=f"{of} " if of else "")


def _plans(result: TrialResult) -> Iterator[str]:
    worst = worst_read(result.reads)
    for cost in (result.trial.reads or ()) if result.trial and worst else ():
        if worst and cost.query == worst.query and cost.without == worst.without:
            try:
                yield from plans.of_read(cost)
            except InputError as error:
                yield error.message
