"""From the bytes of the sample to the bytes of the whole database, table by table and kind by kind.

A table grows in proportion to its rows, each kind of bytes by itself. Fixed overhead does not grow: maps, first pages, half
of the last page of each file. Chunks cover one day each, whatever the amount of data, so the sample has as many chunks as
the full database. The newest rows are not compressed yet: they grow with the rows of the newest day. A new table that
follows no other table, such as a lookup, is fitted with a line through both measured sizes, because part of it exists from
the start. How much of each table a retention keeps is taken from the profile, not from the sample.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from lab.values import EXTENSION_CATALOG, CaseFacts, Completed, Footprint, FootprintPiece, LoadedTemplate, WorkloadFacts

_KNOWN_SHARE = 0.99
"""Share of the bytes for which the profile must say how much a retention keeps; the rest follows the reference table."""


@dataclass(frozen=True, kw_only=True)
class TargetRows:
    """The row counts to project to, after the strategy: of a published database, or of a larger sample."""

    rows: Mapping[str, float]
    newest_rows: Mapping[str, float]
    """Rows of the newest day, included in `rows`; a table that is missing here has the sample's share."""
    valued: Mapping[str, float] = field(default_factory=dict)
    """As `valued_shares`: of each table with a column that older rows lose, the share of rows that keep it."""


@dataclass(frozen=True, kw_only=True)
class Lineage:
    """The table with whose rows each table grows."""

    workload: WorkloadFacts
    origins: Mapping[str, str] = field(default_factory=dict)
    """New table to the table whose rows it grows with."""

    def is_constant(self, table: str) -> bool:
        """Whether it is as large in the sample as in the full database."""
        return table in self.workload.constant or table == EXTENSION_CATALOG

    def follows_nothing(self, table: str, trial: Completed) -> bool:
        """Whether it is new and does not declare the table that it grows with."""
        return table not in trial.rows and table not in self.origins and not self.is_constant(table)


@dataclass(frozen=True, kw_only=True)
class Scale:
    """By which factor each table of the larger database is larger than the sample's."""

    by_table: Mapping[str, float]
    uncompressed: Mapping[str, float]
    """The same for the rows that are not compressed yet."""
    lineage: Lineage
    constant_bytes: Mapping[tuple[str, str], float] = field(default_factory=dict)
    """By table and kind, bytes of a new table that do not depend on the rows."""
    valued: Mapping[str, float] = field(default_factory=dict)
    """By table with a column that older rows lose: how much more often its rows keep it in the larger database. The column
    lies in the TOAST."""

    def of(self, table: str) -> float:
        """Rows of the larger database ÷ rows of the sample."""
        if self.grows(table):
            origin = self.lineage.origins.get(table, table)
            return self.by_table.get(origin, self.by_table[self.lineage.workload.reference])
        return 1.0

    def projected(self, footprint: Footprint) -> int:
        """Bytes of the whole larger database."""
        return sum(self.projected_kinds(footprint).values())

    def projected_tables(self, footprint: Footprint) -> dict[str, int]:
        """Bytes of each table of the larger database."""
        sizes = dict.fromkeys((table.table for table in footprint.tables), 0)
        for (table, _), size in self.projected_kinds(footprint).items():
            sizes[table] += size
        return sizes

    def projected_kinds(self, footprint: Footprint) -> dict[tuple[str, str], int]:
        """Bytes of the larger database by table and kind."""
        sizes: defaultdict[tuple[str, str], int] = defaultdict(int)
        for piece in footprint.pieces:
            place = piece.table, piece.kind
            sizes[place] += piece.fixed + round(self.constant_bytes.get(place, 0.0) + self.grown(piece))
        return sizes

    def grown(self, piece: FootprintPiece) -> float:
        """Bytes of the larger database that depend on its rows."""
        growing = piece.growing - self.constant_bytes.get((piece.table, piece.kind), 0.0)
        leaders = self.lineage.workload.toast_follows if piece.kind == "toast" else {}
        leader = leaders.get(piece.table, piece.table)
        factor = self.uncompressed.get(leader) if piece.uncompressed else None
        valued = self.valued.get(piece.table, 1.0) if piece.kind == "toast" and not piece.uncompressed else 1.0
        return growing * valued * (self.of(leader) if factor is None else factor)

    def marginal(self, footprint: Footprint) -> float:
        """Bytes of the larger database that increase with more rows."""
        return math.fsum(self.grown(piece) for piece in footprint.pieces if self.grows(piece.table))

    def grows(self, table: str) -> bool:
        """Whether it has more rows in a larger database than in a smaller one."""
        return table in self.by_table or not self.lineage.is_constant(table)


