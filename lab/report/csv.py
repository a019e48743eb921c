"""savings.csv: one line per trial, bytes as integers, an empty cell where nothing was measured."""

from __future__ import annotations

from lab.analysis.results import Results

_DECIMALS = {"saving_percent": 3, "apply_seconds": 3}


def savings(results: Results) -> str:
    """The file as text."""
    return str(results.frame().round(_DECIMALS).to_csv(index=False, lineterminator="\n"))
