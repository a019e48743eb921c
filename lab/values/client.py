"""What a strategy lets a client do, because the server cannot: convert rows, and read a column that it stores in another form."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any, TypeAlias

Row: TypeAlias = tuple[Any, ...]
Fetch: TypeAlias = Callable[[str, Sequence[object]], list[Row]]
"""Runs one query with parameters (%s) and returns all its rows."""


@dataclass(frozen=True, kw_only=True)
class Client:
    """What a client works with: a connection to the database, and a folder outside of it."""

    fetch: Fetch
    outside: Path
    """Files here count as bytes outside of the database. Each lies in a folder that is called like the table whose rows it
    grows with."""


Convert: TypeAlias = Callable[[Iterable[Row]], Iterator[Row]]
"""Makes rows out of rows, one after the other."""
Decode: TypeAlias = Callable[[Sequence[bytes]], Sequence[str]]
"""The texts that were stored as these bytes, in their order."""
Lookup: TypeAlias = Callable[[Sequence[int]], Mapping[int, str]]
"""By key, the texts that were moved out of the database; a key without one is absent."""


@dataclass(frozen=True, kw_only=True)
class ClientStep:
    """Work of a client: it reads the rows of a query, converts them, and copies what it makes into a table."""

    name: str
    """What it does, in words: 'pack the documents of readings'."""
    read: str
    """The query for what is left to do: without what `into` already has of it. Its rows come in its order and a few at a time.
    It names nothing of the sample."""
    convert: Callable[[Client], Convert]
    """Called once per connection: what it fetches stands for what such a client keeps in its memory."""
    into: str
    columns: tuple[str, ...]
    """Of the table `into`, in the order of the converted rows."""
    key: str = ""
    """Which of the steps in `Scenario.client` it is: 'pack-readings'. A plan and its programs know it by this."""
    files: bool = False
    """Whether it works with files in `Client.outside`."""

    @property
    def words(self) -> str:
        """What it does, and where to."""
        return f"{self.name} into {self.into} ({', '.join(self.columns)})"


def _batches(rows: Iterable[Row], size: int) -> Iterator[list[Row]]:
    left = iter(rows)
    while batch := list(islice(left, size)):
        yield batch


_DECODED = 16
"""Values that are decoded at once: documents may be long."""


@dataclass(frozen=True, kw_only=True)
class Decoding:
    """How a client reads a column whose values the database stores as bytes (bytea)."""

    key: str
    """A column of the same table that says which row it is: whole numbers, each once."""
    open: Callable[[Client], Decode]
    """Called once per connection, as `ClientStep.convert` is."""

    def convert(self, client: Client) -> Convert:
        """From rows of (key, bytes) to rows of (key, text)."""
        decode = self.open(client)

        def convert(rows: Iterable[Row]) -> Iterator[Row]:
            for batch in _batches(rows, _DECODED):
                yield from zip((key for key, _ in batch), decode([value for _, value in batch]), strict=True)

        return convert


_LOOKED_UP = 256
"""Keys that are looked up at once: a file is opened for all of them, and documents may be long."""


@dataclass(frozen=True, kw_only=True)
class Archive:
    """How a client reads the values of a column that were moved out of the database; there they are NULL."""

    key: str
    """As `Decoding.key`."""
    moved: Callable[[datetime], str]
    """For the present, the condition on a row `t` whose value is outside; those of all other rows must stay."""
    open: Callable[[Client], Lookup]
    """Called once per connection, as `ClientStep.convert` is."""

    def convert(self, client: Client) -> Convert:
        """From rows of (key,) to rows of (key, text), without the keys that have no text."""
        look_up = self.open(client)

        def convert(rows: Iterable[Row]) -> Iterator[Row]:
            for batch in _batches(rows, _LOOKED_UP):
                yield from look_up([key for (key,) in batch]).items()

        return convert
