"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lab.runner.schedule import MOST_JOBS


def scenario_names(incomplete: str) -> list[str]:
    """Names of scenarios that begin like that, for the shell's completion."""
    from lab import registry

    return [name for name in ("all", *registry.everything()) if name.startswith(incomplete)]


def _case_names(incomplete: str) -> list[str]:
    from data_gen import case_names

    return [name for name in case_names() if name.startswith(incomplete)]


Scenarios = Annotated[
    list[str],
    typer.Option(
        "--scenario", "-s", help="A scenario, NAME+NAME, or all; may be repeated.", autocompletion=scenario_names
    ),
]
CaseName = Annotated[
    str | None,
    typer.Option("--case", help="The published database to imitate; else the newest.", autocompletion=_case_names),
]
ProfileFile = Annotated[
    Path | None,
    typer.Option("--profile", help="Imitate the database of this profile, or of the file of a published case."),
]
Size = Annotated[str, typer.Option("--size", help="Size of the baseline, such as 256MB; decides the number of events.")]
Seed = Annotated[int, typer.Option("--seed", min=0, max=1 << 62, help="The same seed makes the same rows.")]
ChangeRate = Annotated[
    float | None,
    typer.Option("--change-rate", min=0, max=1000, help="Scales how often prices change; 1 is the case's own rate."),
]
WorkloadModule = Annotated[
    str,
    typer.Option("--workload", metavar="MODULE", help="What to generate: a Python module with resolve(case, profile)."),
]
Results = Annotated[Path, typer.Option("--out", help="Folder of the results.")]
PostgresBin = Annotated[
    Path | None, typer.Option("--postgres-bin", help="native: folder of the PostgreSQL binaries to use.")
]
ServerName = Annotated[
    str, typer.Option("--server", help="auto, container, native, pglite, or postgresql://… for one that exists.")
]
Image = Annotated[
    str | None,
    typer.Option(
        "--image", help="container: an image that behaves like the official ones; else TimescaleDB's Community edition."
    ),
]
Tmpfs = Annotated[
    str | None,
    typer.Option("--tmpfs", help="container: keep the data in memory of this size, such as 8GB; else a volume."),
]
Port = Annotated[
    int | None, typer.Option("--port", min=1, max=65535, help="container: its port outside; else one that is free.")
]
Jobs = Annotated[
    int | None,
    typer.Option(
        "--jobs",
        "-j",
        help=f"Trials at once; else one for each core and each GB of free memory, at most {MOST_JOBS}. They are timed alone.",
    ),
]
StepSeconds = Annotated[
    float,
    typer.Option("--step-seconds", min=1, help="Cancel a step that takes longer, and fail its trial."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for a program to read.")]
