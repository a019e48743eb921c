"""The command that compares runs, in the terminal and as a page."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lab.cli.app import app
from lab.cli.console import print_json, print_line, print_lines, print_table
from lab.cli.options import AsJson, Html, Runs
from lab.cli.results import START, no_run
from lab.errors import InputError, LabError
from lab.units import parse_percent

if TYPE_CHECKING:
    from lab.analysis.comparison import Comparison


@app.command(
    epilog="Examples: [bold]lab compare[/] · [bold]lab compare results/A results/B[/]"
    " · [bold]lab compare results/A results/B --fail-on 2%[/]"
)
def compare(
    run_folders: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[RUN]...", help="Folders of runs; default: the newest two."),
    ] = None,
    results: Runs = Path("results"),
    fail_on: Annotated[
        str | None,
        typer.Option(
            metavar="PERCENT",
            help="End with code 1 if a scenario is broken, or its size or a read grew by more than that.",
        ),
    ] = None,
    html: Html = None,
    as_json: AsJson = False,
) -> None:
    """Compare several runs with the first: sizes exactly, reads beyond their noise, and a verdict for each scenario."""
    from lab import files, runs
    from lab.analysis import comparison
    from lab.analysis.results import analyse
    from lab.report import comparison as report

    limit = None if fail_on is None else parse_percent(fail_on)
    folders = run_folders or runs.folders(results)[-2:]
    if not folders:
        raise InputError(no_run(results), hint=START)
    if html is not None:
        files.check_document(html)
    compared = comparison.compare([analyse(runs.load(folder)) for folder in folders])
    if limit is not None and len(compared.runs) < 2:
        raise InputError("--fail-on needs two different runs.", hint="Name both: `lab compare RUN RUN --fail-on 2%`.")
    if html is not None:
        _write_comparison(html, compared)
    if as_json:
        print_json(report.summary(compared))
    else:
        print_lines(report.hindrances(compared))
        print_table(report.table(compared))
        print_lines(text for text in (report.legend(compared), *report.reasons(compared)) if text)
        if html is not None:
            print_line(f"Wrote {html}.")
    if limit is not None:
        _fail(compared, limit)


def _write_comparison(html: Path, compared: Comparison) -> None:
    from lab import files
    from lab.report import page

    files.write(html, page.comparison(compared))


def _fail(compared: Comparison, limit: float) -> None:
    """End with an error where the last run is worse than the first, or nobody can tell."""
    if not compared.comparable:
        raise InputError("--fail-on cannot compare runs of different rows.", hint="`lab compare` says what differs.")
    worse = [row.scenario for row in compared.worse(limit)]
    if worse:
        raise LabError(f"Broken, or worse by more than {limit:g} %: {', '.join(dict.fromkeys(worse))}.")
