"""What was found about a column in source trees; standard library only."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

UNKNOWN = "lab_computed_name"
"""Stands in SQL for what a program puts in there when it runs."""

SIZE_ONLY = "its size, not its content"


class Access(StrEnum):
    """What a place in the sources does to the column."""

    READ = "read"
    WRITE = "write"
    DECLARE = "declare"
    UNCLEAR = "unclear"


class Place(StrEnum):
    """What kind of file a hit lies in; only code decides whether the application needs the column."""

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
    """Whether the bytes were what their encoding says; otherwise the text is a guess, good enough to look for words."""

    @cached_property
    def lines(self) -> Sequence[str]:
        """The text, line by line."""
        return self.text.split("\n")

    @cached_property
    def words(self) -> frozenset[str]:
        """Every word of the text, in lower case; an underscore belongs to a word."""
        return frozenset(re.findall(r"\w+", self.text.lower()))


@dataclass(frozen=True, kw_only=True)
class Passed:
    """A file or folder that was not looked at, or not as its language, and why."""

    path: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Target:
    """The column that is looked for and its tables, these in lower case."""

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
    """Relative to the folder that was given; with several folders, as much of the folder's path first as tells which."""
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
    """Who writes and who reads a column, as far as its sources say."""

    column: str
    tables: tuple[str, ...]
    reading: Reading
    verdict: str
    """The answer as a sentence."""
    uncertainty: tuple[str, ...]
    """What the answer does not know, one sentence each."""
    hits: tuple[Hit, ...]
    """In the order of paths and lines."""
    files: Mapping[str, int]
    """Files looked at, by language."""
    skipped: tuple[Passed, ...]
    """Not looked at."""
    unparsed: tuple[Passed, ...]
    """Looked through by words only, although the language has a parser here."""
    computed: Mapping[str, int]
    """Places where a name is computed when the program runs, by kind; what they touch is not known."""
