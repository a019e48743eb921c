"""The command line: parse, call, print, exit code; the only place that prints or exits."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from time import monotonic
from types import FrameType
from typing import Annotated, NoReturn

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table as RichTable

from data_gen import Dataset, case_names, load_case
from lab import doctor, pipeline, registry, store
from lab.analysis import comparison, runs
from lab.analysis.recommendation import recommend
from lab.errors import InputError, LabError
from lab.fidelity import measure as measure_fidelity
from lab.report import markdown, summary, tables
from lab.servers import clean as clean_servers
from lab.units import parse_bytes
from lab.values import Completed, Experiment

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    help="Measure which storage strategy shrinks an odds database, and what it costs.",
)
out, err = Console(), Console(stderr=True)

BAD_INPUT = 2
SOMETHING_FAILED = 1
INTERRUPTED = 130


def main() -> None:
    """Run the command line; a `LabError` becomes one sentence and an exit code."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _terminated)
    try:
        app()
    except LabError as error:
        err.print(f"[bold red]Error:[/] {escape(error.message)}" + (f" {escape(error.hint)}" if error.hint else ""))
        sys.exit(BAD_INPUT if isinstance(error, InputError) else SOMETHING_FAILED)


def _terminated(number: int, _: FrameType | None) -> NoReturn:
    """Unwind like Ctrl-C does, so that every server is stopped and every folder removed."""
    signal.signal(number, signal.SIG_IGN)
    sys.exit(128 + number)


def _scenario_names(incomplete: str) -> list[str]:
    return [name for name in ("all", *registry.everything()) if name.startswith(incomplete)]


def _case_names(incomplete: str) -> list[str]:
    return [name for name in case_names() if name.startswith(incomplete)]


Scenarios = Annotated[
    list[str],
    typer.Option(
        "--scenario", "-s", help="A scenario, NAME+NAME, or all; may be repeated.", autocompletion=_scenario_names
    ),
]
CaseName = Annotated[str, typer.Option("--case", help="The published database to imitate.", autocompletion=_case_names)]
Size = Annotated[str, typer.Option("--size", help="Size of the baseline, such as 256MB; decides the number of events.")]
Seed = Annotated[int, typer.Option("--seed", help="The same seed makes the same rows.")]
ChangeRate = Annotated[
    float | None, typer.Option("--change-rate", min=0, help="Scales how often prices change; 1 is the case's own rate.")
]
Results = Annotated[Path, typer.Option("--out", help="Folder of the results.")]
PostgresBin = Annotated[Path | None, typer.Option("--postgres-bin", help="Folder of the PostgreSQL binaries to use.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for a program to read.")]


@app.command(
    epilog="Examples: [bold]lab run[/] · [bold]lab run -s retention_7d -s drop_raw_response+retention_7d --size 1GB[/]"
)
def run(
    scenario: Scenarios = ["all"],  # noqa: B006 - typer copies it
    case: CaseName = "2026-02-17",
    size: Size = "256MB",
    seed: Seed = 1,
    change_rate: ChangeRate = None,
    server: Annotated[str, typer.Option("--server", help="auto, native or pglite.")] = "auto",
    results: Results = Path("results"),
    postgres_bin: PostgresBin = None,
    as_json: AsJson = False,
) -> None:
    """Load the workload, apply each scenario to its own clone, measure, verify, compare, recommend."""
    request = pipeline.Request(
        scenarios=tuple(scenario),
        case=case,
        size_bytes=parse_bytes(size),
        seed=seed,
        change_rate=change_rate,
        server=server,
        results=results,
        postgres_bin=postgres_bin,
    )
    folder = _measured(request)
    experiment = store.load(folder)
    _print_json(summary.of(experiment)) if as_json else _print_report(experiment)
    err.print(f"\nIn full: report.md, savings.csv and experiment.json in {folder}", highlight=False, soft_wrap=True)
    if comparison.broken(experiment):
        raise typer.Exit(SOMETHING_FAILED)


def _measured(request: pipeline.Request) -> Path:
    """Run; however it ends, the reports of what was measured are written."""
    folders: list[Path] = []
    try:
        pipeline.run(request, _progress(), folders.append)
    except KeyboardInterrupt:
        err.print("Interrupted." + (f" What was measured is in {folders[0]}." if folders else ""))
        raise typer.Exit(INTERRUPTED) from None
    finally:
        for folder in folders:
            _write_reports(folder)
    return folders[0]


def _progress() -> pipeline.Progress:
    started = monotonic()
    return lambda text: err.print(f"[dim]{monotonic() - started:6.1f} s[/]  {escape(text)}", highlight=False)


def _write_reports(folder: Path) -> Experiment:
    experiment = store.load(folder)
    store.write(folder / "report.md", markdown.report(experiment))
    store.write(folder / "savings.csv", markdown.csv(experiment))
    return experiment


