"""What the programs of a plan call: they are no commands of the lab, and lie beside DISCOVERY.md."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Annotated

import typer

from lab.cli.app import run, version
from lab.cli.console import print_json_line, print_line
from lab.cli.options import Folders, read_scenarios
from lab.errors import InputError
from lab.units import bytes_text, counted

if TYPE_CHECKING:
    from lab.client import Work
    from lab.scenario import ClientStep, Database, Scenario

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


def client_step(strategy: str, key: str, written_by: str) -> None:
    """Carry out the client's step of that key of a strategy; `written_by` is the lab of the plan.

    Run again, it goes on where it stopped; at the end of its work it does nothing.
    """

    def program(dsn: Dsn = "", outside: Outside = None, scenarios: Folders = None) -> None:
        from lab.owned import open_owned

        read_scenarios(scenarios)
        step = _step(strategy, key, written_by)
        print_line(f" {step.words}.", head=f"{strategy}:")
        with open_owned(dsn, outside, hear=_reporting()) as owned:
            print_line(
                f" {owned.words}. It writes into {step.into} only, and commits every few rows.", head="Database:"
            )
            print_line(f" {counted(owned.left(step), 'row')} to read.", head="Left to do:")
            print_line(f" {_done(owned.carry_out(step))} Nothing is left to do.", head="Done:")

    _run(program)


def undo(strategy: str, written_by: str) -> None:
    """Go the way back from what a client did; run again, it goes on where it stopped."""
    _work("the way back", strategy, lambda: _scenario(strategy, written_by).undo)


def again(strategy: str, written_by: str) -> None:
    """Do once more what a client must do again and again; where it was interrupted, the next time goes on."""
    _work("what must be done again and again", strategy, lambda: _scenario(strategy, written_by).again)


def read(strategy: str, written_by: str) -> None:
    """Print the texts of a column, after the strategy, as lines of JSON."""

    def program(
        column: Annotated[str, typer.Argument(metavar="TABLE.COLUMN", help="The column to read.")],
        keys: Annotated[list[int], typer.Argument(metavar="KEY...", help="Of which rows.")],
        dsn: Dsn = "",
        outside: Outside = None,
        scenarios: Folders = None,
    ) -> None:
        from lab.owned import open_owned

        read_scenarios(scenarios)
        with open_owned(dsn, outside) as owned:
            texts = owned.texts(_scenario(strategy, written_by), column, keys)
        for key in keys:
            print_json_line(StoredText(key=key, text=texts.get(key)))

    _run(program)


@dataclass(frozen=True, kw_only=True)
class StoredText:
    """A line of JSON that `read` prints."""

    key: int
    text: str | None
    """None where the row has none, or there is no such row."""


def _work(what: str, strategy: str, find: Callable[[], Callable[[Database], None] | None]) -> None:
    def program(dsn: Dsn = "", outside: Outside = None, scenarios: Folders = None) -> None:
        from lab.owned import open_owned

        read_scenarios(scenarios)
        do = find()
        if do is None:
            raise InputError(f"{strategy}: no client does {what}.", hint="Write the plan anew with `lab discover`.")
        print_line(f" {what}.", head=f"{strategy}:")
        with open_owned(dsn, outside, say=print_line, hear=_reporting()) as owned:
            print_line(f" {owned.words}. It writes there.", head="Database:")
            do(owned)
        print_line(" Nothing is left to do.", head="Done:")

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


def _step(strategy: str, key: str, written_by: str) -> ClientStep:
    for step in _scenario(strategy, written_by).client:
        if step.key == key:
            return step
    raise InputError(
        f"{strategy} has no client's step '{key}'. {_other_lab(written_by)}",
        hint="Write the plan anew with `lab discover`, or use the lab that wrote it.",
    )


def _other_lab(written_by: str) -> str:
    return f"The plan was written by lab {written_by}, and this is lab {version()}."


def _reporting() -> Callable[[Work], None]:
    """Prints how far it is, every few seconds."""
    last = monotonic()

    def hear(work: Work) -> None:
        nonlocal last
        if monotonic() - last >= _SECONDS:
            last = monotonic()
            print_line(_done(work))

    return hear


def _done(work: Work) -> str:
    return (
        f"{counted(work.rows_read, 'row')} read ({bytes_text(work.bytes_read)}),"
        f" {counted(work.rows_written, 'row')} written ({bytes_text(work.bytes_written)})."
    )
