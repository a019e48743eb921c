"""Measures repetition: snapshots and market rows that equal the previous ones of their event, in a sample of events."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from lab.postgres.sql import escaped
from lab.profiling.catalog.indexes import Index
from lab.profiling.catalog.session import ReadOnlySession
from lab.profiling.catalog.tables import Column, Table
from lab.profiling.sample.blocks import BUDGET
from lab.profiling.time.series import SeriesTables
from lab.values import Share

_EVENTS = 16
_WINDOW = 11
"""Number of consecutive snapshots to compare of each sampled event."""

Rows = Counter[tuple[int, int]]
"""Market rows by the hashes of what names them and of their whole content: market, line and prices."""


@dataclass(frozen=True, kw_only=True)
class Repeats:
    """The numbers compared and the shares that were equal; None where there was nothing to compare."""

    events: int = 0
    pairs: int = 0
    market_rows: int = 0
    payloads: Share | None = None
    snapshots: Share | None = None
    rows: Share | None = None
    lists: Share | None = None


@dataclass(frozen=True)
class _Snapshot:
    id: object
    size: int | None
    codec: str | None


@dataclass(frozen=True)
class _Pair:
    """A snapshot and the previous one of the same key."""

    event: object
    old: _Snapshot
    new: _Snapshot

    @property
    def has_payloads(self) -> bool:
        return None not in (self.old.size, self.new.size)


def read(source: ReadOnlySession, tables: SeriesTables, keys: Sequence[tuple[object, int]]) -> Repeats:
    """Compare snapshots with the previous ones of the same key; `keys` are events with their number of snapshots.

    Errors as `ReadOnlySession.fetch`.
    """
    chosen = spread(keys, _EVENTS)
    pairs = list(_pairs(source, tables, chosen))
    with_payload = [pair for pair in pairs if pair.has_payloads]
    digests = _digests(source, tables, with_payload)
    rows = _market_rows(source, tables, list({snapshot.id for pair in pairs for snapshot in (pair.old, pair.new)}))
    with_rows = [pair for pair in pairs if rows[pair.new.id] or rows[pair.old.id]]
    with_lists = with_rows if tables.names else []
    return Repeats(
        events=len(chosen),
        pairs=len(pairs),
        market_rows=sum(rows[pair.new.id].total() for pair in pairs),
        payloads=_share((pair.event, _same_payload(pair, digests), 1) for pair in with_payload),
        snapshots=_share((pair.event, rows[pair.new.id] == rows[pair.old.id], 1) for pair in with_rows),
        rows=_share(
            (pair.event, (rows[pair.new.id] & rows[pair.old.id]).total(), rows[pair.new.id].total()) for pair in pairs
        ),
        lists=_share((pair.event, _names(rows[pair.new.id]) == _names(rows[pair.old.id]), 1) for pair in with_lists),
    )


def _share(counted: Iterable[tuple[object, int, int]]) -> Share | None:
    """The share over (event, equal, compared). Rows of an event are alike, so the error is that of sampling events."""
    same: Counter[object] = Counter()
    compared: Counter[object] = Counter()
    for event, number, of in counted:
        same[event] += number
        compared[event] += of
    total, events = compared.total(), len(compared)
    if not total:
        return None
    value = same.total() / total
    squares = sum((same[event] - value * compared[event]) ** 2 for event in compared)
    return Share(value=value, error=math.sqrt(squares * events / (events - 1)) / total if events > 1 else None)


def spread(keys: Sequence[tuple[object, int]], count: int) -> list[object]:
    """At most `count` different keys, each with a probability proportional to its snapshots."""
    total = sum(number for _, number in keys)
    places = []
    reached = wanted = 0
    for key, number in keys:
        reached += number
        if reached * count > wanted * total and wanted < count:
            places.append(key)
            wanted = reached * count // total + 1
    return places


def _pairs(source: ReadOnlySession, tables: SeriesTables, chosen: Sequence[object]) -> Iterator[_Pair]:
    """Pairs of consecutive snapshots in a window of each key."""
    groups: dict[tuple[object, ...], list[_Snapshot]] = defaultdict(list)
    for row in source.fetch(_windows(tables), (list(chosen),)):
        groups[row[: len(tables.key)]].append(_Snapshot(*row[len(tables.key) :]))
    for (event, *_), snapshots in groups.items():
        yield from (_Pair(event, old, new) for old, new in pairwise(snapshots))


def _windows(tables: SeriesTables) -> str:
    """SQL for a window anywhere in each key's snapshots; the server selects it, because an event may have many."""
    payload = tables.payload.sql if tables.payload else None
    size, codec = (f"pg_column_size({payload})", f"pg_column_compression({payload})") if payload else ("NULL",) * 2
    key = ", ".join(column.sql for column in tables.key)
    listed = ", ".join(f"{column.sql} AS k{number}" for number, column in enumerate(tables.key))
    keys = ", ".join(f"k{number}" for number in range(len(tables.key)))
    ranked = f"""
SELECT {listed}, {tables.id.sql} AS id, {size} AS size, {codec} AS codec, count(*) OVER (PARTITION BY {key}) AS number,
       row_number() OVER (PARTITION BY {key} ORDER BY {tables.time.sql}, {tables.id.sql}) AS place
FROM {tables.snapshots.sql}"""
    first = f"mod(abs(hashtext(ROW({keys})::text)::bigint), greatest(number - {_WINDOW}, 0) + 1)"
    return f"""
SELECT {keys}, id, size, codec FROM ({escaped(ranked)} WHERE {_any(tables.key[0])}) AS ranked
WHERE place > {first} AND place <= {first} + {_WINDOW} ORDER BY {keys}, place"""