def _print_json(value: object) -> None:
    sys.stdout.write(json.dumps(value, indent=1, default=str) + "\n")


def _print_report(experiment: Experiment) -> None:
    _print_table(tables.savings(experiment))
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


def _print_table(table: tables.Table) -> None:
    rich = RichTable(title=table.title, title_justify="left", header_style="bold")
    for position, head in enumerate(table.heads):
        rich.add_column(head, justify="left" if position < table.left else "right", overflow="fold")
    for row in table.rows:
        rich.add_row(*(escape(cell) for cell in row))
    (out if out.is_terminal else Console(width=180)).print(rich)


@app.command("list", epilog="Example: [bold]lab list --json[/]")
def list_scenarios(as_json: AsJson = False) -> None:
    """Every scenario and combination that `all` stands for."""
    entries = registry.resolve(["all"])
    if as_json:
        _print_json([_listed(entry) for entry in entries])
        return
    rows = tuple(tuple(_listed(entry).values()) for entry in entries)
    _print_table(
        tables.Table(title="Scenarios", heads=("scenario", "category", "title", "needs", "gives up"), rows=rows, left=5)
    )


def _listed(entry: registry.Registered) -> dict[str, str]:
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
    folders = run_folders or store.runs(results)[-2:]
    if not folders:
        raise InputError(
            f"There is no run in {results}.", hint="Make one with `lab run`, or name another folder with --out."
        )
    experiments = [store.load(folder) for folder in folders]
    frame, differ = runs.side_by_side(experiments), runs.disagreements(experiments)
    if as_json:
        _print_json({"savings": summary.records(frame), "disagreements": differ})
        return
    _print_table(tables.side_by_side(frame))
    for line in differ:
        out.print(f"Mind: {escape(line)}", highlight=False)


@app.command(epilog="Example: [bold]lab report results/sample[/]")
def report(
    run_folder: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a run.")], as_json: AsJson = False
) -> None:
    """Make report.md and savings.csv again from experiment.json, and print the savings."""
    experiment = _write_reports(run_folder)
    _print_json(summary.of(experiment)) if as_json else _print_report(experiment)


@app.command(epilog="Example: [bold]lab attach results/sample DISCOVERY.md[/]")
def attach(
    run_folder: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a run.")],
    document: Annotated[
        Path, typer.Argument(metavar="DISCOVERY.md", help="The document; made where it does not exist.")
    ],
) -> None:
    """Put the tables of a run into a document between markers; what is outside of them stays as it is."""
    experiment = store.load(run_folder)
    store.write(document, markdown.attach(store.read(document), experiment))
    out.print(f"{document} holds the tables of {experiment.run}.", highlight=False)


@app.command(epilog="Example: [bold]lab fidelity --case 2026-02-06 --size 256MB[/]")
def fidelity(
    case: CaseName = "2026-02-17",
    size: Size = "256MB",
    seed: Seed = 1,
    change_rate: ChangeRate = None,
    postgres_bin: PostgresBin = None,
    as_json: AsJson = False,
) -> None:
    """Compare the generated workload with the published database that it imitates."""
    dataset = Dataset.plan(load_case(case), size_bytes=parse_bytes(size), seed=seed, change_rate=change_rate)
    figures = measure_fidelity(dataset, server="native", postgres_bin=postgres_bin, progress=_progress())
    if as_json:
        _print_json([asdict(figure) | {"holds": figure.holds} for figure in figures])
    else:
        _print_table(tables.fidelity(figures))
    if any(figure.holds is not True for figure in figures):
        raise typer.Exit(SOMETHING_FAILED)


@app.command("doctor", epilog="Example: [bold]lab doctor[/]")
def diagnose(postgres_bin: PostgresBin = None, as_json: AsJson = False) -> None:
    """What this machine offers and which scenario runs where."""
    diagnosis = doctor.diagnose(postgres_bin, _progress())
    if as_json:
        _print_json(asdict(diagnosis))
        return
    for one in diagnosis.findings:
        out.print(f"{'[green]ok [/]' if one.fine else '[red]no [/]'} {one.name}: {escape(one.found)}", highlight=False)
        if not one.fine:
            out.print(f"    {escape(one.remedy)}", highlight=False)
    rows = tuple(
        (trial.scenario, trial.server or tables.MISSING, trial.reason)
        for trial in diagnosis.trials
        if trial.repeat == 1
    )
    _print_table(tables.Table(title="What runs where", heads=("scenario", "server", "why not"), rows=rows, left=3))


@app.command(epilog="Example: [bold]lab clean[/]")
def clean(as_json: AsJson = False) -> None:
    """Remove what a killed run left behind, and only that."""
    removed = clean_servers()
    if as_json:
        _print_json(removed)
        return
    _print_lines(removed or ["Nothing was left behind."])


def _print_lines(lines: Iterable[str]) -> None:
    for line in lines:
        out.print(escape(line), highlight=False)


if __name__ == "__main__":
    main()
