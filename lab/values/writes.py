"""What the application's writes cost after a strategy."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from lab.values.timing import Timing


class WriteVerdict(StrEnum):
    """What became of one write."""

    MEASURED = "measured"
    REFUSED = "refused"
    """The server does not carry it out any more."""
    DIFFERS = "differs"
    """What it wrote does not read back as on the untouched clone."""
    NO_ROW = "no such row"
    """No row is there that it could be about."""
    NOT_MEASURED = "not measured"
    """Something else failed, so nothing can be said of it."""


@dataclass(frozen=True, kw_only=True)
class WriteSide:
    """What the application's transactions of one kind took in one database, per row that they wrote."""

    timing: Timing
    """Seconds per row, one value for each transaction, from its first statement to its end."""
    cpu_seconds: float | None
    """User and system time of the server process per row; None where it cannot be observed, or is too short to be seen."""
    wal_bytes: float
    """WAL per row."""


@dataclass(frozen=True, kw_only=True)
class WriteCost:
    """One write of the application after a strategy and, in turn with it, on an untouched clone: the same rows on both."""

    query: str
    """Such as 'W1'."""
    rows: int
    """That were measured, without those of the warm-up: as the untouched clone counted them."""
    after: WriteSide | None
    """None where it could not be measured: `refused` says why."""
    before: WriteSide | None
    refused: str = ""
    """The server's error, or what does not read back as it was written; empty where it could be measured."""
    verdict: WriteVerdict | None = None
    """None in older runs."""


@dataclass(frozen=True, kw_only=True)
class Increase:
    """By how much the tables grew while the same rows were written; bytes by kind, which sum to `pg_total_relation_size`."""

    heap: int
    maps: int
    toast: int
    indexes: int

    @property
    def total(self) -> int:
        """Bytes of all kinds."""
        return self.heap + self.maps + self.toast + self.indexes


@dataclass(frozen=True, kw_only=True)
class Writes:
    """What the application's writes cost after a strategy, beside an untouched clone."""

    costs: tuple[WriteCost, ...]
    """In the order of the workload."""
    rows: int
    """New rows by which the tables grew."""
    transactions: int
    """In which they were written."""
    after: Increase | None
    """None where nothing could be written."""
    before: Increase | None
    recurring: int | None
    """How many bytes the strategy's recurring statements gave back afterwards; None where no rowstore waited, or they failed."""
    waiting: int | None
    """Bytes that waited for them; None as above."""
    recurring_seconds: float | None = None
    """What those statements took, and a client that moves what has become old, per new row; None where there is neither, one
    of them failed, nothing had become old, or an older lab measured."""
