"""Where the bytes of a profiled database go, down to the column and the index; pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from lab.analysis.pieces import Kind, Piece, pieces
from lab.values import Profile


@dataclass(frozen=True, kw_only=True)
class Driver:
    """One use of storage. The drivers of a measured profile sum to the database's size; published figures are rounded."""

    name: str
    kind: Kind
    bytes: int
    share: float
    """Of the whole database."""


def drivers(profile: Profile) -> tuple[Driver, ...]:
    """Every use of storage, largest first; a column is one, wherever it is stored."""
    uses: Counter[tuple[str, Kind]] = Counter()
    for piece in pieces(profile):
        uses[_name(piece), piece.kind] += piece.bytes
    whole = profile.database_bytes
    uses_of_storage = (
        Driver(name=name, kind=kind, bytes=size, share=size / whole) for (name, kind), size in uses.items()
    )
    return tuple(
        sorted(uses_of_storage, key=lambda driver: (-driver.bytes, driver.kind is not Kind.COLUMN, driver.name))
    )


def _name(piece: Piece) -> str:
    if piece.table is None:
        return piece.name
    if piece.kind is Kind.COLUMN:
        return f"{piece.table}.{piece.name}"
    if piece.kind is Kind.INDEX:
        return f"index {piece.name}" if piece.name else f"{piece.table} (indexes)"
    return f"{piece.table} ({piece.name})" if piece.name else piece.table


def data_per_index(profile: Profile) -> float | None:
    """Bytes of data per byte of index; None if either is not known or there is no index."""
    data = [table.data_bytes for table in profile.tables]
    indexes = [table.index_bytes for table in profile.tables]
    if None in data or None in indexes or not sum(size or 0 for size in indexes):
        return None
    return sum(size or 0 for size in data) / sum(size or 0 for size in indexes)
