"""How source trees use a column, as values; standard library only."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

UNKNOWN = "lab_computed_name"
"""Placeholder in SQL for a part that the program computes when it runs."""

SIZE_ONLY = "its size, not its content"


class Access(StrEnum):
    """What a place in the sources does to the column."""

    READ = "read"
    WRITE = "write"
    DECLARE = "declare"
    UNCLEAR = "unclear"


class Place(StrEnum):
    """The kind of file that a hit is in; only code decides whether the application needs the column."""

    CODE = "code"
    TEST = "test"
    MIGRATION = "migration"
    DOCUMENT = "document"


class Reading(StrEnum):
    """The answer, from the strongest to the weakest evidence of a read."""

    READ = "read"
    PERHAPS = "perhaps read"
    LOADED = "loaded, not used by name"
    ELSEWHERE = "read by tests or migrations only"
    NOT_READ = "not read"
    UNKNOWN = "not mentioned"


@dataclass(frozen=True, kw_only=True)
class Source:
    """One text file of a tree."""

    path: str
    language: str
    """'Python', 'SQL', or the file's suffix."""
    place: Place
    text: str
    encoded: bool
    """Whether the bytes are valid in their encoding; if not, the text is a guess, good enough to search for words."""

    @cached_property
    def lines(self) -> Sequence[str]:
        """The text, line by line."""
        return self.text.split("\n")

    @cached_property
    def words(self) -> frozenset[str]:
        """Every word of the text, in lower case; an underscore belongs to a word."""
        return frozenset(re.findall(r"\w+", self.text.lower()))


@dataclass(frozen=True, kw_only=True)
class SkippedPath:
    """A file or folder that was skipped, or not parsed as its language, and why."""

    path: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class ColumnSearch:
    """The column to search for, and its tables in lower case."""

    column: str
    """As Python spells it."""
    tables: frozenset[str]


@dataclass(frozen=True, kw_only=True)
class Occurrence:
    """A place within one file."""

    line: int
    access: Access
    how: str
    whole: bool = False
    """Whether the whole row is taken, and so the column without naming it."""
    size_only: bool = False
    """Whether only the size of its content is read."""
    other_class: bool = False
    """Whether it is an attribute of a class that is no table."""


@dataclass(frozen=True, kw_only=True)
class Hit:
    """A place in the sources that touches the column."""

    path: str
    """Relative to the given folder; with several folders, it begins with as much of the folder's path as tells them apart."""
    line: int
    access: Access
    whole: bool
    """Whether the whole row is taken, and so the column without naming it: its content need not be used."""
    place: Place
    how: str
    text: str
    """The line."""
    size_only: bool = False
    """Whether only the size of its content is read."""
    other_class: bool = False
    """Whether it is an attribute of a class that is no table."""


@dataclass(frozen=True, kw_only=True)
class Usage:
    """Who writes and who reads a column, according to the sources."""

    column: str
    tables: tuple[str, ...]
    reading: Reading
    verdict: str
    """The answer as a sentence."""
    uncertainty: tuple[str, ...]
    """The limits of the answer, one sentence each."""
    hits: tuple[Hit, ...]
    """In the order of paths and lines."""
    files: Mapping[str, int]
    """Number of files searched, by language."""
    skipped: tuple[SkippedPath, ...]
    """Files and folders that were not searched."""
    unparsed: tuple[SkippedPath, ...]
    """Files searched by words only, although the lab has a parser for the language."""
    computed: Mapping[str, int]
    """Number of places, by kind, where the program computes a name when it runs; they may touch any column."""
