"""The only module that imports pandas: for savings.csv and notebooks. No other data passes through a data frame."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pandas as pd

from lab.analysis.record import Kind, Value, columns, record
from lab.analysis.rows import TrialResult
from lab.values import WorkloadFacts

_TYPES = {Kind.TEXT: "object", Kind.BYTES: "Int64", Kind.COUNT: "Int64", Kind.NUMBER: "Float64"}


def savings(trials: Iterable[TrialResult], workload: WorkloadFacts) -> pd.DataFrame:
    """One row per trial, NA where nothing was measured."""
    kinds = columns(workload)
    records = [record(row, workload) for row in trials]
    return pd.DataFrame({name: _column([each[name] for each in records], kind) for name, kind in kinds.items()})


def _column(values: Sequence[Value], kind: Kind) -> pd.Series:
    """The column in the type of its kind. The values go straight into it: on the way through float64 they lose digits.

    A number that does not fit into 64 bits leaves the column untyped: nothing limits the projection of a small sample.
    """
    fits = all(abs(value) < 1 << 63 for value in values if isinstance(value, int))
    return pd.Series(list(values), dtype=_TYPES[kind] if fits else "object")
