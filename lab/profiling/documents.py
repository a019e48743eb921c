"""A bounded sample of documents: how long they are as text, and the text itself for storing it anew elsewhere."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lab.database import Row
from lab.profiling.catalog import Column
from lab.profiling.columns import ColumnSums
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
    """One value: its bytes as stored, whether that is compressed, and its text with the bytes that it has at the source."""

    stored: int
    raw: int
    compressed: bool
    text: str
    weight: float
    """How much it stands for: places with many rows, and so many documents, are asked for as few as the others."""


def has_text(column: Column) -> bool:
    """Whether values of that column can be stored anew from their text."""
    return column.base in _TEXTS and column.length == -1


def read(source: Source, stratum: Stratum, sums: ColumnSums) -> tuple[Document, ...]:
    """Values of one column from places spread over the table; errors as `Source.fetch`."""
    wanted = min(_MOST, int(_BYTES / max(sums.stored / sums.values, 1)) + 1)
    places = _spread(range(len(stratum.pieces)), _PLACES)
    each = -(-wanted // len(places)) if places else 0
    arms = [_arm(stratum, place, sums.column, each) for place in places]
    return tuple(_weighed(source.fetch_in_place(" UNION ALL ".join(arms)), sums)) if arms else ()


def _weighed(rows: Sequence[Row], sums: ColumnSums) -> Iterator[Document]:
    """The documents of a run stand for all bytes of it."""
    read: dict[int, int] = defaultdict(int)
    for run, stored, *_ in rows:
        read[run] += stored
    for run, stored, raw, compressed, text in rows:
        weight = sums.by_run.get(run, 0.0) / read[run]
        yield Document(stored=stored, raw=raw, compressed=compressed, text=text, weight=weight)


def _arm(stratum: Stratum, place: int, column: Column, limit: int) -> str:
    """Any rows of the place, not its first: only those that are taken are unpacked."""
    piece = stratum.pieces[place]
    within = f"ctid >= '({piece.first},0)'::tid AND ctid < '({piece.last},0)'::tid"
    size = f"pg_column_size({column.sql})"
    rows = f"SELECT {column.sql} FROM ONLY {stratum.parts[piece.oid].sql} WHERE {within} AND {size} <= {_LARGEST}"
    compressed = f"pg_column_compression({column.sql}) IS NOT NULL"
    taken = (
        f"SELECT {size} AS s, {compressed} AS c, {column.sql}::text AS t"
        f" FROM ({rows} ORDER BY hashtid(ctid) LIMIT {limit}) AS taken"
    )
    return f"(SELECT {piece.run}, s, octet_length(t), c, t FROM ({taken} OFFSET 0) AS unpacked)"


def _spread(numbers: Sequence[int], count: int) -> list[int]:
    """At most `count` of them, evenly spaced."""
    step = max(len(numbers) / count, 1)
    return [numbers[int(step * place)] for place in range(min(count, len(numbers)))]
