"""A bounded sample of documents: how long they are as text, and the text itself for storing it anew elsewhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lab.postgres.database import Row
from lab.profiling.catalog.session import ReadOnlySession
from lab.profiling.catalog.tables import Column
from lab.profiling.sample.columns import ColumnSums
from lab.profiling.sample.strata import Stratum

_BYTES = 1 << 20
"""Stored bytes of one column's documents that are read."""
_MOST = 2000
_PLACES = 64
"""Places of the table that they are taken from."""
_LARGEST = 8 << 20
_GOLDEN = 0.618034
"""Multiples of it, without their whole part, are spread as evenly as can be, however many there are."""
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


def read(source: ReadOnlySession, stratum: Stratum, sums: ColumnSums) -> tuple[Document, ...]:
    """Values of one column from places spread over the table; errors as `ReadOnlySession.fetch`."""
    wanted = min(_MOST, int(_BYTES / max(sums.stored / sums.values, 1)) + 1)
    places = _spread(range(len(stratum.pieces)), _PLACES)
    each = -(-wanted // len(places)) if places else 0
    arms = [_arm(stratum, place, sums.column, each, number * _GOLDEN % 1) for number, place in enumerate(places)]
    return tuple(_weighed(source.fetch_in_place(" UNION ALL ".join(arms)), sums)) if arms else ()


def _weighed(rows: Sequence[Row], sums: ColumnSums) -> Iterator[Document]:
    """The documents of a run stand for all values of it, each for as many."""
    read = Counter(run for run, *_ in rows)
    for run, stored, raw, compressed, text in rows:
        weight = sums.by_run.get(run, 0.0) / read[run]
        yield Document(stored=stored, raw=raw, compressed=compressed, text=text, weight=weight)


def _arm(stratum: Stratum, place: int, column: Column, each: int, shift: float) -> str:
    """So many values of the place, evenly spaced in the order of their sizes; only those that are taken are unpacked.

    `shift`, a part of that space, is another one in each place, so that all of them together are of all sizes.
    """
    piece = stratum.pieces[place]
    within = f"ctid >= '({piece.first},0)'::tid AND ctid < '({piece.last},0)'::tid"
    size = f"pg_column_size({column.sql})"
    ranked = (
        f"SELECT {column.sql}, row_number() OVER (ORDER BY {size}, ctid) AS lab_rank, count(*) OVER () AS lab_number"
        f" FROM ONLY {stratum.parts[piece.oid].sql} WHERE {within} AND {size} <= {_LARGEST}"
    )
    taken = (
        f"SELECT {size} AS s, pg_column_compression({column.sql}) IS NOT NULL AS c, {column.sql}::text AS t"
        f" FROM ({ranked}) AS ranked WHERE {_step('lab_rank', each, shift)} > {_step('(lab_rank - 1)', each, shift)}"
    )
    return f"(SELECT {piece.run}, s, octet_length(t), c, t FROM ({taken} OFFSET 0) AS unpacked)"


def _step(rank: str, each: int, shift: float) -> str:
    """How many are taken up to a rank."""
    return f"floor({rank} * {each}::float8 / lab_number - {shift:.4f})"


def _spread(numbers: Sequence[int], count: int) -> list[int]:
    """At most `count` of them, evenly spaced."""
    step = max(len(numbers) / count, 1)
    return [numbers[int(step * place)] for place in range(min(count, len(numbers)))]
