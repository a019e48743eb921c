"""How much repeats: snapshots and market rows that equal the previous ones of the same event, in a sample of events."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from lab.profiling.blocks import BUDGET
from lab.profiling.catalog import Column, Table
from lab.profiling.indexes import Index
from lab.profiling.series import SeriesTables
from lab.profiling.session import Source, escaped

_EVENTS = 16
_WINDOW = 11
"""Snapshots in a row that are compared, of each sampled event."""


@dataclass(frozen=True, kw_only=True)
class Repeats:
    """What was compared and what was equal; None where there was nothing to compare."""

    events: int
    pairs: int
    equal_payloads: float | None
    equal_snapshots: float | None
    market_rows: int
    equal_market_rows: float | None


NOTHING = Repeats(events=0, pairs=0, equal_payloads=None, equal_snapshots=None, market_rows=0, equal_market_rows=None)


@dataclass(frozen=True)
class _Snapshot:
    id: object
    size: int | None
    codec: str | None


def read(source: Source, tables: SeriesTables, keys: Sequence[tuple[object, int]]) -> Repeats:
    """Compare snapshots with the previous ones of the same key; `keys` are events with their number of snapshots.

    Errors as `Source.fetch`.
    """
    chosen = spread(keys, _EVENTS)
    series = list(_series(source, tables, chosen))
    pairs = [pair for one in series for pair in pairwise(one)]
    with_payload = [pair for pair in pairs if None not in (pair[0].size, pair[1].size)]
    equal = _equal_payloads(source, tables, with_payload)
    rows = _market_rows(source, tables, [one.id for snapshots in series for one in snapshots])
    same = [(rows[new.id] & rows[old.id]).total() for old, new in pairs]
    compared = sum(rows[new.id].total() for _, new in pairs)
    whole = sum(rows[new.id] == rows[old.id] for old, new in pairs)
    return Repeats(
        events=len(chosen),
        pairs=len(pairs),
        equal_payloads=equal / len(with_payload) if with_payload else None,
        equal_snapshots=whole / len(pairs) if pairs else None,
        market_rows=compared,
        equal_market_rows=sum(same) / compared if compared else None,
    )


def spread(keys: Sequence[tuple[object, int]], count: int) -> list[object]:
    """At most `count` keys, each as likely as it has snapshots, without repetition."""
    total, places = sum(number for _, number in keys), []
    reached, wanted = 0, 0
    for key, number in keys:
        reached += number
        if reached * count > wanted * total and wanted < count:
            places.append(key)
            wanted = reached * count // total + 1
    return places


def _series(source: Source, tables: SeriesTables, chosen: Sequence[object]) -> Iterator[list[_Snapshot]]:
    """Of each key a window of snapshots, in order of time."""
    key, *more = (column.sql for column in tables.key)
    payload = tables.payload
    size, codec = (
        (f"pg_column_size({payload.sql})", f"pg_column_compression({payload.sql})") if payload else ("NULL",) * 2
    )
    select = f"SELECT {', '.join([key, *more])}, {tables.id.sql}, {size}, {codec} FROM {tables.snapshots.sql}"
    order = escaped(f"ORDER BY {', '.join([key, *more, tables.time.sql, tables.id.sql])}")
    query = f"{escaped(select)} WHERE {_any(tables.key[0])} {order}"
    groups: dict[tuple[object, ...], list[_Snapshot]] = defaultdict(list)
    for row in source.fetch(query, (list(chosen),)):
        groups[row[: len(tables.key)]].append(_Snapshot(*row[len(tables.key) :]))
    place = random.Random(len(chosen))  # noqa: S311 - where a window begins is not a secret
    for snapshots in groups.values():
        start = place.randint(0, max(len(snapshots) - _WINDOW, 0))
        yield snapshots[start : start + _WINDOW]


def _equal_payloads(source: Source, tables: SeriesTables, pairs: Sequence[tuple[_Snapshot, _Snapshot]]) -> int:
    """Pairs with the same document; only those that take the same room are unpacked, because the others differ."""
    if tables.payload is None:
        return 0
    near = [(old, new) for old, new in pairs if old.codec != new.codec or old.size == new.size]
    ids = list({one.id for pair in near for one in pair})
    digest = escaped(f"SELECT {tables.id.sql}, md5({tables.payload.sql}::text) FROM {tables.snapshots.sql}")
    found: dict[object, str] = dict(source.fetch(f"{digest} WHERE {_any(tables.id)}", (ids,))) if ids else {}
    return sum(found.get(old.id) == found.get(new.id) for old, new in near)


def _market_rows(source: Source, tables: SeriesTables, ids: Sequence[object]) -> dict[object, Counter[int]]:
    """The contents of the market rows of each snapshot, as hashes; market, line and prices are all in them."""
    content = ", ".join(column.sql for column in tables.content)
    digest = f"hashtextextended(ROW({content})::text, 0)"
    select = escaped(f"SELECT {tables.reference.sql}, {digest}, count(*) FROM {tables.markets.sql}")
    query = f"{select} WHERE {_any(tables.reference)} GROUP BY 1, 2"
    rows: dict[object, Counter[int]] = defaultdict(Counter)
    for snapshot, content_hash, count in source.fetch(query, (list(ids),)):
        rows[snapshot][content_hash] = count
    return rows


def _any(column: Column) -> str:
    return f"{escaped(column.sql)} = ANY (%s::{column.type}[])"


def affordable(tables: SeriesTables, snapshots: Sequence[Index], markets: Sequence[Index]) -> bool:
    """Whether the rows of an event can be found without reading a large table as a whole."""
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
