"""A table that people read: rows of text cells, the same for the terminal and for Markdown."""

from __future__ import annotations

from dataclasses import dataclass

from lab.units import bytes_text

MISSING = "–"  # noqa: RUF001 - a dash, not a minus


@dataclass(frozen=True, kw_only=True)
class Table:
    """A title, column heads and rows of cells; the first `left` columns are text, the others numbers."""

    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    left: int = 1

    def markdown(self) -> str:
        """As a Markdown table, without the title."""
        ruler = ["---"] * self.left + ["---:"] * (len(self.heads) - self.left)
        lines = [self.heads, tuple(ruler), *self.rows]
        return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def size(value: float | None) -> str:
    """Bytes in words, or the sign for a missing value."""
    return MISSING if value is None else bytes_text(value)


def formatted(value: float | None, form: str) -> str:
    """A number in that form, or the sign for a missing value."""
    return MISSING if value is None else form.format(value)
