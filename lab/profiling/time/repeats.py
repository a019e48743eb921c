"""Series of snapshots as the profile states them: how many per event, from whom, and how much of them repeats."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace

from lab.postgres.sql import escaped
from lab.profiling.assembly import SurveyedTable
from lab.profiling.catalog.session import ReadOnlySession
from lab.profiling.catalog.tables import Column
from lab.profiling.time import duplicates, series
from lab.profiling.time.duplicates import Repeats
from lab.profiling.time.paths import Keys, Step
from lab.profiling.time.series import SeriesTables
from lab.values import Series

_COUNTED = 200
"""Events whose snapshots are counted, where not all rows were read."""
_FEW = 20
"""Maximum number of sources."""

Attempt = Callable[[str], AbstractContextManager[None]]


def read(
    source: ReadOnlySession, surveyed_tables: Sequence[SurveyedTable], keys: Keys, attempt: Attempt
) -> Iterator[Series]:
    """Every series that the rules of `lab.profiling.time.series` find among the readable tables."""
    by_oid = {
        surveyed.table.oid: surveyed for surveyed in surveyed_tables if surveyed.reading and surveyed.reading.rows
    }
    all_indexes = {surveyed.table.oid: surveyed.indexes for surveyed in surveyed_tables}
    readable = [surveyed.table for surveyed in by_oid.values() if surveyed.ages]
    for tables in series.find(readable, {oid: surveyed.path for oid, surveyed in by_oid.items()}, keys, all_indexes):
        if tables.snapshots.oid in by_oid:
            with attempt(f"{tables.snapshots.label}: duplicates"):
                yield _series(source, tables, by_oid[tables.snapshots.oid], by_oid[tables.markets.oid])


def _series(source: ReadOnlySession, tables: SeriesTables, snapshots: SurveyedTable, markets: SurveyedTable) -> Series:
    tables, counts = _event_first(tables, _counts(source, tables, snapshots))
    by_event: Counter[object] = Counter()
    for key, number in counts.items():
        by_event[key[0]] += number
    keys = sorted(by_event.items(), key=lambda pair: str(pair[0]))
    rows, market_rows = (surveyed.reading.rows if surveyed.reading else 0.0 for surveyed in (snapshots, markets))
    per_event = _per_event(source, tables, keys, exact=bool(snapshots.reading and snapshots.reading.exact))
    days = [age for age, number in snapshots.ages.rows.items() if number and age is not None] if snapshots.ages else []
    affordable = duplicates.affordable(tables, snapshots.indexes, markets.indexes)
    repeated = duplicates.read(source, tables, keys) if affordable else Repeats()
    return Series(
        snapshots=tables.snapshots.label,
        key=tuple(column.name for column in tables.key),
        time=tables.time.name,
        payload=tables.payload.name if tables.payload else None,
        markets=tables.markets.label,
        found=tables.rule + ("" if affordable else " Not compared: no index finds the rows of one event."),
        events=round(rows / per_event) if per_event else None,
        snapshots_per_event=per_event,
        snapshots_per_day=rows / len(days) if days else None,
        market_rows_per_snapshot=market_rows / rows,
        shares=dict(_shares(source, tables, counts)),
        events_sampled=repeated.events,
        pairs=repeated.pairs,
        equal_payloads=repeated.payloads,
        equal_snapshots=repeated.snapshots,
        market_rows_compared=repeated.market_rows,
        equal_market_rows=repeated.rows,
        equal_lists=repeated.lists,
    )


def _counts(source: ReadOnlySession, tables: SeriesTables, snapshots: SurveyedTable) -> Counter[tuple[object, ...]]:
    """Sampled snapshots by their whole key."""
    names = [column.sql for column in tables.key]
    numbered = [f"k{number}" for number in range(len(names))]
    select = ", ".join(f"{name} AS {alias}" for name, alias in zip(names, numbered, strict=True))
    listed = ", ".join(numbered)
    counts: Counter[tuple[object, ...]] = Counter()
    for stratum in (candidate for candidate in snapshots.strata if not candidate.compressed):
        for *key, number in stratum.sums(source, select, f"SELECT {listed}, count(*) FROM {{arms}} GROUP BY {listed}"):
            counts[tuple(key)] += number
    return counts


def _event_first(
    tables: SeriesTables, counts: Counter[tuple[object, ...]]
) -> tuple[SeriesTables, Counter[tuple[object, ...]]]:
    """The key's columns, those with most values first: there are many events and few sources."""
    distinct = [len({key[place] for key in counts}) for place in range(len(tables.owners))]
    order = sorted(range(len(distinct)), key=lambda place: -distinct[place])
    ordered = Counter({tuple(key[place] for place in order): number for key, number in counts.items()})
    return replace(tables, owners=tuple(tables.owners[place] for place in order)), ordered


def _per_event(
    source: ReadOnlySession, tables: SeriesTables, keys: Sequence[tuple[object, int]], *, exact: bool
) -> float | None:
    """Mean number of snapshots per event; the harmonic mean, because events with many are sampled more often."""
    if not keys:
        return None
    if exact:
        return sum(number for _, number in keys) / len(keys)
    column = tables.key[0]
    query = escaped(f"SELECT count(*) FROM {tables.snapshots.sql} WHERE {column.sql} = ANY")
    counted = source.fetch(
        f"{query} (%s::{escaped(column.type)}[]) GROUP BY {escaped(column.sql)}", (duplicates.spread(keys, _COUNTED),)
    )
    return len(counted) / sum(1 / int(number) for (number,) in counted)


def _shares(
    source: ReadOnlySession, tables: SeriesTables, counts: Counter[tuple[object, ...]]
) -> Iterator[tuple[str, float]]:
    """Shares by source: by the first text column of a referenced table, if it has few values."""
    for place, step in enumerate(tables.owners):
        by_key: Counter[object] = Counter()
        for key, number in counts.items():
            by_key[key[place]] += number
        label = next(
            (column for column in step.parent.columns if column.base in ("varchar", "text") and column.not_null), None
        )
        names = _names(source, step, label, list(by_key)) if label else {}
        if label and names and len(set(names.values())) <= _FEW and (place or len(set(names.values())) < len(names)):
            shares: Counter[str] = Counter()
            for owner, number in by_key.items():
                shares[f"{label.name}={names.get(owner, '?')}"] += number
            yield from ((name, number / by_key.total()) for name, number in sorted(shares.items()))


def _names(source: ReadOnlySession, step: Step, label: Column, keys: list[object]) -> dict[object, str]:
    query = escaped(f"SELECT {step.key.sql}, {label.sql}::text FROM {step.parent.sql} WHERE {step.key.sql} = ANY")
    return dict(source.fetch(f"{query} (%s::{escaped(step.key.type)}[])", (keys,)))
