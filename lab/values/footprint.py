"""Bytes on disk, by table and by kind."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

EXTENSION_CATALOG = "(timescaledb catalog)"
"""The extension's own tables in a footprint: bytes that the strategy adds and that do not grow with the data."""

SYSTEM_CATALOGS = "(system catalogs)"
"""The growth of the system catalogs, where a strategy adds more to them than its tables and views need."""

KINDS = ("heap", "maps", "toast", "indexes")


@dataclass(frozen=True, kw_only=True)
class Kinds:
    """Bytes by kind; they sum to `pg_total_relation_size`."""

    heap: int
    maps: int
    """Free-space and visibility maps of the heap."""
    toast: int
    """The TOAST table with its maps and its index."""
    indexes: int
    fixed: Mapping[str, int]
    """By kind, the part of these bytes that does not grow with the rows: maps, the first page and the root of each index,
    and half of the last page of each file, which on average is empty."""

    @property
    def total(self) -> int:
        """Bytes of all kinds."""
        return self.heap + self.maps + self.toast + self.indexes


@dataclass(frozen=True, kw_only=True)
class Rowstore(Kinds):
    """The chunks of a columnstore that are not compressed yet: they hold the newest rows, whatever the total is."""

    rows: int
    """As the server counted them when it vacuumed."""


@dataclass(frozen=True, kw_only=True)
class TableFootprint(Kinds):
    """Bytes of one table with its partitions or chunks."""

    table: str
    relations: int
    """How many relations this entry sums up: 1, or 1 + partitions or chunks."""
    rowstore: Rowstore | None = None
    """The part of these bytes that is not compressed yet; None where the table has no columnstore."""


@dataclass(frozen=True, kw_only=True)
class FootprintPiece:
    """The bytes of one kind in one table: in its columnstore, in its rowstore, or in a table without either."""

    table: str
    kind: str
    uncompressed: bool
    """Whether it is in the rowstore of a table with a columnstore."""
    fixed: int
    growing: int

    @property
    def place(self) -> tuple[str, str, bool]:
        """The key of the piece."""
        return self.table, self.kind, self.uncompressed


@dataclass(frozen=True, kw_only=True)
class Footprint:
    """Bytes of every user table of a database, largest first."""

    tables: tuple[TableFootprint, ...]

    @property
    def total(self) -> int:
        """Bytes of all tables."""
        return sum(table.total for table in self.tables)

    @cached_property
    def pieces(self) -> tuple[FootprintPiece, ...]:
        """All of its pieces; a report asks for them thousands of times."""
        return tuple(piece for table in self.tables for piece in _pieces(table))

    def of(self, name: str) -> TableFootprint | None:
        """The footprint of the table `name`, None where there is none."""
        return next((table for table in self.tables if table.table == name), None)


def _pieces(table: TableFootprint) -> Iterator[FootprintPiece]:
    rowstore = table.rowstore
    for kind in KINDS:
        fixed, whole = table.fixed[kind], getattr(table, kind)
        if rowstore:
            part, part_fixed = getattr(rowstore, kind), rowstore.fixed[kind]
            yield FootprintPiece(
                table=table.table, kind=kind, uncompressed=True, fixed=part_fixed, growing=part - part_fixed
            )
            fixed, whole = fixed - part_fixed, whole - part
        yield FootprintPiece(table=table.table, kind=kind, uncompressed=False, fixed=fixed, growing=whole - fixed)
