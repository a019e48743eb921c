"""The indexes of a profiled database: those that the usual schema has and it lacks, its own, and those not imitated."""

from __future__ import annotations

from collections.abc import Iterator

from data_gen import schema
from data_gen.calibration.facts import SCRAPES, Facts
from data_gen.calibration.notes import Notes
from data_gen.facts import COMPETITOR_MARKETS, COMPETITORS, HOME, HOME_MARKETS
from lab.sql.indexes import IndexDefinition, index_definition

_TABLES = (HOME, HOME_MARKETS, COMPETITORS, COMPETITOR_MARKETS, SCRAPES)
"""The tables whose indexes are large enough to matter."""
_METHODS = ("btree", "brin", "hash")


def index_set(facts: Facts, notes: Notes) -> dict[str, tuple[str, ...]]:
    """The parameters of a workload that describe how its indexes differ from the usual ones."""
    if facts.profile.source == "published":
        notes.assume("Indexes", f"the usual ones, as in case {notes.base}")
        return {}
    usual = {index_definition(statement): statement for statement in (*schema.INDEXES, *schema.PACKED_INDEXES)}
    known = {*usual, index_definition(schema.LATE_INDEX)}
    profiled = {sql: index_definition(sql) for table in _TABLES for sql in _statements(facts, table)}
    lacking = tuple(
        sql for index, sql in usual.items() if index and index.table in _TABLES and index not in profiled.values()
    )
    unusual = {sql: index for sql, index in profiled.items() if index not in known}
    more = tuple(dict.fromkeys(_creating(index) for index in unusual.values() if index and _can_be_made(index)))
    differing = "; ".join([*(f"none by {sql}" for sql in lacking), *(f"one more by {sql}" for sql in more)])
    notes.take("Indexes", f"{differing or 'the usual ones'}")
    for sql, index in unusual.items():
        if index is None or not _can_be_made(index):
            notes.assume(_creating(index) if index else sql, "not imitated")
    return {"without_indexes": lacking, "more_indexes": more}


def _statements(facts: Facts, table: str) -> Iterator[str]:
    """Those that create the indexes of the table, but for its primary key."""
    profiled = facts.profile.of(table)
    return (index.definition for index in (profiled.indexes if profiled else ()) if not index.primary)


def _creating(index: IndexDefinition) -> str:
    """The statement that creates it, without a name, and without the promise that its values are unique."""
    return f"CREATE INDEX ON {index.table} USING {index.method} {index.parts}"


def _can_be_made(index: IndexDefinition) -> bool:
    """Whether it indexes only plain columns that the generator fills."""
    return index.method in _METHODS and index.columns is not None and index.columns <= schema.indexable(index.table)
