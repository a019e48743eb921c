"""Commands about an existing database: profile, usage, discover, check."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lab.cli.app import SOMETHING_FAILED, app, version
from lab.cli.console import print_json, print_line, print_lines, print_table
from lab.cli.constraints import Asked, constrained
from lab.cli.options import AsJson, Folders, read_scenarios, scenario_names
from lab.cli.progress import reported
from lab.cli.sources import judged, limits, load_profile, profile_file, usages
from lab.errors import InputError, ServerError
from lab.values import Constraints

if TYPE_CHECKING:
    from lab.discovery import DiscoveryInputs, Proposal, Provenance
    from lab.discovery.plan import Library, PlanFile
    from lab.report.discovery import Renderer
    from lab.scenario import Scenario

Dsn = Annotated[
    str | None, typer.Argument(metavar="[DSN]", help="The database; default: from PGHOST, PGDATABASE and so on.")
]
Sources = Annotated[list[Path], typer.Argument(metavar="SRC...", help="Folders or files of the application's sources.")]


@app.command("usage", epilog="Example: [bold]lab usage ../odds-app --column raw_response[/]")
def look(
    paths: Sources,
    column: Annotated[
        list[str] | None, typer.Option("--column", help="A column, as Python spells it; may be repeated.")
    ] = None,
    table: Annotated[
        list[str] | None, typer.Option("--table", help="Only columns of this table; may be repeated.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Search an application's sources for code that reads or writes a column; raw_response by default."""
    from data_gen.facts import PAYLOAD, SNAPSHOTS
    from lab.cli import formats
    from lab.report import usage as usages
    from lab.usage.search import look

    results = look(paths, column or [PAYLOAD], table or (), assumed=SNAPSHOTS)
    if as_json:
        print_json(formats.UsageList(usages=tuple(results)))
        return
    for result in results:
        print_line("", head=result.verdict)
        print_table(usages.counts(result))
        print_table(usages.places(result))
        print_lines(usages.doubts(result))


@app.command(
    epilog="Examples: [bold]lab discover --profile 2026-02-17 --run results/sample[/] ·"
    " [bold]lab discover --profile profile.json --usage ../odds-app --run results/RUN[/]"
)
@constrained
def discover(
    profile: Annotated[str, typer.Option("--profile", help="A profile.json, a published case, or the file of one.")],
    usage_of: Annotated[
        list[Path] | None, typer.Option("--usage", metavar="SRC", help="Sources of the application; may be repeated.")
    ] = None,
    run: Annotated[Path | None, typer.Option("--run", help="Folder of a run.")] = None,
    checked: Annotated[
        Path | None,
        typer.Option("--check", metavar="FILE", help="The file that `lab check` wrote about this database."),
    ] = None,
    *,
    asked: Asked,
    scenarios: Folders = None,
    output: Annotated[
        Path,
        typer.Option(
            "-o", "--out", help="The document; its page, its summary and the plan's files are written beside it."
        ),
    ] = Path("DISCOVERY.md"),
) -> None:
    """Write DISCOVERY.md, its page, its summary and the plan's files: findings, answers, opportunities, plan, risks, checklist."""
    from lab import files
    from lab.report import discovery
    from lab.report.page import document, pictures

    read_scenarios(scenarios)
    files.check_document(output)
    files.check_target(output.with_suffix(".html"))
    if output.name == discovery.SUMMARY:
        raise InputError(f"{output} is the name of the summary beside it.", hint="Give the document another name.")
    if output.suffix == ".html":
        raise InputError(
            f"{output} is the name of the page beside it.", hint="Give the document another name, such as X.md."
        )
    summary = output.with_name(discovery.summary_name(output.stem))
    files.check_target(summary)
    inputs, origins = _inputs(profile, usage_of or (), run, checked, asked())
    folder = output.with_name(f"{output.stem}-plan")
    inputs = replace(inputs, plan_folder=folder.name, library=_library(inputs))
    renderers = {output: discovery.document, summary: discovery.summary}
    texts = {path: _rendered(path, render, inputs, origins) for path, render in renderers.items()}
    drawn = pictures(inputs.results, discovery.PICTURES) if inputs.results else {}
    texts[output.with_suffix(".html")] = document(
        texts[output], {f"{folder.name}/{name}": picture for name, picture in drawn.items()}
    )
    if drawn:
        files.check_writable(folder)
    texts |= {folder / name: picture for name, picture in drawn.items()}
    for path, text in texts.items():
        files.write(path, text)
    print_lines(f"Wrote {path}." for path in (*texts, *write_plan(folder, inputs.files)))


def write_plan(folder: Path, plan: Sequence[PlanFile]) -> list[Path]:
    """Write the plan's files and remove those of an earlier plan, so that nobody executes a mixture."""
    from lab import files
    from lab.discovery.plan import BESIDE, HEADER

    if plan:
        files.check_writable(folder)
    names = {file.name for file in plan}
    for path in (*folder.glob("10[0-9]-[0-9][0-9]-*"), *map(folder.joinpath, BESIDE)):
        if path.name not in names and path.is_file() and files.read(path).partition("\n")[0].endswith(HEADER):
            path.unlink()
    for file in plan:
        files.write(folder / file.name, file.text)
    return [folder / file.name for file in plan]


