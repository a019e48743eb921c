"""Assembles the profile of a table from the results of the survey; pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property

from lab.profiling.catalog import indexes
from lab.profiling.catalog.indexes import Index
from lab.profiling.catalog.tables import Table
from lab.profiling.sample.columns import ColumnSums, TableSample
from lab.profiling.sample.documents import StoredDocument
from lab.profiling.sample.strata import Stratum, draw
from lab.profiling.time import growth
from lab.profiling.time.ages import Ages
from lab.profiling.time.paths import AgePath
from lab.values import ColumnProfile, TableProfile


@dataclass(frozen=True, kw_only=True)
class SurveyedTable:
    """One table with the results so far; None where something could not be read."""

    table: Table
    indexes: Sequence[Index]
    budget: int | None
    """Blocks to read at most; None is the usual number."""
    path: AgePath | None = None
    reading: TableSample | None = None
    ages: Ages | None = None
    documents: Mapping[str, Sequence[StoredDocument]] = field(default_factory=dict)
    restored: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """By 'table.column'."""

    @cached_property
    def strata(self) -> tuple[Stratum, ...]:
        """The blocks to read; the same blocks for every query."""
        return draw(self.table, budget=self.budget)


def table(surveyed: SurveyedTable, now: datetime) -> TableProfile:
    """The profile of one table."""
    table, reading = surveyed.table, surveyed.reading
    heap, maps, toast, index = (
        sum(getattr(part, kind) for part in table.relations) for kind in ("heap", "maps", "toast", "indexes")
    )
    bloat = _rest(heap, reading.live_heap if reading else None)
    toast_bloat = _rest(table.toast_heap, reading.toast_disk if reading else None)
    rows = surveyed.ages.rows if surveyed.ages else {}
    used = (heap + maps - (bloat or 0), toast - (toast_bloat or 0), index)
    sizes = surveyed.ages.bytes_by_age(*used) if surveyed.ages else {}
    days = growth.days(rows, sizes, now)
    return TableProfile(
        table=table.label,
        relations=len(table.relations),
        heap_bytes=heap,
        maps_bytes=maps,
        toast_bytes=toast,
        data_bytes=heap + maps + toast,
        index_bytes=index,
        total_bytes=heap + maps + toast + index,
        rows=round(reading.rows) if reading else None,
        rows_exact=reading.exact and table.whole if reading else None,
        dead_rows=table.dead_rows,
        heap_bloat_bytes=bloat,
        toast_bloat_bytes=toast_bloat,
        sampled_blocks=reading.sampled if reading else None,
        blocks=reading.blocks if reading else None,
        columns=tuple(_column(sums, surveyed, toast) for sums in reading.columns) if reading else (),
        indexes=indexes.profiles(table, surveyed.indexes),
        time=surveyed.path.value() if surveyed.path else None,
        newest=days[-1].start if days else None,
        undated_rows=round(rows.get(None, 0.0)) if surveyed.ages else None,
        by_day=days,
        growth=growth.growth(rows, sizes) if surveyed.ages else None,
        retention=growth.retention(rows, sizes) if surveyed.ages else (),
    )


def _rest(whole: int, used: float | None) -> int | None:
    """Bytes that are not used, at least 0, because an estimate of the used bytes may exceed the whole."""
    return None if used is None else max(round(whole - used), 0)


def _column(sums: ColumnSums, surveyed: SurveyedTable, toast_bytes: int) -> ColumnProfile:
    reading = surveyed.reading
    documents = surveyed.documents.get(sums.column.name, ())
    columnar = any(stratum.compressed for stratum in surveyed.strata)
    toast = toast_bytes * sums.toast_disk / reading.toast_disk if reading and reading.toast_disk else 0.0
    rows = reading.rows if reading else 0.0
    return ColumnProfile(
        name=sums.column.name,
        type=sums.column.type,
        stored_bytes=round(sums.stored),
        mean_bytes=sums.stored / sums.values if sums.values and not columnar else None,
        null_share=1 - sums.values / rows if rows and not columnar else None,
        error=sums.error,
        toast_share=sums.toast / sums.stored if sums.stored else None,
        disk_bytes=round(sums.stored - sums.toast + toast),
        codecs=_codecs(sums),
        raw_bytes=None if columnar else _raw(sums, documents),
        documents=len(documents),
        restored=surveyed.restored.get(f"{surveyed.table.label}.{sums.column.name}", {}),
    )


def _codecs(sums: ColumnSums) -> dict[str, float]:
    if not sums.column.compressible or not sums.values:
        return {}
    shares = {"pglz": sums.pglz / sums.values, "lz4": sums.lz4 / sums.values}
    return {name: share for name, share in (shares | {"none": 1 - sum(shares.values())}).items() if share > 1e-9}


def _raw(sums: ColumnSums, documents: Sequence[StoredDocument]) -> int | None:
    """Raw bytes, from the ratio of the sampled documents, which varies less than their length."""
    stored = sum(document.weight * document.stored for document in documents)
    raw = sum(document.weight * document.raw for document in documents)
    return round(sums.stored * raw / stored) if stored else None


def idle(tables: Sequence[TableProfile], now: datetime) -> Iterator[str]:
    """A warning where no row was written for days, because the growth of the last week then says little."""
    newest = max(
        (table.newest for table in tables if table.newest and datetime.fromisoformat(table.newest) < now), default=None
    )
    quiet = now - timedelta(days=1) - datetime.fromisoformat(newest) if newest else timedelta()
    if quiet >= timedelta(days=1):
        yield f"The newest row is {quiet.days} days old: growth over the last 7 days covers fewer days with data."
