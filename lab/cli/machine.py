"""Commands about this machine and this program: doctor, clean, schema."""

from __future__ import annotations

from pathlib import Path
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
    from lab.cli import formats
    from lab.servers import DEFAULT_IMAGE, Options

    options = Options(image=image or DEFAULT_IMAGE, pull_s=0, postgres_bin=postgres_bin)
    with reported() as progress:
        diagnosis = doctor.diagnose(options, progress)
    if as_json:
        print_json(formats.MachineDiagnosis(findings=diagnosis.findings, trials=diagnosis.trials))
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
    from lab.cli import formats

    removed = servers.clean(server or (), skipped=lambda text: print_line(text, console=err))
    if as_json:
        print_json(formats.Removed(removed=tuple(removed)))
        return
    print_lines(removed or ["Nothing was left behind."])


@app.command(
    epilog="Examples: [bold]lab schema[/] · [bold]lab schema run[/]"
    " · [bold]lab schema --out docs/schemas --attach docs/json.md[/]"
)
def schema(
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="A kind of document; default: list them.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--out", metavar="FOLDER", help="Write all of them there.")
    ] = None,
    attach: Annotated[
        Path | None,
        typer.Option(
            metavar="DOCUMENT", help="Write the list there, between markers, with links to `schemas/` beside it."
        ),
    ] = None,
) -> None:
    """Print the JSON Schema of what the lab saves and what `--json` prints."""
    from lab import files
    from lab.cli import formats

    if name is not None:
        typer.echo(formats.schema(name), nl=False)
        return
    if attach is not None:
        files.check_document(attach)
        files.write(attach, formats.with_list(files.read(attach)))
        print_line(f"Wrote the list of schemas into {attach}.")
    if output is not None:
        files.check_writable(output)
        for kind in formats.FORMATS:
            files.write(output / f"{kind}.json", formats.schema(kind))
        print_line(f"Wrote {len(formats.FORMATS)} schemas into {output}.")
    if attach is None and output is None:
        print_table(formats.table())
