"""A bounded sample of documents: their length as text, and the text itself for recompressing it elsewhere."""

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
"""Number of places of the table from which documents are taken."""
_LARGEST = 8 << 20
_GOLDEN = 0.618034
"""The fractional parts of its multiples are spread evenly, however many there are."""
_TEXTS = ("json", "jsonb", "text", "varchar", "bpchar", "xml")


@dataclass(frozen=True, kw_only=True)
class StoredDocument:
    """One value: its bytes as stored, whether that is compressed, and its text with the bytes that it has at the source."""

    stored: int
    raw: int
    compressed: bool
    text: str
    weight: float
    """Number of values that it stands for; every place yields the same number of documents, however many rows it has."""


def has_text(column: Column) -> bool:
    """Whether values of that column can be recompressed from their text."""
    return column.base in _TEXTS and column.length == -1


def read(source: ReadOnlySession, stratum: Stratum, sums: ColumnSums) -> tuple[StoredDocument, ...]:
    """Values of one column from places spread over the table; errors as `ReadOnlySession.fetch`."""
    wanted = min(_MOST, int(_BYTES / max(sums.stored / sums.values, 1)) + 1)
    places = _spread(range(len(stratum.ranges)), _PLACES)
    each = -(-wanted // len(places)) if places else 0
    arms = [_arm(stratum, place, sums.column, each, number * _GOLDEN % 1) for number, place in enumerate(places)]
    return tuple(_weighed(source.fetch_in_place(" UNION ALL ".join(arms)), sums)) if arms else ()


def _weighed(rows: Sequence[Row], sums: ColumnSums) -> Iterator[StoredDocument]:
    """The documents of a run stand for all its values, in equal parts."""
    read = Counter(run for run, *_ in rows)
    for run, stored, raw, compressed, text in rows:
        weight = sums.by_run.get(run, 0.0) / read[run]
        yield StoredDocument(stored=stored, raw=raw, compressed=compressed, text=text, weight=weight)


def _arm(stratum: Stratum, place: int, column: Column, each: int, shift: float) -> str:
    """SQL for `each` values of the place, evenly spaced by size; decompresses only these.

    `shift`, a part of that spacing, differs from place to place, so that all places together cover all sizes.
    """
    block_range = stratum.ranges[place]
    within = f"ctid >= '({block_range.first},0)'::tid AND ctid < '({block_range.last},0)'::tid"
    size = f"pg_column_size({column.sql})"
    ranked = (
        f"SELECT {column.sql}, row_number() OVER (ORDER BY {size}, ctid) AS lab_rank, count(*) OVER () AS lab_number"
        f" FROM ONLY {stratum.parts[block_range.oid].sql} WHERE {within} AND {size} <= {_LARGEST}"
    )
    # A cast would take the blanks at the end of a char(n), which it stores.
    text = f"concat({column.sql})" if column.base == "bpchar" else f"{column.sql}::text"
    taken = (
        f"SELECT {size} AS s, pg_column_compression({column.sql}) IS NOT NULL AS c, {text} AS t"
        f" FROM ({ranked}) AS ranked WHERE {_step('lab_rank', each, shift)} > {_step('(lab_rank - 1)', each, shift)}"
    )
    return f"(SELECT {block_range.run}, s, octet_length(t), c, t FROM ({taken} OFFSET 0) AS unpacked)"


def _step(rank: str, each: int, shift: float) -> str:
    """SQL for the number of values taken up to a rank."""
    return f"floor({rank} * {each}::float8 / lab_number - {shift:.4f})"


def _spread(numbers: Sequence[int], count: int) -> list[int]:
    """At most `count` of them, evenly spaced."""
    step = max(len(numbers) / count, 1)
    return [numbers[int(step * place)] for place in range(min(count, len(numbers)))]
