"""The only module that imports pandas: for savings.csv and notebooks. No other data passes through a data frame."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from lab.analysis.record import Kind, columns, record
from lab.analysis.rows import TrialResult
from lab.values import WorkloadFacts

_TYPES = {Kind.TEXT: "object", Kind.BYTES: "Int64", Kind.COUNT: "Int64", Kind.NUMBER: "Float64"}


def savings(trials: Iterable[TrialResult], workload: WorkloadFacts) -> pd.DataFrame:
    """One row per trial, NA where nothing was measured."""
    kinds = columns(workload)
    frame = pd.DataFrame([record(row, workload) for row in trials], columns=list(kinds))
    types = {name: _TYPES[kind] for name, kind in kinds.items()}
    return frame.astype(types | dict.fromkeys(_beyond_64_bits(frame), "object"))


def _beyond_64_bits(frame: pd.DataFrame) -> list[str]:
    """Columns with a number too large for pandas: nothing limits the projection of a small sample."""
    return [
        name
        for name in map(str, frame)
        if any(isinstance(value, int) and abs(value) >= 1 << 63 for value in frame[name])
    ]
