"""Commands that read what runs left: list, compare, report, attach."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from lab.cli.app import app, out, print_json, print_table
from lab.cli.options import AsJson, Results
from lab.errors import InputError
from lab.report.table import Table
from lab.values import Completed, Experiment

if TYPE_CHECKING:
    from lab.registry import Registered


@app.command("list", epilog="Example: [bold]lab list --json[/]")
def list_scenarios(as_json: AsJson = False) -> None:
    """Every scenario and combination that `all` stands for."""
    from lab import registry

    entries = registry.resolve(["all"])
    if as_json:
        print_json([_listed(entry) for entry in entries])
        return
    rows = tuple(tuple(_listed(entry).values()) for entry in entries)
    print_table(
        Table(title="Scenarios", heads=("scenario", "category", "title", "needs", "gives up"), rows=rows, left=5)
    )


def _listed(entry: Registered) -> dict[str, str]:
    scenario = entry.scenario
    return {
        "scenario": entry.name,
        "category": scenario.category.value,
        "title": scenario.title,
        "needs": ", ".join(sorted(scenario.needs)),
        "gives_up": "; ".join(scenario.given_up),
    }


@app.command(epilog="Examples: [bold]lab compare[/] · [bold]lab compare results/A results/B[/]")
def compare(
    run_folders: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[RUN]...", help="Folders of runs; the newest two where none is given."),
    ] = None,
    results: Results = Path("results"),
    as_json: AsJson = False,
) -> None:
    """Savings of several runs side by side, and in which circumstances the runs differ."""
    from lab import runs
    from lab.analysis.side_by_side import disagreements, side_by_side
    from lab.report import summary, tables

    folders = run_folders or runs.folders(results)[-2:]
    if not folders:
        raise InputError(
            f"There is no run in {results}.", hint="Make one with `lab run`, or name another folder with --out."
        )
    experiments = [runs.load(folder) for folder in folders]
    frame, differ = side_by_side(experiments), disagreements(experiments)
    if as_json:
        print_json({"savings": summary.records(frame), "disagreements": differ})
        return
    print_table(tables.side_by_side(frame))
    for line in differ:
        out.print(f"Mind: {escape(line)}", highlight=False)


@app.command(epilog="Example: [bold]lab report results/sample[/]")
def report(
    run_folder: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a run.")], as_json: AsJson = False
) -> None:
    """Make report.md and savings.csv again from experiment.json, and print the savings."""
    from lab.report import summary

    experiment = write_reports(run_folder)
    print_json(summary.of(experiment)) if as_json else print_report(experiment)


@app.command(epilog="Example: [bold]lab attach results/sample DISCOVERY.md[/]")
def attach(
    run_folder: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a run.")],
    document: Annotated[
        Path, typer.Argument(metavar="DISCOVERY.md", help="The document; made where it does not exist.")
    ],
) -> None:
    """Put the tables of a run into a document between markers; what is outside of them stays as it is."""
    from lab import files, runs
    from lab.report import markdown

    experiment = runs.load(run_folder)
    files.write(document, markdown.attach(files.read(document), experiment))
    out.print(f"{document} holds the tables of {experiment.run}.", highlight=False)


def write_reports(folder: Path) -> Experiment:
    """Write report.md and savings.csv beside experiment.json."""
    from lab import files, runs
    from lab.report import markdown

    experiment = runs.load(folder)
    files.write(folder / "report.md", markdown.report(experiment))
    files.write(folder / "savings.csv", markdown.csv(experiment))
    return experiment


def print_report(experiment: Experiment) -> None:
    """The savings, what has none and why, and the advice."""
    from lab.analysis import comparison
    from lab.analysis.recommendation import recommend
    from lab.report import tables

    print_table(tables.savings(experiment))
    print_table(tables.full_size(experiment))
    for outcome in experiment.outcomes:
        if not isinstance(outcome, Completed):
            out.print(
                f"[bold]{outcome.scenario}[/] {outcome.kind}: {escape(comparison.reason(outcome))}", highlight=False
            )
    for line in comparison.broken(experiment):
        out.print(f"[bold red]Broken:[/] {escape(line)}", highlight=False)
    advice = recommend(experiment)
    out.print(f"\n[bold]{escape(advice.headline)}[/]", highlight=False)
    for line in (*advice.reasons, *(f"What would be lost: {loss}." for loss in advice.losses)):
        out.print(f"  - {escape(line)}", highlight=False)
