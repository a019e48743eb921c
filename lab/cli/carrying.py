"""What the programs of a plan call: they are no commands of the lab, and lie beside DISCOVERY.md."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Annotated

import typer

from lab.cli.app import run, version
from lab.cli.console import print_line
from lab.cli.options import Folders, read_scenarios
from lab.errors import InputError
from lab.units import bytes_text, counted

if TYPE_CHECKING:
    from lab.client import Work
    from lab.scenario import ClientStep, Scenario

_SECONDS = 5.0
"""Between two lines of progress."""

Dsn = Annotated[
    str,
    typer.Option(
        "--dsn", help="The database; default: the one that PGDATABASE or PGSERVICE names, with PGHOST and so on."
    ),
]
Outside = Annotated[
    Path | None, typer.Option("--outside", metavar="FOLDER", help="The folder of the files outside of the database.")
]


def client_step(strategy: str, words: str, written_by: str) -> None:
    """Carry out a client's step of a strategy; `words` are its `ClientStep.words`, `written_by` is the lab of the plan.

    Run again, it goes on where it stopped; at the end of its work it does nothing.
    """

    def program(dsn: Dsn = "", outside: Outside = None, scenarios: Folders = None) -> None:
        from lab.owned import open_owned

        read_scenarios(scenarios)
        step = _step(strategy, words, written_by)
        print_line(f" {words}.", head=f"{strategy}:")
        with open_owned(dsn, outside) as owned:
            print_line(
                f" {owned.words}. It writes into {step.into} only, and commits every few rows.", head="Database:"
            )
            left = owned.left(step)
            print_line(f" {counted(left, 'row')} to read.", head="Left to do:")
            work = owned.carry_out(step, _reporting(left))
            print_line(f" {_done(work, left)} Nothing is left to do.", head="Done:")

    _run(program)


def _run(program: Callable[..., None]) -> None:
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command()(program)
    run(app)


def _scenario(strategy: str, written_by: str) -> Scenario:
    from lab import registry

    try:
        (entry,) = registry.resolve([strategy])
    except InputError as error:
        raise InputError(f"{error.message} {_other_lab(written_by)}", hint=error.hint) from error
    return entry.scenario


def _step(strategy: str, words: str, written_by: str) -> ClientStep:
    for step in _scenario(strategy, written_by).client:
        if step.words == words:
            return step
    raise InputError(
        f"{strategy} has no step to {words}. {_other_lab(written_by)}",
        hint="Write the plan anew with `lab discover`, or use the lab that wrote it.",
    )


def _other_lab(written_by: str) -> str:
    return f"The plan was written by lab {written_by}, and this is lab {version()}."


def _reporting(left: int) -> Callable[[Work], None]:
    """Prints how far it is, every few seconds."""
    last = monotonic()

    def hear(work: Work) -> None:
        nonlocal last
        if monotonic() - last >= _SECONDS:
            last = monotonic()
            print_line(_done(work, left))

    return hear


def _done(work: Work, left: int) -> str:
    return (
        f"{work.read:,} of {counted(left, 'row')} read ({bytes_text(work.read_bytes)}),"
        f" {counted(work.made, 'row')} written ({bytes_text(work.made_bytes)})."
    )
