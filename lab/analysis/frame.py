"""The only module that imports pandas: for savings.csv and notebooks. No other data passes through a data frame."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import get_args, get_type_hints

import pandas as pd

from lab.analysis.record import SavingRecord, saving_record
from lab.analysis.rows import TrialResult
from lab.values import WorkloadFacts

_TYPES = {int: "Int64", float: "Float64"}
"""By the type of a field; any other column holds objects."""


def savings(trials: Iterable[TrialResult], workload: WorkloadFacts) -> pd.DataFrame:
    """One row per trial, NA where nothing was measured; a column names the workload's unit, such as bytes_per_market_row."""
    records = [saving_record(row) for row in trials]
    return pd.DataFrame(
        {
            _name(field, workload): _column([getattr(record, field) for record in records], _type(hint))
            for field, hint in get_type_hints(SavingRecord).items()
        }
    )


def _name(field: str, workload: WorkloadFacts) -> str:
    return f"bytes_per_{workload.unit.replace(' ', '_')}" if field == "bytes_per_unit" else field


def _type(hint: object) -> str:
    """Of a field of type `hint`, which may be an optional one."""
    return next((name for kind, name in _TYPES.items() if kind is hint or kind in get_args(hint)), "object")


def _column(values: Sequence[object], kind: str) -> pd.Series:
    """The column in that type. The values go straight into it: on the way through float64 they lose digits.

    A number that does not fit into 64 bits leaves the column untyped: nothing limits the projection of a small sample.
    """
    fits = all(abs(value) < 1 << 63 for value in values if isinstance(value, int))
    return pd.Series(list(values), dtype=kind if fits else "object")
