"""Commands about scenarios and finished runs: list, history, report, attach."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lab.cli.app import app
from lab.cli.console import print_json, print_line, print_lines, print_table
from lab.cli.constraints import Asked, constrained
from lab.cli.options import AsJson, Folders, Full, Runs
from lab.cli.reporting import print_report, write_pictures, write_reports
from lab.errors import InputError, UnavailableError
from lab.report.table import Table

if TYPE_CHECKING:
    from lab.registry import Registered


@app.command("list", epilog="Examples: [bold]lab list --json[/] · [bold]lab list --attach docs/scenarios.md[/]")
def list_scenarios(
    attach: Annotated[
        Path | None,
        typer.Option(metavar="DOCUMENT", help="Write a section for each file of scenarios there, between markers."),
    ] = None,
    scenarios: Folders = None,
    as_json: AsJson = False,
) -> None:
    """List every scenario and combination that `all` includes."""
    from lab import registry

    if attach is not None:
        _attach_scenarios(attach)
        return

    for folder in scenarios or ():
        registry.add(folder)
    entries, broken = registry.resolve(["all"]), registry.broken()
    if as_json:
        from lab.cli import formats

        print_json(formats.ScenarioList(scenarios=tuple(map(formats.listed, entries)), broken=broken))
        return
    heads = ("scenario", "category", "title", "needs", "gives up")
    rows = tuple(map(_row, entries))
    print_table(Table(title="Scenarios", heads=heads, rows=rows, left=5))
    print_lines(
        f"Parameter of {setting.line}"
        for entry in entries
        if entry.kin and entry.scenario.leads
        for setting in entry.settings
    )
    for file in broken:
        print_line(f" {file.words}. {file.hint}", head="Broken:", style="bold red")


def _row(entry: Registered) -> tuple[str, ...]:
    scenario = entry.scenario
    needs = ", ".join(need.value for need in sorted(scenario.needs))
    return (entry.name, scenario.category.value, scenario.title, needs, "; ".join(scenario.given_up))


def _attach_scenarios(document: Path) -> None:
    from lab import files

    files.check_document(document)
    files.write(document, with_scenarios(files.read(document)))
    print_line(f"Wrote the scenarios into {document}.")


def with_scenarios(document: str) -> str:
    """The document with a section for each file of scenarios."""
    from lab import registry
    from lab.report import scenarios

    families: dict[str, list[Registered]] = {}
    for entry in registry.registered().values():
        families.setdefault(entry.family, []).append(entry)
    sections = {}
    for family, entries in families.items():
        first, *others = sorted(entries, key=lambda entry: not entry.scenario.leads)
        names = {entry.name: entry.facts for entry in (first, *others)}
        sections[family] = scenarios.section(family, names, first.scenario.needs)
    return scenarios.attach(document, sections)


@app.command(epilog="Examples: [bold]lab history[/] · [bold]lab history --out results --json[/]")
def history(results: Runs = Path("results"), as_json: AsJson = False) -> None:
    """List the runs of a folder with their headline figures, oldest first."""
    from lab import runs
    from lab.analysis.history import headline
    from lab.analysis.results import analyse
    from lab.cli import formats
    from lab.report import history as report

    folders = runs.folders(results)
    if not folders:
        raise InputError(no_run(results), hint=START)
    lines, unreadable = [], []
    for folder in folders:
        try:
            lines.append(headline(analyse(runs.load(folder))))
        except InputError as error:
            unreadable.append(str(error))
    if as_json:
        print_json(formats.History(runs=tuple(lines), unreadable=tuple(unreadable)))
        return
    print_table(report.table(lines))
    for text in unreadable:
        print_line(f" {text}", head="Not shown:", style="bold red")


_RUN = "Folder of a run"
START = "Start one with `lab run`, or name another folder with --out."
"""What to do where a folder has no run."""


def no_run(results: Path) -> str:
    """The error where a folder has none."""
    return f"There is no run in {results}."


@app.command(
    epilog="Examples: [bold]lab report results/sample[/] · [bold]lab report results/sample --plans toast_lz4[/]"
    " · [bold]lab report results/sample --max-read 1.5x[/]"
)
@constrained
def report(
    run_folder: Annotated[Path, typer.Argument(metavar="RUN", help=f"{_RUN}.")],
    plans: Annotated[
        str | None,
        typer.Option(metavar="SCENARIO", help="Print how the server executed the reads after that scenario."),
    ] = None,
    full: Full = False,
    pictures: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Also write the pictures of report.html there, as SVG files.")
    ] = None,
    *,
    asked: Asked,
    as_json: AsJson = False,
) -> None:
    """Write the page, the report and its tables again from a run's measurements, and print the savings.

    With limits of its own it decides anew, and measures nothing.
    """
    from lab.report import plans as read_plans
    from lab.report import summary

    analysed = write_reports(run_folder, asked())
    if pictures is not None:
        write_pictures(analysed, pictures)
    if plans is not None:
        print_lines(read_plans.plans(analysed, plans))
    elif as_json:
        print_json(summary.of(analysed))
    else:
        print_report(analysed, full=full)


@app.command("open", epilog="Examples: [bold]lab open[/] · [bold]lab open results/sample[/]")
def open_page(
    run_folder: Annotated[Path | None, typer.Argument(metavar="[RUN]", help=f"{_RUN}; default: the newest.")] = None,
    results: Runs = Path("results"),
) -> None:
    """Open the page of a run in the browser, and print where it lies."""
    import webbrowser
    from contextlib import suppress

    from lab import paths, runs
    from lab.report.renderers import PAGE

    folders = runs.folders(results) if run_folder is None else [run_folder]
    if not folders:
        raise InputError(no_run(results), hint=START)
    page = runs.file_of(folders[-1]).with_name(PAGE)
    if paths.is_missing(page):
        write_reports(folders[-1])
    print_line(str(page))
    with suppress(webbrowser.Error):
        if webbrowser.open(page.resolve().as_uri()):
            return
    raise UnavailableError("No browser can be opened here.", hint=f"Open {page} in one, on this or another machine.")


@app.command(epilog="Example: [bold]lab attach results/sample DISCOVERY.md[/]")
def attach(
    run_folder: Annotated[Path, typer.Argument(metavar="RUN", help=f"{_RUN}.")],
    document: Annotated[Path, typer.Argument(metavar="DISCOVERY.md", help="The document; a new one is created.")],
    pick: Annotated[
        bool, typer.Option("--pick", help="Only what to take, what it loses and what it costs, instead of the tables.")
    ] = False,
) -> None:
    """Write the tables of a run into a document, between markers; the rest of the document is left unchanged."""
    from lab import files, runs
    from lab.analysis.results import analyse
    from lab.report import markdown

    files.check_document(document)
    analysed = analyse(runs.load(run_folder))
    attached = markdown.attach_pick if pick else markdown.attach
    files.write(document, attached(files.read(document), analysed))
    print_line(f"Wrote the {'pick' if pick else 'tables'} of {analysed.experiment.run} into {document}.")
