"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from lab.cli.console import err, print_line
from lab.runner.effort import THOROUGH, USUAL
from lab.runner.schedule import JOBS_PER_CORE, MOST_JOBS


def scenario_names(incomplete: str) -> list[str]:
    """Names of scenarios that begin with that text, for the shell's completion."""
    from lab import registry

    return [name for name in ("all", "best", *registry.everything()) if name.startswith(incomplete)]


def read_scenarios(folders: Sequence[Path] | None) -> None:
    """Also read the scenarios in these folders, and say which files cannot be used; the command goes on without them."""
    from lab import registry

    for folder in folders or ():
        registry.add(folder)
    for file in registry.broken():
        print_line(f" {file.words}. {file.hint}", head="Left out:", style="bold red", console=err)


def _case_names(incomplete: str) -> list[str]:
    from data_gen import case_names

    return [name for name in case_names() if name.startswith(incomplete)]


Scenarios = Annotated[
    list[str],
    typer.Option(
        "--scenario",
        "-s",
        help="A scenario, 'NAME(PARAMETER=VALUE)', NAME+NAME, or all; may be repeated. Or best: search all combinations.",
        autocompletion=scenario_names,
    ),
]
Folders = Annotated[
    list[Path] | None,
    typer.Option("--scenarios", metavar="FOLDER", help="Also read your own scenarios in this folder; may be repeated."),
]
CaseName = Annotated[
    str | None,
    typer.Option("--case", help="The published database to imitate; default: the newest.", autocompletion=_case_names),
]
ProfileFile = Annotated[
    Path | None,
    typer.Option("--profile", help="Imitate the database of this profile.json or case file."),
]
Size = Annotated[str, typer.Option("--size", help="Size of the baseline, such as 256MB; sets the number of events.")]
RunSize = Annotated[
    str | None,
    typer.Option(
        "--size",
        help="Size of the baseline, such as 1GB; sets the number of events."
        f" Default: {USUAL.size}, or {THOROUGH.size} with --thorough.",
    ),
]
Thorough = Annotated[
    bool,
    typer.Option(
        "--thorough",
        help=f"Like --size {THOROUGH.size} --read-seconds {THOROUGH.read_seconds:g}"
        f" --write-seconds {THOROUGH.write_seconds:g}, unless these are given. Measure each read about all subjects that the"
        " workload names instead of one. Measure what depends on the workload at other values of its parameters, too.",
    ),
]
Seed = Annotated[int, typer.Option("--seed", min=0, max=1 << 62, help="The same seed generates the same rows.")]
ChangeRate = Annotated[
    float | None,
    typer.Option("--change-rate", min=0, max=1000, help="Scale how often prices change; 1 is the case's own rate."),
]
ListChurn = Annotated[
    float | None,
    typer.Option("--list-churn", min=0, max=1000, help="Scale how often lists of markets change; at 0 they never do."),
]
WorkloadModule = Annotated[
    str,
    typer.Option("--workload", metavar="MODULE", help="What to generate: a Python module with resolve(case, profile)."),
]
Results = Annotated[Path, typer.Option("--out", help="Folder for results; each run gets its own folder in it.")]
Runs = Annotated[Path, typer.Option("--out", metavar="FOLDER", help="The folder that holds the runs.")]
PostgresBin = Annotated[
    Path | None, typer.Option("--postgres-bin", help="native: use the PostgreSQL programs in this folder.")
]
ServerName = Annotated[
    str, typer.Option("--server", help="auto, container, native, pglite, or postgresql://… for an existing server.")
]
Image = Annotated[
    str | None,
    typer.Option(
        "--image",
        help="container: a PostgreSQL image that works like the official ones; default: TimescaleDB Community.",
    ),
]
Tmpfs = Annotated[
    str | None,
    typer.Option(
        "--tmpfs", help="container: keep the data in memory, up to this size, such as 8GB; default: a volume."
    ),
]
Port = Annotated[
    int | None,
    typer.Option("--port", min=1, max=65535, help="container: its port on this machine; default: a free port."),
]
Jobs = Annotated[
    int | None,
    typer.Option(
        "--jobs",
        "-j",
        help=f"Trials at the same time; default: {JOBS_PER_CORE} per core where each has 1 GB of free memory, at most"
        f" {MOST_JOBS}. While a trial is timed, none runs that shares its WAL.",
    ),
]
StepSeconds = Annotated[
    float,
    typer.Option("--step-seconds", min=1, help="Cancel a step after this many seconds; its trial then fails."),
]
ReadSeconds = Annotated[
    float | None,
    typer.Option(
        "--read-seconds",
        min=0,
        max=3600,
        help="Measure the application's reads about this long per trial; 0 leaves them out."
        f" Default: {USUAL.read_seconds:g}, or {THOROUGH.read_seconds:g} with --thorough.",
    ),
]
WriteSeconds = Annotated[
    float | None,
    typer.Option(
        "--write-seconds",
        min=0,
        max=3600,
        help="Measure the application's writes about this long per trial; 0 leaves them out."
        f" Default: {USUAL.write_seconds:g}, or {THOROUGH.write_seconds:g} with --thorough.",
    ),
]
KeepDatabases = Annotated[
    bool,
    typer.Option(
        "--keep-databases",
        help="After the run, leave the databases of the scenarios that you name open to look at, until Ctrl-C.",
    ),
]
Budget = Annotated[
    str, typer.Option("--budget", help="How long '--scenario best' may search and measure, such as 30min.")
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Report no progress; errors and results are still printed.")]


class JsonForm(StrEnum):
    """How a run is printed for a program."""

    DOCUMENT = "document"
    """The results, at the end."""
    LINES = "lines"
    """A line for each event as it happens; the last one holds the results."""


class WithJsonForms(TyperCommand):
    """A command whose `--json` may stand alone, which means the document."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """As usual, with the form of `--json` filled in."""
        forms = {"--json": f"--json={JsonForm.DOCUMENT}"}
        return super().parse_args(ctx, [forms.get(argument, argument) for argument in args])


RunJson = Annotated[
    JsonForm | None,
    typer.Option(
        "--json", metavar="[=lines]", help="Print JSON for a program to read; with =lines, each event as it happens."
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for a program to read.")]
Html = Annotated[
    Path | None,
    typer.Option("--html", metavar="FILE", help="Also write this as a page, which opens from disk in any browser."),
]
Full = Annotated[bool, typer.Option("--full", help="Print every table and reason, not only the overview.")]
