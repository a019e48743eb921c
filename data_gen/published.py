"""Makes a profile from the file of a published case, for a database that nobody can reach any more."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import ClassVar

from data_gen.facts import HOME, PAYLOAD, SIDES
from lab import files
from lab.errors import InputError
from lab.profiling.document import AGAIN
from lab.profiling.survey import FORMAT
from lab.profiling.time import growth
from lab.units import bytes_text
from lab.values import ColumnProfile, Day, Growth, Profile, Retention, Series, TableProfile

_UNITS = {"bytes": 1, "kb": 1 << 10, "mb": 1 << 20, "gb": 1 << 30}
_NOT = "not published"
_CLEARLY = 1.2
"""Warn only where the computed growth exceeds the published growth by this factor; less may be rounding."""

Numbers = Mapping[str, float | str]


@dataclass(frozen=True, kw_only=True)
class _Published:
    """The layout of a case's published facts; GB and MB are powers of 1024."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}  # refuse unknown facts rather than drop them

    totals: Mapping[str, float]
    tables: Mapping[str, Mapping[str, float]]
    json_columns: Mapping[str, Numbers] = field(default_factory=dict)
    growth: Mapping[str, float | Mapping[str, int]] = field(default_factory=dict)
    retention: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    per_event: Mapping[str, float] = field(default_factory=dict)
    per_snapshot: Mapping[str, float] = field(default_factory=dict)
    snapshots_per_hour_busy: Sequence[int] = ()


@dataclass(frozen=True, kw_only=True)
class _Case:
    """The part of a case file that a profile needs."""

    case: str
    last_captured: datetime
    profiled_at: datetime
    published: _Published


def load(path: Path, *, target_bytes: int | None = None) -> Profile:
    """The profile that a case file publishes, with its own target, if it has one, or with another.

    Facts that it lacks are None and are listed in `missing`.

    Errors: `InputError` where the file is missing, damaged, or has facts that this lab does not know.
    """
    raw = files.read_json(path, again=AGAIN)
    facts = raw.get("published", {name: raw[name] for name in _Published.__annotations__ if name in raw})
    case = files.validated(_Case, raw | {"published": facts}, path, again=AGAIN)
    size = _size(case.published.totals, "database")
    if size is None:
        raise InputError(f"{path} does not say how large the database is.", hint="Add totals.database_gb.")
    target = _size(case.published.totals, "target") if target_bytes is None else target_bytes
    return _profile(case, size, target)


def _profile(case: _Case, size: int, target_bytes: int | None) -> Profile:
    facts = case.published
    pace = _number(facts.growth, "gb_per_day_mean")
    per_day = None if pace is None else pace * _UNITS["gb"]
    tables = sorted((_table(name, case) for name in facts.tables), key=lambda table: -(table.total_bytes or 0))
    series = tuple(_series(case))
    return Profile(
        format=FORMAT,
        name=case.case,
        taken=case.profiled_at.astimezone(UTC).isoformat(),
        now=case.profiled_at.astimezone(UTC).isoformat(),
        source="published",
        server=None,
        standby=None,
        database_bytes=size,
        wal_bytes=None,
        index_use_since=None,
        tables=tuple(tables),
        series=series,
        bytes_per_day=per_day,
        forecast=growth.forecast(size, per_day, target_bytes, case.profiled_at.astimezone(UTC)),
        missing=(*_missing(tables, per_day), *_faster(tables, series, per_day)),
    )


def _table(name: str, case: _Case) -> TableProfile:
    facts = case.published.tables[name]
    data, indexes, total = (_size(facts, kind) for kind in ("table", "indexes", "total"))
    if total is None and data is not None and indexes is not None:
        total = data + indexes
    rows = _number(facts, "rows")
    days = tuple(_days(name, case))
    columns = (column.partition(".") for column in case.published.json_columns)
    return TableProfile(
        table=name,
        relations=None,
        heap_bytes=_size(facts, "heap"),
        maps_bytes=None,
        toast_bytes=None,
        data_bytes=data,
        index_bytes=indexes,
        total_bytes=total,
        rows=None if rows is None else int(rows),
        rows_exact=None,
        dead_rows=None,
        heap_bloat_bytes=None,
        toast_bloat_bytes=None,
        sampled_blocks=None,
        blocks=None,
        columns=tuple(_column(f"{table}.{column}", case) for table, _, column in columns if table == name),
        indexes=(),
        time=None,
        newest=days[-1].start if days else None,
        undated_rows=None,
        by_day=days,
        growth=_growth(days),
        retention=tuple(_retention(name, rows, case)),
    )


