"""The door to pandas: savings.csv and notebooks; nothing else of the lab passes through a data frame."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from lab.analysis.record import COLUMNS, Kind, record
from lab.analysis.rows import TrialResult

_TYPES = {Kind.TEXT: "object", Kind.BYTES: "Int64", Kind.COUNT: "Int64", Kind.NUMBER: "Float64"}


def savings(trials: Iterable[TrialResult]) -> pd.DataFrame:
    """One row per trial, NA where nothing was measured."""
    frame = pd.DataFrame([record(row) for row in trials], columns=list(COLUMNS))
    return frame.astype({name: _TYPES[kind] for name, kind in COLUMNS.items()})
