"""Estimates the stored bytes of every column, rows, bloat and TOAST from a bounded sample of blocks."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from lab.postgres.sql import PAGE
from lab.profiling.catalog.session import ReadOnlySession
from lab.profiling.catalog.tables import Column, Table
from lab.profiling.sample.strata import NEVER, RUN, Stratum, out_of_line

_CHUNK = 1996
"""Bytes of a value in one TOAST tuple; four of them fill a page."""
_AT_ONCE = 250
"""Columns in one statement: each needs six result columns, and a statement may have 1,664."""
_FIELDS = ("values", "stored", "toast", "toast_disk", "pglz", "lz4")


@dataclass(frozen=True, kw_only=True)
class ColumnSums:
    """Sums over the sampled rows of one column, scaled to the whole table."""

    column: Column
    values: float
    stored: float
    toast: float
    """The part of `stored` that is out of line."""
    toast_disk: float
    """The same with headers and free space of TOAST's tuples."""
    pglz: float
    lz4: float
    error: float
    """Relative standard error of `stored`."""
    by_run: Mapping[int, float]
    """Sampled values of each run of rows outside of the columnstore."""

    @property
    def may_compress(self) -> bool:
        """Whether a codec can matter: TOAST does not touch rows below about 2 kB."""
        return self.toast > 0 or self.pglz > 0 or self.lz4 > 0


@dataclass(frozen=True, kw_only=True)
class TableSample:
    """The estimates for one table from a sample of blocks."""

    rows: float
    exact: bool
    sampled: int
    blocks: int
    columns: tuple[ColumnSums, ...]
    live_heap: float | None
    """Estimated bytes of rows with headers, alignment and line pointers; None where a columnstore holds some."""

    @property
    def toast_disk(self) -> float:
        """Estimated bytes of live values in TOAST."""
        return sum(column.toast_disk for column in self.columns)


def read(source: ReadOnlySession, table: Table, strata: Sequence[Stratum], *, tells_toast: bool) -> TableSample:
    """Sample a table; errors as `ReadOnlySession.fetch`, for instance a missing right, a lock or a time-out."""
    sums = [_Sums(source, stratum, tells_toast=tells_toast) for stratum in strata]
    columns = _capped(table, [_column(column, sums) for column in table.columns])
    rows = sum(partial.total("rows") for partial in sums)
    columnar = any(stratum.compressed for stratum in strata)
    return TableSample(
        rows=rows,
        exact=all(stratum.exact for stratum in strata),
        sampled=sum(stratum.sampled for stratum in strata),
        blocks=sum(stratum.blocks for stratum in strata),
        columns=columns,
        live_heap=None if columnar else _live_heap(rows, columns, dropped=table.dropped),
    )


class _Sums:
    """Sums by run of one stratum."""

    def __init__(self, source: ReadOnlySession, stratum: Stratum, *, tells_toast: bool) -> None:
        self._stratum = stratum
        self._runs: dict[int, dict[str, float]] = defaultdict(lambda: defaultdict(float))
        for start in range(0, max(len(stratum.columns), 1), _AT_ONCE):
            self._add(source, start, tells_toast=tells_toast)

    def _add(self, source: ReadOnlySession, start: int, *, tells_toast: bool) -> None:
        """Read at most `_AT_ONCE` columns beginning at `start`; counts the rows with the first batch."""
        columns = self._stratum.columns[start : start + _AT_ONCE]
        inner = [f"{RUN} AS run", f"{self._stratum.rows} AS n"]
        outer = ["0" if start else "sum(n)::float8"]
        for number, column in enumerate(columns):
            toasted = out_of_line(self._stratum, column, exact=tells_toast)
            inner += _inner(number, column, toasted)
            outer += _outer(number, column, may_be_toasted=toasted != NEVER)
        statement = f"SELECT run, {', '.join(outer)} FROM {{arms}} GROUP BY run"
        names = ["rows", *(f"{column.name}.{field}" for column in columns for field in _FIELDS)]
        for run, *values in self._stratum.sums(source, ", ".join(inner), statement):
            for name, value in zip(names, values, strict=True):
                self._runs[run][name] += float(value or 0)

    def by_run(self, name: str) -> Mapping[int, float]:
        """The sum over the sampled rows of each run; empty for a columnstore, whose rows are batches."""
        return {} if self._stratum.compressed else {run: sums[name] for run, sums in self._runs.items()}

    def total(self, name: str) -> float:
        """The sum over the whole stratum."""
        return self._stratum.factor * sum(run[name] for run in self._runs.values())

    def variance(self, name: str) -> float:
        """Variance of that sum, from the differences of neighbouring runs; 0 where every block was read."""
        count = self._stratum.runs
        if self._stratum.exact or count < 2:
            return 0.0
        values = [self._runs[run][name] if run in self._runs else 0.0 for run in range(count)]
        spread = sum((value - other) ** 2 for value, other in pairwise(values)) / (2 * (count - 1))
        return self._stratum.factor**2 * count * spread * (1 - 1 / self._stratum.factor)


