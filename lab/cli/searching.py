"""`lab run --scenario best`: the search before the run of its finalists, and what it says afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from lab.cli.app import INTERRUPTED
from lab.cli.console import err, print_line, print_lines, print_table
from lab.errors import InputError

if TYPE_CHECKING:
    from lab.runner.pipeline import RunRequest
    from lab.search.best import Best
    from lab.values.events import Progress

FILE = "search.md"
"""In the folder of the run."""


def is_asked(scenarios: Sequence[str]) -> bool:
    """Whether the search is wanted. Errors: `InputError` where scenarios are named beside it."""
    from lab.search.best import NAME

    if NAME in scenarios and len(scenarios) > 1:
        raise InputError(f"'{NAME}' searches all scenarios, and none can be named beside it.", hint="Leave one out.")
    return NAME in scenarios


def searched(request: RunRequest, budget: str, progress: Progress) -> tuple[RunRequest, Best]:
    """The request for a run of the finalists; the run looks up its trials as the search does."""
    from dataclasses import replace

    from lab.search import best
    from lab.units import parse_duration

    try:
        selection = best.search(request, parse_duration(budget), progress)
    except KeyboardInterrupt:
        print_line("Interrupted. What was measured is kept: the same command goes on from there.", console=err)
        raise typer.Exit(INTERRUPTED) from None
    followed = replace(
        request,
        scenarios=selection.finalists,
        trials=best.trial_cache(request.workload),
        forecasts=tuple(pair.recorded for pair in selection.result.compared),
        search=selection.recorded,
    )
    return followed, selection


def write(folder: Path, best: Best) -> None:
    """Write how the search went beside the reports of the run."""
    from lab import files
    from lab.report import search

    files.write(folder / FILE, search.document(best))


def show(best: Best, *, full: bool) -> None:
    """Print how the search went; in `full`, by everything that combinations were compared by."""
    from lab.report import search

    print_table(search.front(best.result) if full else search.brief_front(best.result))
    print_lines(search.lines(best))
    print_line(
        f"{FILE} in the folder of the run has the rest: writes, locks, and each forecast beside what was measured."
    )
