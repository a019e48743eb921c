"""The two consoles, and how lines, tables and JSON are printed there; text is printed literally, never as markup."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table as RichTable
from rich.text import Text

from lab.report.table import Table

out, err = Console(), Console(stderr=True)

_WIDE = 180
"""Characters of a line where nobody says how wide the output is."""

_JOINT = re.compile(r"(?<=[\w)])\+(?=\w)")
"""Between two scenarios of a combination."""

_CONTROLS = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160)) if chr(code) not in "\n\t"}
"""A name must not move the cursor or change the colours of the terminal."""


def print_line(text: str, *, head: str = "", style: str = "bold", console: Console | None = None) -> None:
    """Print one line, its head in that style; only a terminal wraps it, between words."""
    line = Text.assemble((_visible(head), style), _visible(text))
    console = console or out
    console.print(line, soft_wrap=not console.is_terminal)


def print_lines(lines: Iterable[str]) -> None:
    """Print each line."""
    for line in lines:
        print_line(line)


def print_table(table: Table) -> None:
    """Print a table, as wide as the terminal; without a terminal, 180 characters wide.

    Where it is too wide, names of combinations are broken after their +.
    """
    _screen().print(_rich(table, broken=not _fits(table, broken=False)))


def fits(table: Table) -> bool:
    """Whether all its cells have room there, names of combinations broken if need be."""
    return _fits(table, broken=True)


def _fits(table: Table, *, broken: bool) -> bool:
    console = _screen()
    wide = console.options.update(max_width=_WIDE)
    return Measurement.get(console, wide, _rich(table, broken=broken)).maximum <= console.width


def _screen() -> Console:
    return out if out.is_terminal else Console(width=_WIDE)


def _rich(table: Table, *, broken: bool) -> RichTable:
    rich = RichTable(
        title=_cell(table.title), title_justify="left", header_style="bold", box=SIMPLE_HEAD, padding=0, show_edge=False
    )
    for position, head in enumerate(table.heads):
        rich.add_column(_cell(head), justify="left" if position < table.left else "right", overflow="fold")
    for row in table.texts:
        rich.add_row(*(_cell(_JOINT.sub("+\n", text) if broken else text) for text in row))
    return rich


def print_json(value: object) -> None:
    """Print a document for a program; its type is one of `lab.cli.formats`."""
    from lab import files

    sys.stdout.write(files.to_json(type(value), value))


def print_json_line(value: object) -> None:
    """Print it in one line, at once."""
    from lab import files

    sys.stdout.write(files.to_json(type(value), value, indent=None))
    sys.stdout.flush()


def _cell(text: str) -> Text:
    return Text(_visible(text))


def _visible(text: str) -> str:
    return text.translate(_CONTROLS)
