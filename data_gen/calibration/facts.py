"""What a profile says about an odds database, in the terms of a workload; pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from data_gen.facts import COMPETITOR_MARKETS, COMPETITORS, HOME, HOME_MARKETS
from data_gen.schema import SEQUENCED
from lab.errors import InputError
from lab.values import ColumnProfile, Profile, Series

SCRAPES, RUNS = "event_scrape_status", "scrape_runs"

_NEEDED = (HOME, HOME_MARKETS, COMPETITORS, COMPETITOR_MARKETS)
_WHOLE = 0.95
"""Share of a table's rows that its days must hold to stand for the table."""
_HEAVY = 0.01
"""Share of all tables from which on one is worth a word."""
_ROOM = 0.05
"""Share of a heap that is free in any table."""
_LATE_INDEX = re.compile(r"\(\s*snapshot_id\s*,\s*betpawa_market_id\s*\)")


@dataclass(frozen=True)
class Facts:
    """A profile, asked for what a workload needs; None is what it does not tell."""

    profile: Profile

    def check(self) -> None:
        """Errors: `InputError` naming the tables that an odds database has and this one has not, or without rows."""
        absent = [table for table in _NEEDED if self.profile.of(table) is None]
        empty = [table for table in _NEEDED if table not in absent and not self.rows(table)]
        if absent or empty:
            found = [f"There is no table {', '.join(absent)}"] if absent else []
            found += [f"No rows were counted in {', '.join(empty)}"] if empty else []
            hint = "A workload can be made from the profile of an odds database; see docs/measuring.md."
            raise InputError(f"{self.profile.name} cannot be imitated. {'. '.join(found)}.", hint=hint)

    def rows(self, table: str) -> int | None:
        """Rows of a table."""
        found = self.profile.of(table)
        return found.rows if found else None

    def ratio(self, table: str, to: str) -> float | None:
        """Rows of one table for each row of another."""
        rows, base = self.rows(table), self.rows(to)
        return rows / base if rows is not None and base else None

    def days(self, table: str) -> dict[datetime, int]:
        """Rows by the start of their day, oldest first; empty where the days do not hold the whole table."""
        found = self.profile.of(table)
        days = found.by_day if found else ()
        now = datetime.fromisoformat(self.profile.now)
        past = {datetime.fromisoformat(day.start).astimezone(UTC): day.rows for day in days}
        past = {start: rows for start, rows in past.items() if rows and start < now}
        return past if sum(past.values()) >= _WHOLE * (self.rows(table) or 0) else {}

    def column(self, table: str, name: str) -> ColumnProfile | None:
        """One column of a table."""
        found = self.profile.of(table)
        return next((one for one in found.columns if one.name == name), None) if found else None

    def series(self, snapshots: str) -> Series | None:
        """How much of a table of snapshots repeats."""
        return next((one for one in self.profile.series if one.snapshots == snapshots), None)

    def shares(self) -> Mapping[str, float]:
        """Share of the competitor snapshots by platform."""
        found = self.series(COMPETITORS)
        return {name.rpartition("=")[2]: share for name, share in (found.shares if found else {}).items()}

    def strangers(self) -> Iterator[tuple[str, int]]:
        """Tables of some weight that the generator does not make, with their bytes."""
        tables = [(table.table, table.total_bytes or 0) for table in self.profile.tables]
        least = _HEAVY * sum(size for _, size in tables)
        return ((name, size) for name, size in tables if name not in SEQUENCED and size > least)

    @property
    def imitated_bytes(self) -> int:
        """Bytes of the tables that the generator makes."""
        return sum(table.total_bytes or 0 for table in self.profile.tables if table.table in SEQUENCED)

    def codecs(self) -> Mapping[str, float]:
        """Share of the home documents by codec."""
        payload = self.column(HOME, "raw_response")
        return payload.codecs if payload else {}

    @property
    def has_late_index(self) -> bool | None:
        """Whether market_odds has the index that production got later; None where indexes are not known."""
        found = self.profile.of(HOME_MARKETS)
        if self.profile.source == "published" or found is None:
            return None
        return any(_LATE_INDEX.search(index.definition) for index in found.indexes)

    @property
    def rewritten(self) -> float | None:
        """Share of the home snapshots that were there when all of them were rewritten, as far as that left room.

        Later rows take the room of the first versions, so only more than half of the table leaves some of it.
        """
        found = self.profile.of(HOME)
        if found is None or found.heap_bytes is None or found.heap_bloat_bytes is None:
            return None
        room = found.heap_bloat_bytes / max(found.heap_bytes - found.heap_bloat_bytes, 1)
        return min((1 + room) / 2, 1.0) if room >= _ROOM else None

    @property
    def last_known(self) -> datetime:
        """The end of the last day with snapshots where days are known, else the moment of the profile."""
        found, now = self.profile.of(HOME), datetime.fromisoformat(self.profile.now).astimezone(UTC)
        ends = [datetime.fromisoformat(day.start) + timedelta(days=1) for day in (found.by_day if found else ())]
        return min(max(ends, default=now).astimezone(UTC), now)
