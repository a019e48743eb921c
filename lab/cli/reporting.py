"""The reports of a run, written beside it and printed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from lab.cli.console import fits, print_line, print_lines, print_table
from lab.cli.sources import judged
from lab.values import Constraints, Skipped

if TYPE_CHECKING:
    from lab.analysis.results import Results as Analysed

_OWN = Constraints()


def write_reports(folder: Path, asked: Constraints = _OWN) -> Analysed:
    """Write every report of a run beside its experiment, judged by these constraints, or by its own where there are none."""
    from lab import files, runs
    from lab.report.renderers import RENDERERS

    analysed, file = judged(folder, asked), runs.file_of(folder)
    for name, render in RENDERERS.items():
        files.write(file.with_name(name), render(analysed))
    return analysed


def write_pictures(analysed: Analysed, folder: Path) -> None:
    """Write each chart of a run's page as a file into a folder."""
    from lab import files
    from lab.report.page import pictures

    files.check_writable(folder)
    for name, picture in pictures(analysed).items():
        files.write(folder / name, picture)


def print_report(analysed: Analysed, *, full: bool) -> None:
    """Print one line per scenario, why a trial has no saving, and the advice; in `full`, every table and reason."""
    from lab.report import overview, tables, write_tables
    from lab.report.evidence import evidence

    if full:
        print_table(tables.savings(analysed))
        if analysed.reads_timed:
            print_table(tables.reads(analysed))
        if analysed.writes_measured:
            print_table(write_tables.writes(analysed))
        print_table(tables.full_size(analysed))
    else:
        writes = analysed.writes_measured and fits(overview.overview(analysed, writes=True))
        print_table(overview.overview(analysed, writes=writes))
        print_line(overview.legend(analysed, writes=writes))
    for row in analysed.missing:
        if isinstance(row.outcome, Skipped):
            print_line(f" skipped: {row.outcome.reason}", head=row.outcome.scenario)
    for line, outcome in zip(analysed.broken, analysed.broken_outcomes, strict=True):  # what failed is among it
        print_line(f" {line}", head="Broken:", style="bold red")
        print_lines(f"  {text}" for text in evidence(outcome))
    for line in analysed.cautions:
        print_line(f" {line}", head="Mind:", style="bold yellow")
    advice = analysed.advice
    print_line("", head=f"\n{advice.headline}")
    print_lines(f"  - {reason}" for reason in (advice.reasons if full else ()))
    print_lines(f"  - It gives up: {loss}." for loss in advice.losses)