def _inner(number: int, column: Column, toasted: str) -> list[str]:
    """SQL for size, place and codec of a value; the size of a value in TOAST comes from its pointer."""
    codec = f"pg_column_compression({column.sql})" if column.compressible else "NULL::text"
    size = f"pg_column_size({column.sql})" if column.length == -1 else _fixed(column)
    return [f"{size} AS s{number}", f"{toasted} AS t{number}", f"{codec} AS k{number}"]


def _fixed(column: Column) -> str:
    if column.length < 0:  # a C string, which tables hardly ever store
        return f"pg_column_size({column.sql})"
    return f"CASE WHEN {column.sql} IS NOT NULL THEN {column.length} END"


def _outer(number: int, column: Column, *, may_be_toasted: bool) -> list[str]:
    size, toasted, codec = f"s{number}", f"t{number}", f"k{number}"
    rest = f"({size} % {_CHUNK})"
    chunks = f"2048 * ({size} / {_CHUNK}) + CASE WHEN {rest} > 0 THEN ({rest} + 43) / 8 * 8 + 4 ELSE 0 END"
    in_toast = [f"sum({what}) FILTER (WHERE {toasted})::float8" for what in (size, chunks)]
    by_codec = [f"count(*) FILTER (WHERE {codec} = '{name}')" for name in ("pglz", "lz4")]
    return [
        f"count({size})",
        f"sum({size})::float8",
        *(in_toast if may_be_toasted else ["0", "0"]),
        *(by_codec if column.compressible else ["0", "0"]),
    ]


def _column(column: Column, sums: Iterable[_Sums]) -> ColumnSums:
    partials = list(sums)
    stored, *rest = (
        sum(partial.total(f"{column.name}.{field}") for partial in partials)
        for field in ("stored", "values", "toast", "toast_disk", "pglz", "lz4")
    )
    values, toast, toast_disk, pglz, lz4 = rest
    deviation = math.sqrt(sum(partial.variance(f"{column.name}.stored") for partial in partials))
    return ColumnSums(
        column=column,
        values=values,
        stored=stored,
        toast=toast,
        toast_disk=toast_disk,
        pglz=pglz,
        lz4=lz4,
        error=deviation / stored if stored else 0.0,
        by_run=next((runs for partial in partials if (runs := partial.by_run(f"{column.name}.values"))), {}),
    )


def late(table: Table) -> set[str]:
    """Columns whose default is counted in rows that do not store it, so that their bytes are an upper bound."""
    return {column.name for part in table.parts for column in part.columns if column.late}


def _capped(table: Table, columns: Sequence[ColumnSums]) -> tuple[ColumnSums, ...]:
    """The columns, with late ones reduced so that all together take no more than the heap."""
    names = late(table)
    inline = {column.column.name: column.stored - column.toast for column in columns}
    room = sum(size for name, size in inline.items() if name in names)
    excess = min(max(sum(inline.values()) - table.heap, 0.0), room)
    return tuple(
        replace(column, stored=column.stored - inline[column.column.name] * excess / room)
        if excess and column.column.name in names
        else column
        for column in columns
    )


def _live_heap(rows: float, columns: Sequence[ColumnSums], *, dropped: bool) -> float:
    """Bytes that rows of these widths need in full pages.

    Follows alignment from column to column where offsets are known, and assumes half of the maximum elsewhere.
    """
    if not rows:
        return 0.0
    nulls = 1.0 if dropped else 1 - min((column.values / rows for column in columns), default=1.0)
    bitmap = (23 + (len(columns) + 7) // 8 + 7) // 8 * 8
    header = 24 + nulls * (bitmap - 24)
    data = _data(rows, columns)
    tuple_bytes = 4 + header + data
    per_page = max((PAGE - 24) / tuple_bytes, 1)
    return rows * PAGE / (math.floor(per_page) if per_page < 20 else per_page)


def _data(rows: float, columns: Sequence[ColumnSums]) -> float:
    """Mean bytes of a row's values with their alignment."""
    offset, fixed = 0.0, True
    for column in columns:
        share = column.values / rows
        align = {"c": 1, "s": 2, "i": 4, "d": 8}[column.column.align]
        inline = (column.stored - column.toast) / rows + (18 * share if column.toast else 0)
        short = column.column.length == -1 and inline / (share or 1) <= 127
        gap = 0.0 if short else (-offset) % align if fixed else (align - 1) / 2
        offset += share * gap + inline
        fixed = fixed and column.column.length > 0 and share == 1
    return offset + ((-offset) % 8 if fixed else 3.5)
