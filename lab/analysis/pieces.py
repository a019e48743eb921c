"""A profiled database in pieces: by table, by how its bytes are stored, down to the column and the index; pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from lab.values import Profile, TableProfile


class Kind(StrEnum):
    """What a piece is."""

    COLUMN = "column"
    INDEX = "index"
    ROWS = "rows"
    """The overhead of rows besides their values, with free space."""
    DATA = "data"
    """What is not divided further: a table that was not sampled, or the remainder of published figures."""
    SYSTEM = "system"


class Storage(StrEnum):
    """How bytes are stored."""

    HEAP = "heap"
    TOAST = "TOAST"
    INDEXES = "indexes"
    DATA = "heap or TOAST"
    """Where a profile does not tell the two apart."""
    REST = "outside tables"


@dataclass(frozen=True, kw_only=True)
class Piece:
    """Bytes of one kind in one place. A column that is partly in TOAST is two pieces."""

    table: str | None
    """None outside tables."""
    storage: Storage
    kind: Kind
    name: str
    """Of the column or the index, or what else it is; empty where its table is not divided."""
    bytes: int


def pieces(profile: Profile) -> tuple[Piece, ...]:
    """Whatever has bytes, table by table. The pieces of a measured profile sum to the database's size."""
    measured = profile.source == "measured"
    parts = [piece for table in profile.tables for piece in _of(table, all_columns=measured)]
    kind, name = (Kind.SYSTEM, "system catalogs") if measured else (Kind.DATA, "everything else")
    rest = profile.database_bytes - sum(piece.bytes for piece in parts)
    parts.append(Piece(table=None, storage=Storage.REST, kind=kind, name=name, bytes=rest))
    return tuple(piece for piece in parts if piece.bytes > 0)


def _of(table: TableProfile, *, all_columns: bool) -> Iterator[Piece]:
    columns = {column.name: size for column in table.columns if (size := column.size) is not None}
    toast = _in_toast(table)
    inline = Storage.DATA if toast is None else Storage.HEAP
    for name, size in columns.items():
        part = 0 if toast is None else toast[name]
        yield Piece(table=table.table, storage=inline, kind=Kind.COLUMN, name=name, bytes=size - part)
        yield Piece(table=table.table, storage=Storage.TOAST, kind=Kind.COLUMN, name=name, bytes=part)
    if (data := _data(table)) is not None:
        rest = _rest_of_toast(table, toast)
        kind, name = _undivided(divided=bool(columns), all_columns=all_columns)
        size = data - sum(columns.values()) - rest
        yield Piece(table=table.table, storage=inline, kind=kind, name=name, bytes=size)
        yield Piece(table=table.table, storage=Storage.TOAST, kind=kind, name=name, bytes=rest)
    named = [(index.name, index.bytes) for index in table.indexes] or [("", table.index_bytes or 0)]
    for name, size in named:
        yield Piece(table=table.table, storage=Storage.INDEXES, kind=Kind.INDEX, name=name, bytes=size)


def _in_toast(table: TableProfile) -> dict[str, int] | None:
    """Bytes in TOAST by column; None where the profile does not tell TOAST from the heap."""
    sized = [column for column in table.columns if column.size is not None]
    if table.toast_bytes is None or any(column.toast_share is None and column.stored_bytes for column in sized):
        return None
    inline = {column.name: round((column.stored_bytes or 0) * (1 - (column.toast_share or 0.0))) for column in sized}
    return {column.name: max((column.size or 0) - inline[column.name], 0) for column in sized}


def _rest_of_toast(table: TableProfile, toast: dict[str, int] | None) -> int:
    """Bytes of TOAST that belong to no column."""
    if toast is None:
        return 0
    rest = (table.toast_bytes or 0) - sum(toast.values())
    return rest if rest > len(toast) else 0  # less is what rounding the columns left


def _undivided(*, divided: bool, all_columns: bool) -> tuple[Kind, str]:
    """What the part of a table's data is that is not in the columns of known size."""
    if not divided:
        return Kind.DATA, ""
    if all_columns:
        return Kind.ROWS, "headers, alignment, free space"
    return Kind.DATA, "other columns, headers, free space"


def _data(table: TableProfile) -> int | None:
    """Bytes without indexes; with them where no separate figures were published."""
    return table.total_bytes if table.data_bytes is None else table.data_bytes
