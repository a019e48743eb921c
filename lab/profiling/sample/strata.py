"""SQL over a sample of blocks of one table, and the factor that makes sums over the sample sums over the table."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from lab.postgres.database import Row
from lab.profiling.catalog.session import ReadOnlySession
from lab.profiling.catalog.tables import Column, StoredRelation, Table
from lab.profiling.sample import blocks
from lab.profiling.sample.blocks import BlockRange

NEVER = "false"
RUN = "span.lab_run"
"""SQL for the number of the run that a sampled row lies in."""
_RANGES = 256
"""Ranges of blocks in one statement, which must end before its time is up."""


@dataclass(frozen=True, kw_only=True)
class Stratum:
    """The parts of a table that store rows the same way, and the blocks of them that are read."""

    parts: dict[int, StoredRelation]
    compressed: bool
    columns: tuple[Column, ...]
    """Columns of the table, as these parts store them."""
    toasted: bool
    """Whether any value lies in TOAST."""
    ranges: tuple[BlockRange, ...]
    blocks: int

    @cached_property
    def sampled(self) -> int:
        """Blocks that are read."""
        return sum(block_range.last - block_range.first for block_range in self.ranges)

    @property
    def runs(self) -> int:
        """Runs of neighbouring blocks that they form."""
        return len({block_range.run for block_range in self.ranges})

    @property
    def exact(self) -> bool:
        """Whether every block is read."""
        return self.sampled == self.blocks

    @property
    def factor(self) -> float:
        """Sums over the sample times this are sums over all blocks."""
        return self.blocks / self.sampled if self.sampled else 0.0

    @property
    def rows(self) -> str:
        """SQL for the rows that one stored tuple stands for."""
        return "_ts_meta_count::bigint" if self.compressed else "1"

    def sums(self, source: ReadOnlySession, select: str, outer: str) -> Iterator[Row]:
        """Rows of `SELECT {outer}` over `SELECT {select}` of each run, in batches that the caller adds up."""
        for start in range(0, len(self.ranges), _RANGES):
            arms = " UNION ALL ".join(self._arms(self.ranges[start : start + _RANGES], select))
            yield from source.fetch_in_place(outer.replace("{arms}", f"({arms}) AS arms"))

    def _arms(self, ranges: Sequence[BlockRange], select: str) -> Iterator[str]:
        """A part of the statement per relation, not per range: parsing many would take longer than reading.

        OFFSET 0 keeps the planner from joining: the bounds of a range then are parameters of a scan of just its blocks.
        """
        of_each: dict[int, list[str]] = defaultdict(list)
        for block_range in ranges:
            of_each[block_range.oid].append(
                f"({block_range.run}, '({block_range.first},0)'::tid, '({block_range.last},0)'::tid)"
            )
        for oid, bounds in of_each.items():
            rows = f"SELECT * FROM ONLY {self.parts[oid].sql} WHERE ctid >= span.lab_first AND ctid < span.lab_last OFFSET 0"
            values = f"(VALUES {', '.join(bounds)}) AS span (lab_run, lab_first, lab_last)"
            yield f"SELECT {select} FROM {values} CROSS JOIN LATERAL ({rows}) AS stored"


def draw(table: Table, *, budget: int | None = None) -> tuple[Stratum, ...]:
    """The rows and the columnstore of a table, those that are there."""
    both = (_stratum(table, compressed, budget) for compressed in (False, True))
    return tuple(stratum for stratum in both if stratum.blocks)


def _stratum(table: Table, compressed: bool, budget: int | None) -> Stratum:
    parts = {part.oid: part for part in table.parts if part.compressed == compressed and part.blocks}
    return Stratum(
        parts=parts,
        compressed=compressed,
        columns=_columns(table, parts, compressed=compressed),
        toasted=table.toast_heap > 0,
        ranges=blocks.chosen([(part.oid, part.blocks) for part in parts.values()], budget=budget),
        blocks=sum(part.blocks for part in parts.values()),
    )


def _columns(table: Table, parts: dict[int, StoredRelation], *, compressed: bool) -> tuple[Column, ...]:
    """Columns of the columnstore have the names of the table's, and types of their own."""
    if not compressed:
        return table.columns
    of_each = [{column.name: column for column in part.columns} for part in parts.values()]
    names = [column.name for column in table.columns if all(column.name in columns for columns in of_each)]
    return tuple(of_each[0][name] for name in names) if of_each else ()


def out_of_line(stratum: Stratum, column: Column, *, exact: bool) -> str:
    """SQL that says whether a value lies in TOAST; servers before 17 cannot tell, and the size decides."""
    if not stratum.toasted or column.length != -1 or column.storage == "p":
        return NEVER
    return f"pg_column_toast_chunk_id({column.sql}) IS NOT NULL" if exact else f"pg_column_size({column.sql}) > 2000"
