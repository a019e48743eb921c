"""The indexes of a profiled database: those that the usual schema has and it lacks, its own, and those not imitated."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from data_gen import schema
from data_gen.calibration.facts import SCRAPES, Facts
from data_gen.calibration.notes import Notes
from data_gen.facts import COMPETITOR_MARKETS, COMPETITORS, HOME, HOME_MARKETS

_TABLES = (HOME, HOME_MARKETS, COMPETITORS, COMPETITOR_MARKETS, SCRAPES)
"""The tables whose indexes are large enough to matter."""
_STATEMENT = re.compile(
    r'CREATE (?:UNIQUE )?INDEX (?:(?:"(?:[^"]|"")*"|[^\s"]+) )?ON (?:ONLY )?(?:public\.)?(?P<table>\w+)'
    r"(?: USING (?P<method>\w+))? (?P<rest>\(.*)"
)
_ORDER = r"(?: (?:ASC|DESC))?(?: NULLS (?:FIRST|LAST))?"
_PLAIN = re.compile(
    rf"\((?P<key>\w+{_ORDER}(?:, \w+{_ORDER})*)\)(?: INCLUDE \((?P<more>\w+(?:, \w+)*)\))?"
    r"(?: WITH \([\w ='.,]+\))?(?: WHERE \((?P<where>\w+) IS (?:NOT )?NULL\))?"
)
_METHODS = ("btree", "brin", "hash")


@dataclass(frozen=True)
class _Index:
    """An index without its name, and without the promise that its values are unique."""

    table: str
    method: str
    rest: str

    @property
    def shape(self) -> tuple[str, str, str]:
        """Equal for two statements that create the same index, however they are written."""
        return self.table, self.method, re.sub(r"[\s()']", "", self.rest)

    @property
    def sql(self) -> str:
        """The statement that creates it."""
        return f"CREATE INDEX ON {self.table} USING {self.method} {self.rest}"

    @property
    def can_be_made(self) -> bool:
        """Whether it indexes only plain columns that the generator fills."""
        plain = _PLAIN.fullmatch(self.rest)
        if plain is None or self.method not in _METHODS:
            return False
        listed = ", ".join(part for part in plain.group("key", "more", "where") if part)
        return {words.split()[0] for words in listed.split(", ")} <= schema.indexable(self.table)


def index_set(facts: Facts, notes: Notes) -> dict[str, tuple[str, ...]]:
    """The parameters of a workload that describe how its indexes differ from the usual ones."""
    if facts.profile.source == "published":
        notes.assume("Indexes", f"the usual ones, as in case {notes.base}")
        return {}
    usual = {_read(statement).shape: statement for statement in (*schema.INDEXES, *schema.PACKED_INDEXES)}
    profiled = {index.shape: index for table in _TABLES for index in _indexes(facts, table)}
    lacking = tuple(sql for shape, sql in usual.items() if shape[0] in _TABLES and shape not in profiled)
    unusual = [index for shape, index in profiled.items() if shape not in (*usual, _read(schema.LATE_INDEX).shape)]
    more = tuple(index.sql for index in unusual if index.can_be_made)
    differing = "; ".join([*(f"none by {sql}" for sql in lacking), *(f"one more by {sql}" for sql in more)])
    notes.take("Indexes", f"{differing or 'the usual ones'}")
    for index in unusual:
        if not index.can_be_made:
            notes.assume(index.sql, "not imitated")
    return {"without_indexes": lacking, "more_indexes": more}


def _indexes(facts: Facts, table: str) -> Iterator[_Index]:
    profiled = facts.profile.of(table)
    return (_read(index.definition) for index in (profiled.indexes if profiled else ()) if not index.primary)


def _read(statement: str) -> _Index:
    match = _STATEMENT.fullmatch(statement)
    if match is None:  # such an index is never imitated
        return _Index(statement, "", "")
    return _Index(match["table"], match["method"] or "btree", match["rest"])
