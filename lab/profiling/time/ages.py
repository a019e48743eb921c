"""The ages of a table's rows: rows and bytes by whole days before `now`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from lab.postgres.database import Row
from lab.postgres.sql import escaped, literal
from lab.profiling.catalog.session import ReadOnlySession
from lab.profiling.catalog.tables import Column
from lab.profiling.sample.strata import Stratum, out_of_line
from lab.profiling.time.paths import AgePath

_LOOKUP = 20_000
"""Keys that are looked up in one statement."""
_KNOWN = 0.95
"""Minimum share of keys that must exist where only a column's name suggests the table."""
_SANE = ("1900-01-01", "2200-01-01")
"""Moments outside these bounds mean "never" or are mistakes, and Python's dates may not hold them."""
_HEADER = 28
"""Bytes of a row's tuple header and line pointer."""


@dataclass(frozen=True, kw_only=True)
class Ages:
    """Weights by age in whole days, scaled to the whole table; the age None means unknown."""

    rows: dict[int | None, float]
    inline: dict[int | None, float]
    toast: dict[int | None, float]
    trusted: bool
    """False where only a column's name suggests the table of the keys and too few keys exist there."""

    def bytes_by_age(self, heap: float, toast: float, indexes: float) -> dict[int | None, float]:
        """Bytes in use by age: heap and TOAST by the rows' bytes there, indexes by the number of rows."""
        kinds = ((heap, self.inline), (toast, self.toast), (indexes, self.rows))
        shares: dict[int | None, float] = defaultdict(float)
        for total, by_age in kinds:
            weights = by_age if any(by_age.values()) else self.rows
            whole = sum(weights.values())
            for age, weight in weights.items():
                shares[age] += total * weight / whole if whole else 0.0
        return shares


def read(
    source: ReadOnlySession, strata: Sequence[Stratum], path: AgePath, now: datetime, *, tells_toast: bool
) -> Ages:
    """Ages of the sampled rows; errors as `ReadOnlySession.fetch`."""
    ages = Ages(rows=defaultdict(float), inline=defaultdict(float), toast=defaultdict(float), trusted=True)
    trusted = True
    for stratum in strata:
        grouped = list(_grouped(source, stratum, path, now, tells_toast=tells_toast))
        if path.steps:
            wanted = {key for key, *_ in grouped if key is not None}
            age_of = _looked_up(source, path, now, list(wanted))
            trusted = trusted and (path.rule != "name" or len(age_of) >= _KNOWN * len(wanted))
            grouped = [(age_of.get(key), *weights) for key, *weights in grouped]
        for age, *weights in grouped:
            for by_age, weight in zip((ages.rows, ages.inline, ages.toast), weights, strict=True):
                by_age[age] += stratum.factor * float(weight)
    return Ages(rows=ages.rows, inline=ages.inline, toast=ages.toast, trusted=trusted)


def _grouped(
    source: ReadOnlySession, stratum: Stratum, path: AgePath, now: datetime, *, tells_toast: bool
) -> Iterator[Row]:
    """(age or key, rows, bytes in the heap, bytes in TOAST) of the sample."""
    varying = [column for column in stratum.columns if column.length == -1]
    fixed = sum(column.length for column in stratum.columns if column.length > 0)
    out = [(f"pg_column_size({column.sql})", out_of_line(stratum, column, exact=tells_toast)) for column in varying]
    inline = [str(_HEADER + fixed), *(f"CASE WHEN {there} THEN 18 ELSE coalesce({size}, 0) END" for size, there in out)]
    toast = ["0", *(f"CASE WHEN {there} THEN {size} ELSE 0 END" for size, there in out)]
    select = (
        f"{_key(stratum, path, now)} AS k, {stratum.rows} AS n, {' + '.join(inline)} AS i, {' + '.join(toast)} AS t"
    )
    statement = "SELECT k, sum(n)::float8, sum(i)::float8, sum(t)::float8 FROM {arms} GROUP BY k"
    yield from stratum.sums(source, select, statement)


def _key(stratum: Stratum, path: AgePath, now: datetime) -> str:
    """SQL for the age of a row, or for the key under which it is looked up."""
    if path.steps:
        column = next((candidate for candidate in stratum.columns if candidate.name == path.steps[0].column.name), None)
        plain = column is not None and column.base == path.steps[0].column.base  # else it is packed in the columnstore
        return path.steps[0].column.sql if plain else "NULL"
    if not stratum.compressed:
        return age(path.time.sql, now)
    bounds = _batch_bounds(stratum, path.time)
    return age(f"({bounds[0]} + ({bounds[1]} - {bounds[0]}) / 2)", now) if bounds else "NULL::int"


def _batch_bounds(stratum: Stratum, time: Column) -> tuple[str, str] | None:
    """First and last moment of a batch of the columnstore, by the names of its metadata; its rows lie between."""
    parts = [{column.name: column.base for column in part.columns} for part in stratum.parts.values()]
    for number in range(1, 5):
        names = (f"_ts_meta_min_{number}", f"_ts_meta_max_{number}")
        if all(columns.get(name) == time.base for columns in parts for name in names):
            return names
    return None


def age(moment: str, now: datetime) -> str:
    """SQL for whole days from `moment` to `now`, negative in the future; NULL for an implausible moment."""
    whole = f"floor(extract(epoch FROM {literal(now.isoformat())}::timestamptz - ({moment})::timestamptz) / 86400)::int"
    first, end = _SANE
    return f"CASE WHEN {moment} >= '{first}' AND {moment} < '{end}' THEN {whole} END"


def _looked_up(
    source: ReadOnlySession, path: AgePath, now: datetime, keys: Sequence[object]
) -> dict[object, int | None]:
    """The age of each existing key, fetched in batches along the path."""
    first = path.steps[0]
    joins = [f"JOIN {first.parent.sql} p0 ON p0.{first.key.sql} = k"]
    joins += [
        f"JOIN {step.parent.sql} p{number} ON p{number}.{step.key.sql} = p{number - 1}.{step.column.sql}"
        for number, step in enumerate(path.steps[1:], 1)
    ]
    moment = age(f"p{len(path.steps) - 1}.{path.time.sql}", now)
    joined = escaped(f"AS k {' '.join(joins)} GROUP BY k")
    query = f"SELECT k, {escaped(f'max({moment})')} FROM unnest(%s::{escaped(first.column.type)}[]) {joined}"
    age_of: dict[object, int | None] = {}
    for start in range(0, len(keys), _LOOKUP):
        age_of |= dict(source.fetch(query, (keys[start : start + _LOOKUP],)))
    return age_of
