"""The files of a run for programs; an empty cell is what was not measured.

savings.csv has a line per trial, reads.csv and writes.csv per query and trial, locks.csv per lock of a statement.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence

from lab.analysis.record import (
    LOCK_COLUMNS,
    READ_COLUMNS,
    WRITE_COLUMNS,
    Value,
    lock_records,
    read_record,
    write_record,
)
from lab.analysis.results import Results

_DECIMALS = {"saving_percent": 3, "apply_seconds": 3}


def savings(results: Results) -> str:
    """The file as text."""
    return str(results.frame().round(_DECIMALS).to_csv(index=False, lineterminator="\n"))


def reads(results: Results) -> str:
    """The times of all queries as text; only its head where none was timed."""
    return _written(READ_COLUMNS, (read_record(row, read) for row in results.trials for read in row.reads or ()))


def writes(results: Results) -> str:
    """The costs of all writes as text; only its head where none was measured."""
    return _written(WRITE_COLUMNS, (write_record(row, write) for row in results.trials for write in row.writes or ()))


def locks(results: Results) -> str:
    """Every lock of every statement as text."""
    return _written(LOCK_COLUMNS, (line for row in results.trials for line in lock_records(row)))


def _written(columns: Sequence[str], records: Iterable[Mapping[str, Value]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    for record in records:
        writer.writerow({name: _short(value) for name, value in record.items()})
    return text.getvalue()


def _short(value: Value) -> Value:
    return f"{value:.6g}" if isinstance(value, float) else value