def full(  # noqa: PLR0913 - what is known of the database, of the trial, and what the strategy takes from both
    lineage: Lineage,
    case: CaseFacts,
    template: LoadedTemplate,
    trial: Completed,
    *,
    keeps_days: int | None,
    leaves_after_days: int | None = None,
) -> TargetRows | None:
    """The rows of the full database after the strategy; None if its profile does not say how many keep their place or values."""
    rows = {name: table.rows for name, table in case.tables.items() if table.rows is not None}
    shares = (
        _kept_by_trial(rows, template, trial)
        if keeps_days is None
        else _kept_by_age(lineage, case, template, keeps_days)
    )
    reference = lineage.workload.reference
    if shares is None or reference not in rows or not trial.rows.get(reference):
        return None
    kept = {name: count * shares.get(name, 1.0) for name, count in rows.items()}
    newest = _newest(lineage.workload, case, kept)
    counts = TargetRows(rows=kept, newest_rows=newest)
    return counts if leaves_after_days is None else _valued(counts, lineage, case, trial, leaves_after_days)


def _valued(counts: TargetRows, lineage: Lineage, case: CaseFacts, trial: Completed, days: int) -> TargetRows | None:
    """The same rows, with the share of them that keeps its values; None if the profile does not count the last `days` days.

    The values lie in the TOAST, and count by the rows that it follows.
    """
    plain, shares = _uncompressed_rows(trial.footprint), {}
    for table in valued_shares(trial):
        leader = lineage.workload.toast_follows.get(table, table)
        if leader not in counts.rows or days not in case.tables[leader].rows_kept:
            return None
        newest = counts.newest_rows.get(leader, 0.0) if plain.get(table) else 0.0
        shares[table] = _share(
            min(case.tables[leader].rows_kept[days], counts.rows[leader]), counts.rows[leader], newest
        )
    return replace(counts, valued=shares)


def _kept_by_trial(rows: Iterable[str], template: LoadedTemplate, trial: Completed) -> dict[str, float]:
    """Share of each table's rows that a strategy kept in the sample; below 1 only if it deletes rows by a rule other than age."""
    return {name: trial.rows.get(name, 0) / template.rows[name] for name in rows if template.rows.get(name)}


def _kept_by_age(lineage: Lineage, case: CaseFacts, template: LoadedTemplate, days: int) -> dict[str, float] | None:
    """Share of each table's rows from the last `days` days, according to the profile."""
    undated = tables_without_ages(case, template, days)
    reference = lineage.workload.reference
    tables = {name: case.tables[name] for name in _modelled(case, template)}
    if reference in undated or reference not in tables:
        return None
    whole = sum(table.total_bytes or 0 for table in tables.values())
    undated_bytes = sum(tables[name].total_bytes or 0 for name in undated)
    if undated_bytes > (1 - _KNOWN_SHARE) * whole:
        return None
    shares = {
        name: table.rows_kept[days] / table.rows for name, table in tables.items() if table.rows and name not in undated
    }
    others = {name: 1.0 if lineage.is_constant(name) else shares[reference] for name in case.tables}
    return others | shares


