"""The application, and how it ends."""

from __future__ import annotations

import platform
import signal
import sys
from importlib import metadata
from types import FrameType
from typing import Annotated, NoReturn

import typer

from lab.cli import streams
from lab.cli.console import err, print_line
from lab.errors import InputError, LabError, UnavailableError

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    help="Measure how far each storage strategy shrinks an odds database, and what the strategy costs.",
)

BAD_INPUT = 2
SOMETHING_FAILED = 1
INTERRUPTED = 130


def version() -> str:
    """Of this lab."""
    return metadata.version("odds-storage-lab")


def _print_version(asked: bool) -> None:
    if asked:
        print_line(f"lab {version()}, Python {platform.python_version()}")
        raise typer.Exit


@app.callback()
def options(
    asked: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_print_version, help="Print the version and exit.")
    ] = False,
) -> None:
    """Options of the program itself, before any command."""


def main() -> None:
    """Run the command line."""
    run(app)


def run(commands: typer.Typer) -> None:
    """Run these commands; a `LabError` becomes one sentence and an exit code."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _terminated)
    streams.protect()
    try:
        try:
            commands()
        finally:
            sys.stdout.flush()
    except LabError as error:
        print_line(f" {error}", head="Error:", style="bold red", console=err)
        sys.exit(BAD_INPUT if isinstance(error, InputError | UnavailableError) else SOMETHING_FAILED)


def _terminated(number: int, _: FrameType | None) -> NoReturn:
    """Unwind as after Ctrl-C, so that every server is stopped and every folder removed."""
    signal.signal(number, signal.SIG_IGN)
    sys.exit(128 + number)
