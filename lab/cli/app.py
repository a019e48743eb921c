"""The application, its two consoles, and how it ends."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Callable, Iterable
from time import monotonic
from types import FrameType
from typing import NoReturn

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table as RichTable

from lab.errors import InputError, LabError, UnavailableError
from lab.report.table import Table

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
        sys.exit(BAD_INPUT if isinstance(error, InputError | UnavailableError) else SOMETHING_FAILED)


def _terminated(number: int, _: FrameType | None) -> NoReturn:
    """Unwind like Ctrl-C does, so that every server is stopped and every folder removed."""
    signal.signal(number, signal.SIG_IGN)
    sys.exit(128 + number)


def progress() -> Callable[[str], None]:
    """Tells on the second console how far it has come, with the seconds since now."""
    started = monotonic()
    return lambda text: err.print(f"[dim]{monotonic() - started:6.1f} s[/]  {escape(text)}", highlight=False)


def print_json(value: object) -> None:
    """For a program to read."""
    sys.stdout.write(json.dumps(value, indent=1, default=str) + "\n")


def print_table(table: Table) -> None:
    """As wide as the terminal, or as the table where there is none."""
    rich = RichTable(title=table.title, title_justify="left", header_style="bold")
    for position, head in enumerate(table.heads):
        rich.add_column(head, justify="left" if position < table.left else "right", overflow="fold")
    for row in table.texts:
        rich.add_row(*(escape(cell) for cell in row))
    (out if out.is_terminal else Console(width=180)).print(rich)


def print_lines(lines: Iterable[str]) -> None:
    """One after the other, as they are."""
    for line in lines:
        out.print(escape(line), highlight=False)
