"""Where the bytes of a profiled database go, down to the column and the index; pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from lab.values import Profile, TableProfile


@dataclass(frozen=True, kw_only=True)
class Driver:
    """One use of storage. The drivers of a measured profile sum to the database's size; published figures are rounded."""

    name: str
    kind: Literal["column", "index", "rows", "data", "system"]
    """'rows' is the overhead of rows besides their values, with free space. 'data' is not divided further: a table that
    was not sampled, or the remainder of published figures."""
    bytes: int
    share: float
    """Of the whole database."""


def drivers(profile: Profile) -> tuple[Driver, ...]:
    """Every use of storage, largest first."""
    measured, whole = profile.source == "measured", profile.database_bytes
    parts = [part for table in profile.tables for part in _parts(table, all_columns=measured)]
    rest = whole - sum(size for _, _, size in parts)
    parts.append(("system catalogs", "system", rest) if measured else ("everything else", "data", rest))
    uses = [Driver(name=name, kind=kind, bytes=size, share=size / whole) for name, kind, size in parts if size > 0]
    return tuple(sorted(uses, key=lambda driver: (-driver.bytes, driver.kind != "column", driver.name)))


Part = tuple[str, Literal["column", "index", "rows", "data", "system"], int]


def _parts(table: TableProfile, *, all_columns: bool) -> Iterator[Part]:
    columns = [(column.name, _disk(column.disk_bytes, column.stored_bytes)) for column in table.columns]
    sized = [(name, size) for name, size in columns if size is not None]
    data = _data(table)
    yield from ((f"{table.table}.{name}", "column", size) for name, size in sized)
    if data is not None:
        yield _rest(table.table, data - sum(size for _, size in sized), divided=bool(sized), all_columns=all_columns)
    if table.indexes:
        yield from ((f"index {index.name}", "index", index.bytes) for index in table.indexes)
    elif table.index_bytes:
        yield f"{table.table} (indexes)", "index", table.index_bytes


def _rest(table: str, size: int, *, divided: bool, all_columns: bool) -> Part:
    """The part of a table's data that is not in the columns of known size."""
    if not divided:
        return table, "data", size
    if all_columns:
        return f"{table} (headers, alignment, free space)", "rows", size
    return f"{table} (other columns, headers, free space)", "data", size


def _disk(disk: int | None, stored: int | None) -> int | None:
    return stored if disk is None else disk


def _data(table: TableProfile) -> int | None:
    """Bytes without indexes; with them where no separate figures were published."""
    return table.total_bytes if table.data_bytes is None else table.data_bytes


def data_per_index(profile: Profile) -> float | None:
    """Bytes of data per byte of index; None if either is not known or there is no index."""
    data = [table.data_bytes for table in profile.tables]
    indexes = [table.index_bytes for table in profile.tables]
    if None in data or None in indexes or not sum(size or 0 for size in indexes):
        return None
    return sum(size or 0 for size in data) / sum(size or 0 for size in indexes)
