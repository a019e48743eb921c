"""The files of a run for programs; an empty cell is what was not measured.

savings.csv has a line per trial, reads.csv and writes.csv per query and trial, locks.csv per lock of a statement.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import fields
from typing import TypeVar

from lab.analysis.lock_record import LockRecord, lock_records
from lab.analysis.record import ReadRecord, WriteRecord, read_record, write_record
from lab.analysis.results import Results

_DECIMALS = {"saving_percent": 3, "apply_seconds": 3}

_Record = TypeVar("_Record", ReadRecord, WriteRecord, LockRecord)


def savings(results: Results) -> str:
    """The file as text."""
    return str(results.frame().round(_DECIMALS).to_csv(index=False, lineterminator="\n"))


def reads(results: Results) -> str:
    """The times of all queries as text; only its head where none was timed."""
    return _written(ReadRecord, (read_record(row, read) for row in results.trials for read in row.reads or ()))


def writes(results: Results) -> str:
    """The costs of all writes as text; only its head where none was measured."""
    return _written(WriteRecord, (write_record(row, write) for row in results.trials for write in row.writes or ()))


def locks(results: Results) -> str:
    """Every lock of every statement as text."""
    return _written(LockRecord, (line for row in results.trials for line in lock_records(row)))


def _written(kind: type[_Record], records: Iterable[_Record]) -> str:
    columns = [field.name for field in fields(kind)]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    for record in records:
        writer.writerow([_short(getattr(record, name)) for name in columns])
    return text.getvalue()


def _short(value: object) -> object:
    if isinstance(value, tuple):
        return " ".join(value)
    return f"{value:.6g}" if isinstance(value, float) else value
