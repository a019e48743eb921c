"""Bytes on disk, by table and by kind."""

from __future__ import annotations

from dataclasses import dataclass

EXTENSION_CATALOG = "(timescaledb catalog)"
"""The extension's own tables in a footprint: bytes that the strategy brings, which do not grow with the data."""


@dataclass(frozen=True, kw_only=True)
class TableFootprint:
    """Bytes of one table with its partitions or chunks, by kind; the kinds sum to `pg_total_relation_size`."""

    table: str
    relations: int
    """How many tables were rolled up into this one: 1, or 1 + partitions or chunks."""
    heap: int
    maps: int
    """Free-space and visibility maps of the heap."""
    toast: int
    """The TOAST table with its maps and its index."""
    indexes: int
    fixed: int
    """The part of these bytes that stays when the data grows: all maps, and the first page of each index."""

    @property
    def total(self) -> int:
        """Bytes of all kinds."""
        return self.heap + self.maps + self.toast + self.indexes


@dataclass(frozen=True, kw_only=True)
class Footprint:
    """Bytes of every user table of a database, largest first."""

    tables: tuple[TableFootprint, ...]

    @property
    def total(self) -> int:
        """Bytes of all tables."""
        return sum(table.total for table in self.tables)

    def of(self, name: str) -> TableFootprint | None:
        """The footprint of the table `name`, None where there is none."""
        return next((table for table in self.tables if table.table == name), None)
