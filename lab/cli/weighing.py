"""The command that weighs a database: profile, of a server or a file; two files are compared."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lab import paths
from lab.cli.app import app
from lab.cli.console import print_json, print_line, print_lines, print_table
from lab.cli.discovering import proposals
from lab.cli.options import AsJson, Full, Html
from lab.cli.progress import reported
from lab.cli.sources import case_file_or_path, limits, load_profile
from lab.errors import InputError
from lab.units import counted

if TYPE_CHECKING:
    from lab.discovery.values import CheapWin
    from lab.values import Profile


@app.command(
    epilog="Examples: [bold]lab profile postgresql://reader@host/odds -o profile.json[/]"
    " · [bold]lab profile profile.json --html profile.html[/] · [bold]lab profile january.json february.json[/]"
    " · [bold]lab profile --case 2026-02-17[/]"
)
def profile(
    dsn: Annotated[
        str | None,
        typer.Argument(
            metavar="[DSN|FILE]", help="The database, or a saved profile; default: from PGHOST, PGDATABASE and so on."
        ),
    ] = None,
    other: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="A later profile, to compare the first file with.")
    ] = None,
    case: Annotated[
        str | None, typer.Option("--case", help="Instead of a database: a published case, or its file.")
    ] = None,
    target: Annotated[
        str | None, typer.Option("--target", help="The size that the database should fit in; default: none.")
    ] = None,
    exact: Annotated[bool, typer.Option("--exact", help="Read every block instead of a sample.")] = False,
    output: Annotated[Path | None, typer.Option("-o", "--out", help="Also write the profile as JSON here.")] = None,
    html: Html = None,
    full: Full = False,
    as_json: AsJson = False,
) -> None:
    """Measure what a real database stores: tables, columns, indexes, growth, duplicates. It is only read.

    A file opens a saved profile. Two files are compared.
    """
    from lab import files, profiling

    if other is not None:
        _compare(dsn or "", other, html, as_json=as_json)
        return
    if dsn and case:
        raise InputError("A database and a case were given.", hint="Name one of them.")
    printed = as_json or (output is not None and paths.is_standard_output(output))
    _check_targets(None if printed else output, html)
    profiled = _profiled(dsn, case, target=target, exact=exact)
    if output and not paths.is_standard_output(output):
        files.write_or_stream(output, profiling.text(profiled))
    if html is not None:
        _write_page(html, profiled)
    if printed:
        typer.echo(profiling.text(profiled), nl=False)
        return
    _show(profiled, full=full)
    if html is not None:
        print_line(f"Wrote {html}.")


def _check_targets(output: Path | None, html: Path | None) -> None:
    """Whether both can be written, before a large database is read for hours."""
    from lab import files

    if output:
        files.check_target(output, streams=True)
    if html:
        files.check_document(html)
    if html and html == output:
        raise InputError(f"{html} cannot hold both the profile and its page.", hint="Name two files.")


def _profiled(dsn: str | None, case: str | None, *, target: str | None, exact: bool) -> Profile:
    """A saved profile, a published one, or that of a database."""
    from data_gen import published
    from lab import profiling
    from lab.units import parse_bytes

    size = None if target is None else parse_bytes(target)
    if dsn and _is_file(dsn):
        saved = load_profile(Path(dsn))
        return saved if size is None else profiling.with_target(saved, size)
    if case:
        return published.load(case_file_or_path(case), target_bytes=size)
    with reported() as progress:
        return profiling.profile(dsn or "", target_bytes=size, exact=exact, progress=progress)


def _show(profiled: Profile, *, full: bool) -> None:
    """Print one screen of a profile; in `full`, every table and what was not seen."""
    from lab.report import profile as profiles

    print_lines(filter(None, (limits(profiled), *profiles.headline(profiled))))
    for table in profiles.tables(profiled) if full else profiles.overview(profiled, _cheap_wins(profiled)):
        print_table(table)
    if full:
        print_lines(f"Not seen: {line}" for line in profiled.missing)
    else:
        unseen = f" It could not see {counted(len(profiled.missing), 'thing')}." if profiled.missing else ""
        print_line(f"--full prints every table.{unseen}")


def _write_page(html: Path, profiled: Profile) -> None:
    from lab import files
    from lab.report.page import database

    files.write(html, database(profiled, _cheap_wins(profiled)))


def _is_file(text: str) -> bool:
    """Whether it names a file, and no database."""
    return text.endswith(".json") or not ("=" in text or "://" in text or paths.is_missing(Path(text)))


def _compare(before: str, after: Path, html: Path | None, *, as_json: bool) -> None:
    """Print what became of a database between two saved profiles, and write it as a page."""
    from lab import files
    from lab.analysis.profile_change import changes
    from lab.cli import formats
    from lab.report import page
    from lab.report import profile as profiles

    if not _is_file(before):
        raise InputError("Two saved profiles can be compared.", hint="Save one with `lab profile DSN -o profile.json`.")
    if html is not None:
        files.check_document(html)
    older, newer = load_profile(Path(before)), load_profile(after)
    if html is not None:
        files.write(html, page.database_change(older, newer))
    if as_json:
        print_json(formats.ProfileChanges(changes=changes(older, newer)))
    else:
        print_table(profiles.change(older, newer))
        if html is not None:
            print_line(f"Wrote {html}.")


def _cheap_wins(profiled: Profile) -> tuple[CheapWin, ...]:
    """What the profile shows that needs no rewrite."""
    from lab.discovery import DiscoveryInputs
    from lab.discovery.housekeeping import cheap_wins

    return cheap_wins(DiscoveryInputs(profile=profiled, proposals=proposals()))
