"""What a program reads of a run: plain dictionaries, None where nothing was measured."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import pandas as pd

from lab.analysis import comparison
from lab.analysis.recommendation import recommend
from lab.values import Experiment


def of(experiment: Experiment) -> dict[str, Any]:
    """The savings and the recommendation of a run."""
    return {
        "run": experiment.run,
        "savings": records(comparison.savings(experiment)),
        "recommendation": asdict(recommend(experiment)),
    }


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of a table as dictionaries."""
    rows: list[dict[str, Any]] = json.loads(frame.to_json(orient="records", double_precision=6))
    return rows
