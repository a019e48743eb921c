"""A table that people read: cells are values with a unit, and each renderer writes them."""

from __future__ import annotations

from dataclasses import dataclass

from lab.units import Unit, bytes_text, number_text

MISSING = "–"  # noqa: RUF001 - a dash, not a minus


_NAMES = {
    Unit.BYTES: "bytes",
    Unit.FEW_BYTES: "bytes",
    Unit.PERCENT: "%",
    Unit.SECONDS: "seconds",
    Unit.DURATION: "seconds",
    Unit.DAYS: "days",
    Unit.TIMES: "times",
}


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A number with its unit, None where it was not measured."""

    value: float | None
    unit: Unit
    digits: int | None = None
    """Decimals, where they are not those of the unit."""
    error: float | None = None
    """What the value may be off by, in the same unit."""
    bare: bool = False
    """Without its unit, because the head of the column names it."""
    like: float | None = None
    """Of bytes: written in the unit that this number has."""
    prefix: str = ""
    """Before the number, such as ~ for an estimate."""

    @property
    def exact(self) -> str:
        """The value to its last digit with its unit, such as '1385126162 bytes'; empty where it is missing."""
        return "" if self.value is None else f"{self.value} {_NAMES.get(self.unit, '')}".rstrip()

    @property
    def text(self) -> str:
        """As the terminal and Markdown show it."""
        if self.value is None:
            return MISSING
        number = (
            bytes_text(self.value, like=self.like)
            if self.like
            else number_text(self.value, self.unit, self.digits, bare=self.bare)
        )
        error = "" if self.error is None else f" ± {number_text(self.error, self.unit, self.digits, bare=True)}"
        return f"{self.prefix}{number}{error}"


@dataclass(frozen=True, kw_only=True)
class Table:
    """A title, column heads and rows; the first `left` columns are text, the others numbers. None is missing."""

    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[Cell | str | None, ...], ...]
    left: int = 1

    @property
    def texts(self) -> tuple[tuple[str, ...], ...]:
        """Its rows as text, for the terminal and for Markdown."""
        return tuple(tuple(_text(cell) for cell in row) for row in self.rows)

    def markdown(self) -> str:
        """As a Markdown table, without the title."""
        ruler = ["---"] * self.left + ["---:"] * (len(self.heads) - self.left)
        lines = [self.heads, tuple(ruler), *self.texts]
        return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def size(value: float | None) -> Cell:
    """Bytes on disk."""
    return Cell(value=value, unit=Unit.BYTES)


def sizes(*values: float | None) -> tuple[Cell, ...]:
    """Bytes that are compared with each other: all in the unit of the first."""
    return tuple(Cell(value=value, unit=Unit.BYTES, like=values[0]) for value in values)


def count(value: float | None, digits: int = 0) -> Cell:
    """How many."""
    return Cell(value=value, unit=Unit.COUNT, digits=digits)


def percent(value: float | None, digits: int = 1) -> Cell:
    """A value that is in percent already."""
    return Cell(value=value, unit=Unit.PERCENT, digits=digits)


def share(value: float | None, digits: int = 1, error: float | None = None) -> Cell:
    """A part of 1, in percent."""
    scaled = [None if part is None else 100 * part for part in (value, error)]
    return Cell(value=scaled[0], unit=Unit.PERCENT, digits=digits, error=scaled[1])


def seconds(value: float | None, *, bare: bool = False) -> Cell:
    """How long it took."""
    return Cell(value=value, unit=Unit.SECONDS, bare=bare)


def duration(value: float | None) -> Cell:
    """How long it took, in the unit that leaves at least 1."""
    return Cell(value=value, unit=Unit.DURATION)


def times(value: float | None) -> Cell:
    """How many times as much."""
    return Cell(value=value, unit=Unit.TIMES)


def _text(cell: Cell | str | None) -> str:
    if cell is None:
        return MISSING
    return cell if isinstance(cell, str) else cell.text
