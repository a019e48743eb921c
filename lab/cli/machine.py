"""Commands about this machine: doctor, clean."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from lab.cli.app import app
from lab.cli.console import err, print_json, print_line, print_lines, print_table
from lab.cli.options import AsJson, Image, PostgresBin
from lab.cli.progress import reported
from lab.report.table import MISSING, Table


@app.command("doctor", epilog="Example: [bold]lab doctor[/]")
def diagnose(image: Image = None, postgres_bin: PostgresBin = None, as_json: AsJson = False) -> None:
    """Show what this machine offers, and on which server each scenario runs."""
    from lab import doctor
    from lab.servers import DEFAULT_IMAGE, Options

    options = Options(image=image or DEFAULT_IMAGE, pull_s=0, postgres_bin=postgres_bin)
    with reported() as progress:
        diagnosis = doctor.diagnose(options, progress)
    if as_json:
        print_json(asdict(diagnosis))
        return
    for finding in diagnosis.findings:
        head, style = ("ok ", "green") if finding.fine else ("no ", "red")
        print_line(f" {finding.name}: {finding.found}", head=head, style=style)
        if not finding.fine:
            print_line(f"    {finding.remedy}")
    rows = tuple(
        (trial.scenario, trial.server or MISSING, trial.reason) for trial in diagnosis.trials if trial.repeat == 1
    )
    print_table(Table(title="Where each scenario runs", heads=("scenario", "server", "why not"), rows=rows, left=3))


@app.command(epilog="Examples: [bold]lab clean[/] · [bold]lab clean --server postgresql://host/postgres[/]")
def clean(
    server: Annotated[
        list[str] | None, typer.Option("--server", help="Also clean this existing server; may be repeated.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Remove only what killed runs left behind: processes, folders, containers, volumes, databases."""
    from lab import servers

    removed = servers.clean(server or (), skipped=lambda text: print_line(text, console=err))
    if as_json:
        print_json(removed)
        return
    print_lines(removed or ["Nothing was left behind."])
