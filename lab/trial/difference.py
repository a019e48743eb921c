"""Finds one row in which an answer differs, so that a person sees the mistake and not only two digests.

It is called after a difference was found, and reads no more than that takes: a table is first compared in parts, then the
rows of one part, then the row is fetched from both sides.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import zip_longest

from lab.errors import LabError
from lab.postgres.database import Database, Row
from lab.postgres.sql import quoted
from lab.trial.questions import Loss, Questions, compared, hidden_by, qualified, shadow_of
from lab.trial.verify import TABLE
from lab.values import DifferingRow, DifferingValue
from lab.workload import Read

_PARTS = 1024
"""Of the rows of a table, by their hash."""
_COLUMNS = 8
"""That are shown of a row."""
_LETTERS = 60
"""That are shown of a value."""

_KEY = """
SELECT a.attname::text
FROM pg_index i
JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY(i.indkey)
WHERE i.indrelid = %s::regclass AND i.indisprimary
ORDER BY array_position(i.indkey::smallint[], a.attnum)
"""

_Named = Mapping[str, str | None]
"""Column to its value as text."""


@dataclass(frozen=True, kw_only=True)
class Side:
    """One of the two databases, and what it is asked."""

    database: Database
    asked: Questions
    loss: Loss
    applied: bool
    """Whether what is lost is gone already; it is hidden where not."""

    @property
    def hidden(self) -> Mapping[str, str]:
        """Table to the SELECT that is read in its place."""
        return self.asked.stand_ins if self.applied else hidden_by(self.asked, self.loss)

    @property
    def shadow(self) -> str:
        """The WITH clause that does it."""
        return shadow_of(self.hidden)


def differing_row(name: str, expected: Side, actual: Side) -> DifferingRow | None:
    """One row of the answer of that name that is not the same on both sides; None where none can be read."""
    with suppress(LabError):
        if name.startswith(TABLE):
            return _of_table(name, _Table(expected, name), _Table(actual, name))
        for read in expected.asked.reads:
            if read.name == name:
                return _of_read(read, expected, actual)
    return None


class _Table:
    """A table on one side, with the hash of each row."""

    def __init__(self, side: Side, name: str) -> None:
        table = name.removeprefix(TABLE)
        self.side, self.columns = side, compared(side.asked, side.loss, table)
        self.label = qualified(side.asked.schema, table)
        source = quoted(table) if table in side.hidden else self.label
        values = ", ".join(self.columns.values())
        texts = ", ".join(f"({value})::text AS {quoted(column)}" for column, value in self.columns.items())
        self._rows = f"(SELECT hash_record_extended(ROW({values}), 0) AS row_hash, {texts} FROM {source}) compared"

    def parts(self) -> dict[int, tuple[int, str]]:
        """Each part of the rows, to their number and the sum of their hashes."""
        sql = (
            f"SELECT row_hash & {_PARTS - 1}, count(*), sum(hashint8extended(row_hash, 0))::text FROM {self._rows}"
            " GROUP BY 1"
        )
        return {part: (rows, digest) for part, rows, digest in self._fetch(sql)}

    def hashes(self, part: int) -> Counter[int]:
        """Of the rows of a part, with how often each comes."""
        sql = f"SELECT row_hash, count(*) FROM {self._rows} WHERE row_hash & {_PARTS - 1} = {part} GROUP BY 1"
        return Counter(dict(self._fetch(sql)))

    def row(self, row_hash: int) -> _Named | None:
        """A row of that hash; None where there is none."""
        return self._first(f"row_hash = {row_hash}")

    @property
    def key(self) -> list[str]:
        """The columns of its primary key; none where it has none."""
        return [column for (column,) in self.side.database.fetch(_KEY, (self.label,))]

    def like(self, row: _Named, key: Sequence[str]) -> _Named | None:
        """The row with the same values in those columns; None without such a row, or without columns."""
        if not key or not set(key) <= row.keys():
            return None
        return self._first(
            " AND ".join(f"{quoted(column)} = %s" for column in key), [str(row[column]) for column in key]
        )

    def _first(self, condition: str, params: Sequence[str] = ()) -> _Named | None:
        names = ", ".join(map(quoted, self.columns))
        rows = self._fetch(f"SELECT {names} FROM {self._rows} WHERE {condition} LIMIT 1", params)
        return dict(zip(self.columns, rows[0], strict=True)) if rows else None

    def _fetch(self, sql: str, params: Sequence[str] = ()) -> list[Row]:
        shadow = self.side.shadow
        if not params:
            return self.side.database.fetch(shadow + sql)
        return self.side.database.fetch(shadow.replace("%", "%%") + sql, params)


def _of_table(name: str, expected: _Table, actual: _Table) -> DifferingRow | None:
    wanted, there = expected.parts(), actual.parts()
    part = next((part for part in sorted({*wanted, *there}) if wanted.get(part) != there.get(part)), None)
    if part is None:
        return None
    before, after = expected.hashes(part), actual.hashes(part)
    key = expected.key
    for row_hash in sorted((before - after) or (after - before)):
        left, right = expected.row(row_hash), actual.row(row_hash)
        changed = not (left and right)
        if changed:
            left, right = left or expected.like(right or {}, key), right or actual.like(left or {}, key)
        return _pair(
            name,
            left,
            right,
            counts=(int(left is not None), int(right is not None)) if changed else (before[row_hash], after[row_hash]),
            key=key,
        )
    return None


def _of_read(read: Read, expected: Side, actual: Side) -> DifferingRow | None:
    (columns, wanted), (others, there) = _asked(read, expected), _asked(read, actual)
    for left, right in zip_longest(wanted, there):
        if _normal(left) != _normal(right):
            return _pair(
                read.name,
                None if left is None else dict(zip(columns, map(_text, left), strict=True)),
                None if right is None else dict(zip(others, map(_text, right), strict=True)),
                counts=(int(left is not None), int(right is not None)),
                key=(),
            )
    return None


def _asked(read: Read, side: Side) -> tuple[tuple[str, ...], list[Row]]:
    hiding = side.shadow.replace("%", "%%")
    return side.database.named(hiding + read.text(side.loss.columns), read.params)


def _normal(row: Row | None) -> object:
    """Numbers compare by value, objects without regard to the order of their keys, as in the verification."""
    return json.loads(json.dumps(row, default=str), parse_int=float)


def _text(value: object) -> str | None:
    return value if value is None or isinstance(value, str) else json.dumps(value, default=str)


def _pair(
    name: str, expected: _Named | None, actual: _Named | None, *, counts: tuple[int, int], key: Sequence[str]
) -> DifferingRow:
    """The row of both sides with its key and what differs first, in so few columns and letters that it can be read."""
    before, after = expected or {}, actual or {}
    columns = list(before or after)
    differing = [column for column in columns if expected and actual and before.get(column) != after.get(column)]
    chosen = list(dict.fromkeys((*key, *differing, *columns)))[: max(_COLUMNS, len(key) + 1)]
    values = tuple(
        DifferingValue(
            column=column,
            expected=_shown(before.get(column), after.get(column)),
            found=_shown(after.get(column), before.get(column)),
            differs=column in differing,
        )
        for column in chosen
        if column in columns
    )
    return DifferingRow(
        answer=name,
        expected_times=counts[0],
        found_times=counts[1],
        values=values,
        more_columns=len(columns) - len(values),
        more_differ=len(differing) - sum(value.differs for value in values),
    )


def _shown(value: str | None, other: str | None) -> str | None:
    """The value, or where it is long the part in which it begins to differ from the other one."""
    if value is None or len(value) <= _LETTERS:
        return value
    same = next((place for place, (a, b) in enumerate(zip(value, other or "", strict=False)) if a != b), 0)
    first = max(0, min(same - _LETTERS // 3, len(value) - _LETTERS))
    last = first + _LETTERS
    return f"{'…' if first else ''}{value[first:last]}{'…' if last < len(value) else ''}"
