"""From the bytes of the sample to the bytes of the whole database, table by table.

The workload is scaled by events, each with its full history, so a table of the sample grows to the full database in
proportion to its rows. What every relation has however little is in it (free-space and visibility maps, the first page
of each index) is counted once: strategies with many small chunks would otherwise be shown far too large. This is a first
projection from one size; a lookup that grows more slowly than the data is over-stated.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lab.values import EXTENSION_CATALOG, CaseFacts, Footprint, LoadedTemplate, TableFootprint

REFERENCE = "odds_snapshots"
"""What has no row count of its own grows with the events, and so like this table."""

_OF_EVENTS = ("events", "event_bookmakers", "competitor_events")


@dataclass(frozen=True, kw_only=True)
class Scale:
    """How many times larger each table of the full database is than the sample's."""

    by_table: Mapping[str, float]
    constant: frozenset[str]
    """Tables that are as large in the sample as in the full database: one row per cycle, league, bookmaker or sport."""
    origins: Mapping[str, str]
    """New table to the table whose rows it grows with."""

    def of(self, table: str) -> float:
        """Full rows ÷ rows of the sample."""
        if table in self.constant:
            return 1.0
        return self.by_table.get(self.origins.get(table, table), self.by_table[REFERENCE])

    def projected(self, footprint: Footprint) -> int:
        """Bytes of the whole database at the case's full size."""
        return sum(self.projected_tables(footprint).values())

    def projected_tables(self, footprint: Footprint) -> dict[str, int]:
        """Bytes of each table at the case's full size."""
        return {table.table: self._grown(table) for table in footprint.tables}

    def _grown(self, table: TableFootprint) -> int:
        return table.fixed + round((table.total - table.fixed) * self.of(table.table))


def scale(case: CaseFacts, template: LoadedTemplate, origins: Mapping[str, str]) -> Scale:
    """The scale of the sample that was loaded into one server."""
    factors = {
        table: rows / template.rows[table] for table, rows in case.table_rows.items() if template.rows.get(table)
    }
    loaded = {table.table for table in template.footprint.tables}
    return Scale(
        by_table=factors,
        constant=frozenset(loaded - set(factors) - set(_OF_EVENTS)) | {EXTENSION_CATALOG},
        origins=origins,
    )
