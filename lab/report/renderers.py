"""Which files a run writes beside its experiment; apart from the other reports, because it loads all that they need."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from lab.analysis.results import Results
from lab.report import csv, markdown

RENDERERS: Mapping[str, Callable[[Results], str]] = {"report.md": markdown.report, "savings.csv": csv.savings}
"""Each file that is written beside experiment.json, and what makes its text."""