@app.command(
    epilog="Example: [bold]lab check postgresql://reader@host/odds --strategy outcome_normalization_snapshot -o check.json[/]"
)
def check(
    dsn: Dsn = None,
    strategy: Annotated[
        str, typer.Option("--strategy", help="A scenario, or several joined by +.", autocompletion=scenario_names)
    ] = "",
    scenarios: Folders = None,
    output: Annotated[Path | None, typer.Option("-o", "--out", help="Also write the answer as JSON here.")] = None,
    as_json: AsJson = False,
) -> None:
    """Ask a real database whether a strategy's requirements hold there. It is only read.

    Exit code 0: all hold. 1: a requirement does not hold, or it is not known. 2: the database could not be asked.
    """
    from lab import check as checking
    from lab import files, registry
    from lab.report import check as checks

    read_scenarios(scenarios)
    if output:
        files.check_target(output)
    if not strategy:
        raise InputError("No strategy was named.", hint="Name one with --strategy; `lab list` shows them.")
    entry, *others = registry.resolve([strategy])
    if others:
        raise InputError(f"{strategy} is several strategies.", hint=f"Name one, such as {entry.name}.")
    try:
        with reported() as progress:
            answer = checking.check(dsn or "", entry.name, entry.scenario, progress)
    except ServerError as error:
        raise InputError(error.message, hint=error.hint) from error
    if output:
        files.write(output, checking.text(answer))
    if as_json:
        typer.echo(checking.text(answer), nl=False)
    else:
        print_line("", head=checks.headline(answer))
        for table in checks.tables(answer):
            print_table(table)
    if not answer.holds:
        raise typer.Exit(SOMETHING_FAILED)


def _rendered(path: Path, render: Renderer, inputs: DiscoveryInputs, origins: Sequence[Provenance]) -> str:
    """The new text of the document; an error names it."""
    from lab import files

    try:
        return render(files.read(path), inputs, origins)
    except InputError as error:
        raise InputError(f"{path}: {error.message}", hint=error.hint) from error


def _inputs(
    profile: str, paths: Sequence[Path], run: Path | None, checked: Path | None, asked: Constraints
) -> tuple[DiscoveryInputs, list[Provenance]]:
    """The inputs, and the sources that the document names for them."""
    from data_gen import case_names
    from lab import check as checking
    from lab import files, profiling, runs
    from lab.discovery import DiscoveryInputs, provenance

    file, shown = profile_file(profile)
    profiled = load_profile(file)
    if asked.target_bytes is not None:
        profiled = profiling.with_target(profiled, asked.target_bytes)
    used, limited = usages(profiled, paths), limits(profiled)
    if limited:
        print_line(limited)
    inputs = DiscoveryInputs(
        profile=profiled,
        usages=used,
        results=judged(run, asked) if run else None,
        proposals=() if limited else proposals(),
        limits=limited,
        check=checking.load(checked) if checked else None,
    )
    origins = [provenance.of_profile(profiled, shown, files.digest(file))]
    origins += [provenance.of_usage(result, [path.as_posix() for path in paths]) for result in used]
    if run and inputs.experiment:
        at = runs.file_of(run)
        own = inputs.experiment.plan.dataset.case not in case_names()
        case = at.with_name(runs.CASE).as_posix() if own else None
        origins.append(provenance.of_run(inputs.experiment, at.as_posix(), runs.digest(run), case_file=case))
    return inputs, origins


def _library(inputs: DiscoveryInputs) -> Library:
    """What this lab can do in the place of a client; nothing where it does not know the strategy."""
    from lab import registry
    from lab.discovery.plan import Library

    try:
        (entry,) = registry.resolve([inputs.recommended.name]) if inputs.recommended else (None,)
    except InputError:
        entry = None
    return library_of(entry.scenario) if entry else Library()


def library_of(scenario: Scenario) -> Library:
    """What this lab can do for that strategy."""
    from lab.discovery.plan import AGAIN, READ, UNDO, Library

    there = {UNDO: scenario.undo, AGAIN: scenario.again, READ: scenario.decodes or scenario.archives}
    asides = tuple(aside for aside, needed in there.items() if needed)
    return Library(
        version=version(),
        steps=scenario.client,
        asides=asides,
        writing=scenario.write,
        recurring=scenario.recurring,
    )


def proposals() -> tuple[Proposal, ...]:
    """The strategy that represents each file of scenarios, as declared there."""
    from lab import registry
    from lab.discovery import Proposal
    from lab.values import Category

    return tuple(
        Proposal(
            name=entry.name,
            category=entry.scenario.category,
            what=entry.scenario.what or entry.scenario.title,
            tables=tuple(entry.scenario.changes),
            columns=entry.scenario.needs_columns,
            keeps_days=entry.scenario.keeps_days,
        )
        for entry in registry.registered().values()
        if entry.scenario.leads and entry.scenario.category is not Category.CONTROL
    )
