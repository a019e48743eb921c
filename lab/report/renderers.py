"""The report files of a run. A module of its own, because importing it loads everything that all reports need."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from lab.analysis.results import Results
from lab.report import csv, markdown
from lab.report.page import page

PAGE = "report.html"

RENDERERS: Mapping[str, Callable[[Results], str]] = {
    PAGE: page,
    "report.md": markdown.report,
    "reads.md": markdown.reads,
    "writes.md": markdown.writes,
    "migrations.md": markdown.migrations,
    "sizes.md": markdown.sizes,
    "trials.md": markdown.trials,
    "savings.csv": csv.savings,
    "reads.csv": csv.reads,
    "writes.csv": csv.writes,
    "locks.csv": csv.locks,
}
"""Each file that is written beside experiment.json, and the function that renders it."""