def _column(name: str, case: _Case) -> ColumnProfile:
    facts = case.published.json_columns[name]
    sizes = {kind: value for kind, value in facts.items() if not isinstance(value, str)}
    mean = sizes.get("mean_bytes", sizes["mean_kb"] * 1000 if "mean_kb" in sizes else None)
    return ColumnProfile(
        name=name.partition(".")[2],
        type=str(facts.get("type", "json")),
        stored_bytes=_size(sizes, "total"),
        mean_bytes=mean,  # a published "KB" of a mean is 1,000 bytes: with it, mean times rows fits the total
        null_share=None,
        error=None,
        toast_share=None,
        disk_bytes=None,
        codecs={},
        raw_bytes=None,
        documents=0,
        restored={},
    )


def _days(name: str, case: _Case) -> Iterator[Day]:
    counts = case.published.growth.get(f"{name}_per_day", {})
    for date, rows in sorted(counts.items()) if isinstance(counts, Mapping) else ():
        yield Day(start=datetime.fromisoformat(date).replace(tzinfo=UTC).isoformat(), rows=rows, bytes=None)


def _growth(days: Sequence[Day]) -> Growth | None:
    """Mean growth over the published days, which are fewer than a week."""
    if not days:
        return None
    span = datetime.fromisoformat(days[-1].start) - datetime.fromisoformat(days[0].start) + timedelta(days=1)
    rows = sum(day.rows for day in days) / span.days
    return Growth(
        rows_per_day_week=None, bytes_per_day_week=None, rows_per_day=rows, bytes_per_day=None, days=float(span.days)
    )


def _retention(name: str, rows: float | None, case: _Case) -> Iterator[Retention]:
    for period, kept in case.published.retention.items():
        if name in kept:
            older = None if rows is None else int(rows) - kept[name]
            days = int(period.removesuffix("_days"))
            yield Retention(days=days, rows_older=older, bytes_older=None, rows_kept=kept[name])


def _series(case: _Case) -> Iterator[Series]:
    facts, tables = case.published, case.published.tables
    for snapshots, markets in SIDES.items():
        if snapshots in tables and markets in tables:
            rows = [tables[name].get("rows") for name in (snapshots, markets)]
            ratio = rows[1] / rows[0] if rows[0] and rows[1] else None
            home = snapshots == HOME
            yield Series(
                snapshots=snapshots,
                key=(),
                time="captured_at",
                payload=PAYLOAD,
                markets=markets,
                found="As published.",
                events=None,
                snapshots_per_event=facts.per_event.get("snapshots_mean") if home else None,
                snapshots_per_day=None,
                market_rows_per_snapshot=facts.per_snapshot.get("market_odds_rows_mean", ratio) if home else ratio,
                shares={},
                events_sampled=0,
                pairs=0,
                equal_payloads=None,
                equal_snapshots=None,
                market_rows_compared=0,
                equal_market_rows=None,
            )


def _missing(tables: Sequence[TableProfile], per_day: float | None) -> Iterator[str]:
    yield f"Server version, WAL, index use, dead rows, bloat, time columns: {_NOT}."
    yield f"Raw bytes and codecs of JSON columns, and how much of snapshots and market rows repeats: {_NOT}."
    yield f"Tables besides {', '.join(table.table for table in tables)}: {_NOT}."
    if per_day is None:
        yield f"Growth: {_NOT}."
    for table in tables:
        gaps = {"index bytes": table.index_bytes, "bytes by day": None, "retention": table.retention or None}
        yield f"{table.table}: {', '.join(name for name, value in gaps.items() if value is None)} {_NOT}."


def _faster(tables: Sequence[TableProfile], series: Sequence[Series], per_day: float | None) -> Iterator[str]:
    """A warning where the published rows a day take clearly more than the published growth."""
    by_name = {table.table: table for table in tables}
    for pair in series:
        snapshots, markets = by_name[pair.snapshots], by_name[pair.markets]
        widths = [table.total_bytes / table.rows for table in (snapshots, markets) if table.total_bytes and table.rows]
        if snapshots.growth is None or pair.market_rows_per_snapshot is None or per_day is None or len(widths) < 2:
            continue
        taken = (snapshots.growth.rows_per_day or 0) * (widths[0] + pair.market_rows_per_snapshot * widths[1])
        if taken > _CLEARLY * per_day:
            days = f"the {snapshots.growth.days:.0f} days that were published"
            yield (
                f"Growth: published as {bytes_text(per_day)} a day. But the snapshots of {days}, with their market rows,"
                f" take {bytes_text(taken)} a day at their mean width. At that rate of scrapes, expect the larger figure."
            )


def _size(facts: Mapping[str, float], kind: str) -> int | None:
    """Bytes of '{kind}_gb' or another unit."""
    sizes = [facts[f"{kind}_{unit}"] * factor for unit, factor in _UNITS.items() if f"{kind}_{unit}" in facts]
    return round(sizes[0]) if sizes else None


def _number(facts: Mapping[str, float] | Mapping[str, float | Mapping[str, int]], name: str) -> float | None:
    value = facts.get(name)
    return None if value is None or isinstance(value, Mapping) else float(value)
