"""The programs of the plan: what a client does, in the hands of the owner of the database."""

from __future__ import annotations

import textwrap
from typing import NamedTuple

from lab.values.client import ClientStep

HEADER = "Written by `lab discover`, and written anew whenever it runs."
"""The end of the first line of every file of the plan, which is a comment."""

_PROGRAM = '''# {header}
"""{about}

{what}
"""

import sys

try:
    from lab.cli import carrying
except ModuleNotFoundError:
    sys.exit("This program needs the lab, version {version}. Run it with the Python that the lab is installed for.")

{call}
'''
_WIDTH = 120


class Aside(NamedTuple):
    """A program beside the numbered files."""

    name: str
    function: str
    """Of `lab.cli.carrying`."""
    about: str
    what: str


UNDO = Aside(
    "undo.py",
    "undo",
    "the way back from what a client did",
    "It gives back the documents and the type of their column, and drops what it needed for that. Run again, it goes on where it"
    " was interrupted, and at its end does nothing.",
)
AGAIN = Aside(
    "recurring.py",
    "again",
    "run it again and again, such as once a day",
    "It does for what has come since what phase 103 did once. Where it was interrupted, the next time goes on.",
)
READ = Aside(
    "read.py",
    "read",
    "how a client reads",
    "It prints the texts of a column as lines of JSON. Name the column and the rows first: {name} TABLE.COLUMN KEY... An"
    " application calls `open_owned` and `texts` of lab.owned for the same.",
)


def aside_program(aside: Aside, strategy: str, version: str, outside: str) -> str:
    """That program for a strategy, with the lab of that version; `outside` is its option for files, where it needs one."""
    run = f" Run it so: python {aside.name} --dsn postgresql://owner@host/database{outside}"
    return _program(
        f"{strategy}: {aside.about}.",
        aside.what.format(name=aside.name) + run,
        version,
        _call(aside.function, strategy=strategy, written_by=version),
    )


def step_program(name: str, about: str, strategy: str, step: ClientStep, version: str) -> str:
    """The program that carries out the step with the lab of that version."""
    outside = " --outside FOLDER" if step.files else ""
    what = (
        f"It reads the rows that are left to do, and writes into {step.into} only. Each batch of a few rows is committed: run it"
        " again, and it goes on where it was interrupted; after its end it does nothing. The file that follows stops while"
        f" something is left to do. Run it so: python {name} --dsn postgresql://owner@host/database{outside}"
    )
    return _program(about, what, version, _call("client_step", strategy=strategy, key=step.key, written_by=version))


def _program(about: str, what: str, version: str, call: str) -> str:
    return _PROGRAM.format(
        header=HEADER,
        about=about,
        what=textwrap.fill(what, _WIDTH, break_long_words=False, break_on_hyphens=False),
        version=version,
        call=call,
    )


def _call(function: str, **arguments: str) -> str:
    """As the formatter writes it: one argument on a line."""
    lines = "".join(f"    {name}={_quoted(value)},\n" for name, value in arguments.items())
    return f"carrying.{function}(\n{lines})"


def _quoted(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
