"""The locks on tables that a statement takes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class LockMode(StrEnum):
    """PostgreSQL's modes of locks on tables, the weakest first."""

    ACCESS_SHARE = "ACCESS SHARE"
    ROW_SHARE = "ROW SHARE"
    ROW_EXCLUSIVE = "ROW EXCLUSIVE"
    SHARE_UPDATE_EXCLUSIVE = "SHARE UPDATE EXCLUSIVE"
    SHARE = "SHARE"
    SHARE_ROW_EXCLUSIVE = "SHARE ROW EXCLUSIVE"
    EXCLUSIVE = "EXCLUSIVE"
    ACCESS_EXCLUSIVE = "ACCESS EXCLUSIVE"

    @property
    def blocks_reads(self) -> bool:
        """Whether a SELECT waits."""
        return self is LockMode.ACCESS_EXCLUSIVE

    @property
    def blocks_writes(self) -> bool:
        """Whether an INSERT, UPDATE or DELETE waits."""
        return list(LockMode).index(self) >= list(LockMode).index(LockMode.SHARE)

    @property
    def blocks(self) -> str:
        """Who waits, in words."""
        if self.blocks_reads:
            return "reads and writes"
        return "writes" if self.blocks_writes else "neither reads nor writes"


@dataclass(frozen=True, kw_only=True)
class TableLock:
    """A lock that a statement took on a table which others could see."""

    table: str
    """Its name for others at that time, before a change of the name was committed."""
    mode: LockMode
    whole: bool
    """Whether the table itself was locked; False: only its indexes, its TOAST, or its partitions or chunks."""
    held_seconds: float | None
    """At most so long, to the end of the transaction; None where other trials ran at the same time."""


@dataclass(frozen=True, kw_only=True)
class Waits:
    """How long requests waited, of which one comes every 5 ms."""

    longest_seconds: float
    """From the moment at which the request was to come, so that a late one has waited."""
    blocked_seconds: float
    """In which a request waited that took longer than 5 ms."""


@dataclass(frozen=True, kw_only=True)
class TableTraffic:
    """What requests to one table felt while a step was executed; None where the server refused them."""

    table: str
    reads: Waits | None
    writes: Waits | None
