"""Results in, text out: what a run writes beside its experiment, and what the terminal and documents show."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from lab.analysis.results import Results
from lab.report import csv, markdown

RENDERERS: Mapping[str, Callable[[Results], str]] = {"report.md": markdown.report, "savings.csv": csv.savings}
"""Each file that is written beside experiment.json, and what makes its text."""
