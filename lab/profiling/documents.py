"""A bounded sample of documents: how long they are as text, and the text itself for storing it anew elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lab.profiling.catalog import Column
from lab.profiling.sample import Stratum
from lab.profiling.session import Source

_BYTES = 1 << 20
"""Stored bytes of one column's documents that are read."""
_MOST = 2000
_PLACES = 64
"""Places of the table that they are taken from."""
_LARGEST = 8 << 20
_TEXTS = ("json", "jsonb", "text", "varchar", "bpchar", "xml")


@dataclass(frozen=True, kw_only=True)
class Document:
    """One value: its bytes as stored, and its text."""

    stored: int
    text: str


def has_text(column: Column) -> bool:
    """Whether values of that column can be stored anew from their text."""
    return column.base in _TEXTS and column.compressible


def read(source: Source, stratum: Stratum, column: Column, mean_bytes: float) -> tuple[Document, ...]:
    """Values of one column from places spread over the table; errors as `Source.fetch`."""
    wanted = min(_MOST, int(_BYTES / max(mean_bytes, 1)) + 1)
    places = _spread(range(len(stratum.pieces)), _PLACES)
    each = -(-wanted // len(places)) if places else 0
    arms = [_arm(stratum, place, column, each) for place in places]
    rows = source.fetch_in_place(" UNION ALL ".join(arms)) if arms else []
    return tuple(Document(stored=stored, text=text) for stored, text in rows)


def _arm(stratum: Stratum, place: int, column: Column, limit: int) -> str:
    piece = stratum.pieces[place]
    within = f"ctid >= '({piece.first},0)'::tid AND ctid < '({piece.last},0)'::tid"
    size = f"pg_column_size({column.sql})"
    chosen = f"FROM ONLY {stratum.parts[piece.oid].sql} WHERE {within} AND {size} <= {_LARGEST} LIMIT {limit}"
    return f"(SELECT {size}, {column.sql}::text {chosen})"


def _spread(numbers: Sequence[int], count: int) -> list[int]:
    """At most `count` of them, evenly spaced."""
    step = max(len(numbers) / count, 1)
    return [numbers[int(step * place)] for place in range(min(count, len(numbers)))]
