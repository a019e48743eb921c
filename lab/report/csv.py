"""savings.csv: one line per trial; reads.csv: one per query and trial. An empty cell is what was not measured."""

from __future__ import annotations

import csv
import io

from lab.analysis.record import READ_COLUMNS, Value, read_record
from lab.analysis.results import Results

_DECIMALS = {"saving_percent": 3, "apply_seconds": 3}


def savings(results: Results) -> str:
    """The file as text."""
    return str(results.frame().round(_DECIMALS).to_csv(index=False, lineterminator="\n"))


def reads(results: Results) -> str:
    """The times of all queries as text; only its head where none was timed."""
    text = io.StringIO()
    writer = csv.DictWriter(text, READ_COLUMNS, lineterminator="\n")
    writer.writeheader()
    for row in results.trials:
        for read in row.reads or ():
            writer.writerow({name: _short(value) for name, value in read_record(row, read).items()})
    return text.getvalue()


def _short(value: Value) -> Value:
    return f"{value:.6g}" if isinstance(value, float) else value
