"""What a terminal shows of a run: one line per scenario, in 80 columns; the other tables say the rest.

A wider terminal also shows the write that suffers most.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TypeVar

from lab.analysis.candidate import outside_text
from lab.analysis.reads import WorstRead, worst_read
from lab.analysis.results import Results
from lab.analysis.rows import TrialResult
from lab.analysis.writes import worst_write
from lab.report import write_tables
from lab.report.table import Cell, Table, duration, percent, size
from lab.units import joined, ratio_text
from lab.values import Verdict

_HEADS = ("", "scenario", "saving", "at full\nsize", "verdict", "read", "migration")
_WRITE = _HEADS.index("read") + 1
"""Where the column of writes stands if there is room for it."""
_MARKS = {"*": "the recommendation", "!": "answers differ, so it saves nothing", "x": "failed", "-": "skipped"}

_T = TypeVar("_T")
_Row = tuple[Cell | str | None, ...]


def overview(results: Results, *, writes: bool) -> Table:
    """Every scenario, under the servers that measured it; servers on which all is the same share a row.

    With `writes`, what becomes of the write that suffers most as well.
    """
    rows = _by_servers(results, writes=writes)
    return Table(
        title="Savings against the baseline",
        heads=_columns(_HEADS, ("write",) if writes else ()),
        rows=tuple(
            row for servers, of_servers in rows.items() for row in (_heading(servers, writes=writes), *of_servers)
        ),
        left=2,
    )


def legend(results: Results, *, writes: bool) -> str:
    """What the marks mean that the overview shows, and its columns."""
    shown = [_mark(row, results) for row in results.trials]
    meanings = [f"{mark} {meaning}" for mark, meaning in _MARKS.items() if mark in shown]
    files = dict.fromkeys(
        f"{row.outcome.scenario}: {outside_text(row.projection)} more in files outside of the database"
        for row in results.measured
        if row.projection and row.outside_bytes
    )
    worst = [worst_read(row.reads) for row in results.trials]
    slowest = [worst_write(row.writes) for row in results.trials] if writes else []
    named = {
        result.query: f"{result.query}: {result.title}" for result in (*worst, *slowest) if result and result.title
    }
    return " · ".join(
        (
            *meanings,
            *files,
            "read: the read that suffers most",
            *(("write: rows per second of the write that suffers most",) if writes else ()),
            *(named[query] for query in results.experiment.workload.titles if query in named),
            "migration: time to apply it on the sample",
        )
    )


def _columns(row: tuple[_T, ...], writes: tuple[_T, ...]) -> tuple[_T, ...]:
    return (*row[:_WRITE], *writes, *row[_WRITE:])


def _by_servers(results: Results, *, writes: bool) -> dict[tuple[str, ...], list[_Row]]:
    """The rows by the servers that they are of, in the order of the run, without the second trials of a baseline."""
    servers: defaultdict[_Row, list[str]] = defaultdict(list)
    for trial in results.trials:
        if trial.repeat != 2:
            servers[_row(trial, results, writes=writes)].append(trial.outcome.server or "")
    rows: defaultdict[tuple[str, ...], list[_Row]] = defaultdict(list)
    for row, of_row in servers.items():
        rows[tuple(of_row)].append(row)
    return rows


def _heading(servers: tuple[str, ...], *, writes: bool) -> _Row:
    named = [server for server in servers if server]
    empty = ("" for _ in (*_HEADS[2:], *(("write",) if writes else ())))
    return ("", f"on {joined(named)}" if named else "on no server", *empty)


def _row(row: TrialResult, results: Results, *, writes: bool) -> _Row:
    shown: _Row = (
        _mark(row, results),
        row.outcome.scenario,
        percent(row.saving_percent),
        size(row.projection.size.bytes if row.projection else None),
        row.verdict.value if row.verdict else row.outcome.kind,
        _read(worst_read(row.reads)),
        duration(row.cost.seconds),
    )
    return _columns(shown, (write_tables.worst_write(worst_write(row.writes), none="same"),) if writes else ())


def _read(read: WorstRead | None) -> str | None:
    if read is None:
        return None
    return f"{read.query} {ratio_text(read.ratio)} x" if read.query else "same"


def _mark(row: TrialResult, results: Results) -> str:
    if row.verdict is Verdict.DIFFERS:
        return "!"
    if row.trial is None:
        return {"failed": "x", "skipped": "-"}[row.outcome.kind]
    return "*" if results.pick and row.trial is results.pick.trial else ""