def tables_without_ages(case: CaseFacts, template: LoadedTemplate, days: int) -> tuple[str, ...]:
    """Modelled tables for which the profile does not say how many rows there are, or how many of the last `days` days."""
    tables = _modelled(case, template)
    return tuple(name for name in tables if not case.tables[name].rows or days not in case.tables[name].rows_kept)


def _modelled(case: CaseFacts, template: LoadedTemplate) -> tuple[str, ...]:
    return tuple(name for name in case.tables if template.footprint.of(name))


def unmodelled_tables(case: CaseFacts, template: LoadedTemplate) -> tuple[str, ...]:
    """Tables of the profiled database that the workload does not model: no strategy changes them."""
    return tuple(name for name in case.tables if not template.footprint.of(name))


def _newest(workload: WorkloadFacts, case: CaseFacts, kept: Mapping[str, float]) -> dict[str, float]:
    """Rows of the newest day; a table of details without such a figure has the share of the table that owns its rows."""
    counts = {name: float(table.newest_rows) for name, table in case.tables.items() if table.newest_rows is not None}
    estimates = {
        details: counts[parent] / kept[parent] * kept[details]
        for details, parent in workload.parents.items()
        if parent in counts and kept.get(parent) and details in kept
    }
    return estimates | counts


def scale(counts: TargetRows, trial: Completed, lineage: Lineage, smaller: Completed | None = None) -> Scale:
    """The factors from a trial to those rows; `smaller` is the same scenario at the second size."""
    plain_rows = _uncompressed_rows(trial.footprint)
    by_table: dict[str, float] = {}
    uncompressed: dict[str, float] = {}
    for table, rows in counts.rows.items():
        measured = trial.rows.get(table)
        if measured:
            plain = plain_rows.get(table, 0)
            newest = counts.newest_rows.get(table, rows * plain / measured) if plain else 0.0
            by_table[table] = (rows - newest) / (measured - plain) if measured > plain else rows / measured
            if plain:
                uncompressed[table] = newest / plain
    return Scale(
        by_table=by_table,
        uncompressed=uncompressed,
        lineage=lineage,
        constant_bytes=dict(_constant_bytes(trial, smaller, lineage)) if smaller else {},
        valued={
            table: counts.valued[table] / share
            for table, share in valued_shares(trial).items()
            if share and table in counts.valued
        },
    )


def valued_shares(trial: Completed) -> dict[str, float]:
    """By table with a column that older rows lose, the share of its rows that keep it; without the newest of a columnstore."""
    plain, shares = _uncompressed_rows(trial.footprint), {}
    for name, rows in trial.valued.items():
        table = name.partition(".")[0]
        newest = plain.get(table, 0)
        shares[table] = _share(rows, trial.rows.get(table, 0), newest)
    return shares


def _share(valued: float, rows: float, newest: float) -> float:
    """Part of the rows before the newest ones that keep a value; all of the newest do."""
    return max(valued - newest, 0.0) / (rows - newest) if rows > newest else 0.0


def _uncompressed_rows(footprint: Footprint) -> dict[str, int]:
    """Rows of each table with a columnstore that are not compressed yet."""
    return {table.table: table.rowstore.rows for table in footprint.tables if table.rowstore}


def _constant_bytes(trial: Completed, smaller: Completed, lineage: Lineage) -> Iterator[tuple[tuple[str, str], float]]:
    """Bytes without any rows, from a line through both sizes, for new tables that follow no other table."""
    rows, fewer = (measured.rows[lineage.workload.reference] for measured in (trial, smaller))
    sizes = {(piece.table, piece.kind): piece.growing for piece in smaller.footprint.pieces}
    for piece in trial.footprint.pieces:
        place = piece.table, piece.kind
        if lineage.follows_nothing(piece.table, trial) and place in sizes and rows > fewer:
            slope = (piece.growing - sizes[place]) / (rows - fewer)
            yield place, min(max(piece.growing - slope * rows, 0.0), piece.growing)
