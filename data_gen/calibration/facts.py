"""Facts about an odds database, read from its profile in the terms of a workload; pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from data_gen.facts import COMPETITOR_MARKETS, COMPETITORS, HOME, HOME_MARKETS
from data_gen.schema import LATE_INDEX, SEQUENCED
from lab.errors import InputError
from lab.sql.indexes import index_definition
from lab.values import ColumnProfile, Profile, Series

SCRAPES, RUNS = "event_scrape_status", "scrape_runs"

_NEEDED = (HOME, HOME_MARKETS, COMPETITORS, COMPETITOR_MARKETS)
_WHOLE = 0.95
"""Share of a table's rows that its days must hold to stand for the table."""
_HEAVY = 0.01
"""Share of the bytes of all tables from which a table is worth mentioning."""
_ROOM = 0.05
"""Share of free space that the heap of any table has."""


@dataclass(frozen=True)
class Facts:
    """Answers what a workload asks of a profile; None where the profile does not say."""

    profile: Profile

    def check(self) -> None:
        """Errors: `InputError` naming the tables of an odds database that are missing or have no rows."""
        if self.lacking:
            raise InputError(
                f"{self.profile.name} cannot be imitated, and no strategy can be measured on it. {self.lacking}.",
                hint="`lab profile` and `lab discover` work for any database; `lab run --workload MODULE` measures strategies"
                ' of your own on a workload of your own (CONTRIBUTING.md, "Add something").',
            )

    @property
    def lacking(self) -> str:
        """What an odds database has and this one lacks, in words; empty where it lacks nothing."""
        absent = [table for table in _NEEDED if self.profile.of(table) is None]
        empty = [table for table in _NEEDED if table not in absent and not self.rows(table)]
        reasons = [f"There is no table {', '.join(absent)}"] if absent else []
        reasons += [f"No rows were counted in {', '.join(empty)}"] if empty else []
        return ". ".join(reasons)

    def rows(self, table: str) -> int | None:
        """Rows of a table."""
        profiled = self.profile.of(table)
        return profiled.rows if profiled else None

    def ratio(self, table: str, to: str) -> float | None:
        """Rows of one table for each row of another."""
        rows, base = self.rows(table), self.rows(to)
        return rows / base if rows is not None and base else None

    def days(self, table: str) -> dict[datetime, int]:
        """Rows by the start of their day, oldest first; empty where the days do not cover the whole table."""
        profiled = self.profile.of(table)
        days = profiled.by_day if profiled else ()
        now = datetime.fromisoformat(self.profile.now)
        past = {datetime.fromisoformat(day.start).astimezone(UTC): day.rows for day in days}
        past = {start: rows for start, rows in past.items() if rows and start < now}
        return past if sum(past.values()) >= _WHOLE * (self.rows(table) or 0) else {}

    def column(self, table: str, name: str) -> ColumnProfile | None:
        """One column of a table."""
        profiled = self.profile.of(table)
        return next((column for column in profiled.columns if column.name == name), None) if profiled else None

    def series(self, snapshots: str) -> Series | None:
        """How much of a table of snapshots repeats."""
        return next((series for series in self.profile.series if series.snapshots == snapshots), None)

    def shares(self) -> Mapping[str, float]:
        """Share of the competitor snapshots by platform."""
        series = self.series(COMPETITORS)
        return {name.rpartition("=")[2]: share for name, share in (series.shares if series else {}).items()}

    def unmodelled_tables(self) -> Iterator[tuple[str, int]]:
        """Large tables that the generator does not make, with their bytes."""
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
        """Whether market_odds has the index that production added late; None where indexes are unknown."""
        profiled = self.profile.of(HOME_MARKETS)
        if self.profile.source == "published" or profiled is None:
            return None
        late = index_definition(LATE_INDEX)
        return any(index_definition(index.definition) == late for index in profiled.indexes)

    @property
    def rewritten(self) -> float | None:
        """Share of today's home snapshots that existed when all of them were rewritten, estimated from the free space.

        Later rows reuse the space of the old row versions. Free space remains only if more than half of the table was
        rewritten.
        """
        home = self.profile.of(HOME)
        if home is None or home.heap_bytes is None or home.heap_bloat_bytes is None:
            return None
        room = home.heap_bloat_bytes / max(home.heap_bytes - home.heap_bloat_bytes, 1)
        return min((1 + room) / 2, 1.0) if room >= _ROOM else None

    @property
    def last_known(self) -> datetime:
        """The end of the last day with snapshots where days are known, else the moment of the profile."""
        home = self.profile.of(HOME)
        now = datetime.fromisoformat(self.profile.now).astimezone(UTC)
        ends = [datetime.fromisoformat(day.start) + timedelta(days=1) for day in (home.by_day if home else ())]
        return min(max(ends, default=now).astimezone(UTC), now)