def _digests(source: ReadOnlySession, tables: SeriesTables, pairs: Sequence[_Pair]) -> Mapping[object, str]:
    """Digests of documents that may equal the previous one; skips those whose stored sizes differ with one codec."""
    if tables.payload is None:
        return {}
    near = (pair for pair in pairs if pair.old.codec != pair.new.codec or pair.old.size == pair.new.size)
    ids = list({snapshot.id for pair in near for snapshot in (pair.old, pair.new)})
    digest = escaped(f"SELECT {tables.id.sql}, md5({tables.payload.sql}::text) FROM {tables.snapshots.sql}")
    return dict(source.fetch(f"{digest} WHERE {_any(tables.id)}", (ids,))) if ids else {}


def _same_payload(pair: _Pair, digests: Mapping[object, str]) -> bool:
    digest = digests.get(pair.new.id)
    return digest is not None and digest == digests.get(pair.old.id)


def _market_rows(source: ReadOnlySession, tables: SeriesTables, ids: Sequence[object]) -> dict[object, Rows]:
    """The market rows of each snapshot."""
    name, content = (_digest(columns) for columns in (tables.names, tables.content))
    select = escaped(f"SELECT {tables.reference.sql}, {name}, {content}, count(*) FROM {tables.markets.sql}")
    query = f"{select} WHERE {_any(tables.reference)} GROUP BY 1, 2, 3"
    rows: dict[object, Rows] = defaultdict(Counter)
    for snapshot, name_hash, content_hash, count in source.fetch(query, (list(ids),)):
        rows[snapshot][name_hash, content_hash] = count
    return rows


def _digest(columns: Sequence[Column]) -> str:
    return f"hashtextextended(ROW({', '.join(column.sql for column in columns)})::text, 0)"


def _names(rows: Rows) -> Counter[int]:
    """The list of a snapshot: its market rows without their prices."""
    names: Counter[int] = Counter()
    for (name, _), count in rows.items():
        names[name] += count
    return names


def _any(column: Column) -> str:
    return f"{escaped(column.sql)} = ANY (%s::{escaped(column.type)}[])"


def affordable(tables: SeriesTables, snapshots: Sequence[Index], markets: Sequence[Index]) -> bool:
    """Whether the rows of an event can be read without scanning a large table."""
    return all(
        column.name in {index.leading for index in indexes} or _is_small(table)
        for table, column, indexes in (
            (tables.snapshots, tables.key[0], snapshots),
            (tables.snapshots, tables.id, snapshots),
            (tables.markets, tables.reference, markets),
        )
    )


def _is_small(table: Table) -> bool:
    return sum(part.blocks for part in table.parts) <= BUDGET
