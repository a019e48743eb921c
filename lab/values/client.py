"""What a strategy lets a client do, because the server cannot: convert rows, and read a column that it stores in another form."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeAlias

Row: TypeAlias = tuple[Any, ...]
Fetch: TypeAlias = Callable[[str, Sequence[object]], list[Row]]
"""Runs one query with parameters (%s) and returns all its rows."""
Convert: TypeAlias = Callable[[Iterable[Row]], Iterator[Row]]
"""Makes rows out of rows, one after the other."""
Decode: TypeAlias = Callable[[Sequence[bytes]], Sequence[str]]
"""The texts that were stored as these bytes, in their order."""


@dataclass(frozen=True, kw_only=True)
class ClientStep:
    """Work of a client: it reads the rows of a query, converts them, and copies what it makes into a table."""

    name: str
    """What it does, in words: 'pack the documents of readings'."""
    read: str
    """The query; its rows come in its order and a few at a time. It names nothing of the sample."""
    convert: Callable[[Fetch], Convert]
    """Called once per connection: what it fetches stands for what such a client keeps in its memory."""
    into: str
    columns: tuple[str, ...]
    """Of the table `into`, in the order of the converted rows."""


_DECODED = 16
"""Values that are decoded at once: documents may be long."""


@dataclass(frozen=True, kw_only=True)
class Decoding:
    """How a client reads a column whose values the database stores as bytes (bytea)."""

    key: str
    """A column of the same table that says which row it is: whole numbers, each once."""
    open: Callable[[Fetch], Decode]
    """Called once per connection, as `ClientStep.convert` is."""

    def convert(self, fetch: Fetch) -> Convert:
        """From rows of (key, bytes) to rows of (key, text)."""
        decode = self.open(fetch)

        def convert(rows: Iterable[Row]) -> Iterator[Row]:
            left = iter(rows)
            while batch := list(islice(left, _DECODED)):
                yield from zip((key for key, _ in batch), decode([value for _, value in batch]), strict=True)

        return convert
