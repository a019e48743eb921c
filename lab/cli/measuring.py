"""Commands that start servers and measure: run, fidelity."""

from __future__ import annotations

import shlex
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, suppress
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from lab.cli import searching
from lab.cli.app import INTERRUPTED, SOMETHING_FAILED, app
from lab.cli.console import err, print_json, print_line, print_lines, print_table
from lab.cli.constraints import Asked, constrained
from lab.cli.options import (
    AsJson,
    Budget,
    CaseName,
    ChangeRate,
    Folders,
    Full,
    Image,
    Jobs,
    JsonForm,
    KeepDatabases,
    ListChurn,
    Port,
    PostgresBin,
    ProfileFile,
    Quiet,
    ReadSeconds,
    Results,
    RunJson,
    RunSize,
    Scenarios,
    Seed,
    ServerName,
    Size,
    StepSeconds,
    Thorough,
    Tmpfs,
    WithJsonForms,
    WorkloadModule,
    WriteSeconds,
    read_scenarios,
)
from lab.cli.progress import reported
from lab.errors import InputError
from lab.values import CHANGE_RATE, LIST_CHURN

if TYPE_CHECKING:
    from lab.analysis.results import Results as Analysed
    from lab.runner.pipeline import RunRequest
    from lab.runner.trials import KeptDatabase
    from lab.search.best import Best
    from lab.values.events import Progress
    from lab.workload import Workload


@app.command(
    cls=WithJsonForms,
    epilog="Examples: [bold]lab run[/] · [bold]lab run -s retention_7d -s drop_raw_response+retention_7d --size 1GB[/]",
)
@constrained
def run(
    scenario: Scenarios = ["all"],  # noqa: B006 - typer copies it
    scenarios: Folders = None,
    workload: WorkloadModule = "data_gen.imitation",
    case: CaseName = None,
    profile: ProfileFile = None,
    thorough: Thorough = False,
    size: RunSize = None,
    seed: Seed = 1,
    change_rate: ChangeRate = None,
    list_churn: ListChurn = None,
    server: ServerName = "auto",
    image: Image = None,
    tmpfs: Tmpfs = None,
    port: Port = None,
    postgres_bin: PostgresBin = None,
    jobs: Jobs = None,
    step_seconds: StepSeconds = 3600,
    read_seconds: ReadSeconds = None,
    write_seconds: WriteSeconds = None,
    *,
    asked: Asked,
    budget: Budget = "30min",
    keep_databases: KeepDatabases = False,
    results: Results = Path("results"),
    full: Full = False,
    quiet: Quiet = False,
    as_json: RunJson = None,
) -> None:
    """Load the workload, apply each scenario to its own clone, measure, verify, compare, and recommend."""
    from lab.cli.event_line import RunEnded
    from lab.report import summary
    from lab.runner import pipeline
    from lab.runner.effort import effort
    from lab.servers import DEFAULT_IMAGE, PULL_S, PULL_UNASKED_S, Options
    from lab.units import parse_bytes

    read_scenarios(scenarios)
    best = searching.is_asked(scenario)
    if keep_databases and (best or "all" in scenario):
        raise InputError(
            "--keep-databases needs to know which.", hint="Name scenarios: `-s baseline -s drop_raw_response`."
        )
    usual = effort(thorough=thorough)
    read_seconds = usual.read_seconds if read_seconds is None else read_seconds
    write_seconds = usual.write_seconds if write_seconds is None else write_seconds
    if any(map(isnan, (read_seconds, write_seconds, step_seconds))):
        raise InputError("nan is no number of seconds.", hint="Write a number, such as 4.")
    request = pipeline.RunRequest(
        scenarios=tuple(scenario),
        workload=_workload(workload, case, profile),
        size_bytes=parse_bytes(size or usual.size),
        seed=seed,
        parameters=_parameters(change_rate, list_churn),
        server=server,
        results=results,
        jobs=jobs,
        step_seconds=step_seconds,
        read_seconds=read_seconds,
        read_subjects=usual.read_subjects,
        quiet=usual.quiet,
        varies=usual.varies,
        write_seconds=write_seconds,
        constraints=asked(),
        options=Options(
            postgres_bin=postgres_bin,
            image=image or DEFAULT_IMAGE,
            pull_s=PULL_UNASKED_S if server == "auto" else PULL_S,
            port=port,
            tmpfs_bytes=None if tmpfs is None else parse_bytes(tmpfs),
            dsn=server,
        ),
        keep_databases=keep_databases,
    )
    with ExitStack() as servers:
        with reported(quiet=quiet, as_json=as_json is JsonForm.LINES) as progress:
            request, selection = searching.searched(request, budget, progress) if best else (request, None)
            folder, analysed, databases = _measured(request, progress, servers)
            progress(RunEnded(folder=folder.as_posix(), results=summary.of(analysed)))
            if selection:
                searching.write(folder, selection)
            if not keep_databases:
                servers.close()
        try:
            _print_run(analysed, selection, as_json=as_json, full=full)
        finally:
            if not quiet:
                print_line(
                    f"\n`lab open {folder}` shows the page; `lab report {folder} --full` prints every table and reason."
                    " Beside the page: the same as text and tables, and experiment.json with what was measured.",
                    console=err,
                )
        if databases:
            _wait(databases, written=write_seconds > 0)
    if analysed.broken:
        raise typer.Exit(SOMETHING_FAILED)


def _print_run(analysed: Analysed, selection: Best | None, *, as_json: JsonForm | None, full: bool) -> None:
    """Print the results, and after a search what it found."""
    from lab.cli.reporting import print_report
    from lab.report import summary

    if as_json is JsonForm.DOCUMENT:
        print_json(summary.of(analysed))
    elif as_json is None:
        print_report(analysed, full=full)
        if selection:
            searching.show(selection, full=full)


def _wait(databases: Sequence[KeptDatabase], *, written: bool) -> None:
    """Say how to look at the databases, and wait until the user ends it, be it while the lines are printed."""
    with suppress(KeyboardInterrupt):
        for line in _lines(databases, written=written):
            print_line(line, console=err)
        signal.pause()
    print_line("The databases are removed.", console=err)


def _lines(databases: Sequence[KeptDatabase], *, written: bool) -> Iterator[str]:
    yield "\nThese databases stay until you press Ctrl-C. On pglite, one client at a time can connect."
    for database in databases:
        password = "PGPASSWORD=any " if database.server == "pglite" else ""  # it asks, and takes any
        yield f"  {database.scenario} on {database.server}: {password}psql {shlex.quote(database.conninfo)}"
    if written:
        yield "They hold the rows of the measured writes, too; --write-seconds 0 leaves these out."


def _measured(
    request: RunRequest, progress: Progress, servers: ExitStack
) -> tuple[Path, Analysed, tuple[KeptDatabase, ...]]:
    """Run on servers that stay until `servers` is closed; however the run ends, write the reports of what it measured."""
    from lab.cli.reporting import write_reports
    from lab.runner import pipeline

    folders: list[Path] = []
    try:
        databases = pipeline.run_in(servers, request, progress, folders.append)
    except KeyboardInterrupt:
        print_line("Interrupted." + (f" The measurements so far are in {folders[0]}." if folders else ""), console=err)
        raise typer.Exit(INTERRUPTED) from None
    finally:
        analysed = [write_reports(folder) for folder in folders]
    return folders[0], analysed[0], databases


def _workload(module: str, case: str | None, profile: Path | None) -> Workload:
    """What the module resolves to; `InputError` where there is no such module, or it resolves nothing."""
    from importlib import import_module

    try:
        resolve: Callable[[str | None, Path | None], Workload] = import_module(module).resolve
    except (Exception, SystemExit) as error:  # it may be somebody's code, which raises anything
        hint = "Name a Python module with a function resolve(case, profile), such as data_gen.imitation."
        raise InputError(f"'{module}' is no workload: {type(error).__name__}: {error}.", hint=hint) from error
    return resolve(case, profile)


def _parameters(change_rate: float | None, list_churn: float | None) -> dict[str, float]:
    values = {CHANGE_RATE: change_rate, LIST_CHURN: list_churn}
    return {name: value for name, value in values.items() if value is not None}


@app.command(
    epilog="Examples: [bold]lab fidelity --case 2026-02-06 --size 256MB[/] · [bold]lab fidelity --profile profile.json[/]"
)
def fidelity(
    case: CaseName = None,
    profile: ProfileFile = None,
    size: Size = "256MB",
    seed: Seed = 1,
    change_rate: ChangeRate = None,
    list_churn: ListChurn = None,
    postgres_bin: PostgresBin = None,
    as_json: AsJson = False,
) -> None:
    """Compare the generated workload with the published or profiled database that it imitates."""
    from data_gen import imitation
    from lab.analysis.fidelity import trust
    from lab.cli import formats
    from lab.fidelity import FidelityRequest, measure
    from lab.report import tables
    from lab.servers import Options
    from lab.units import parse_bytes

    workload = imitation.resolve(case, profile)
    request = FidelityRequest(
        workload=workload,
        size_bytes=parse_bytes(size),
        seed=seed,
        parameters=_parameters(change_rate, list_churn),
        server="native",
        options=Options(postgres_bin=postgres_bin),
    )
    with reported() as progress:
        figures = measure(request, progress)
    if as_json:
        print_json(formats.fidelity(figures, trust(figures)))
    else:
        print_table(tables.fidelity(figures))
        print_lines(note.line for note in workload.notes)
        print_line("", head=trust(figures))
    if any(figure.holds is not True for figure in figures):
        raise typer.Exit(SOMETHING_FAILED)
