"""What Python sources do to a column, by their syntax trees."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from lab.usage.python import names as named
from lab.usage.python import strings, whole
from lab.usage.python.evidence import evidence
from lab.usage.python.module import parse
from lab.usage.python.schema import Schema
from lab.usage.values import ColumnSearch, Occurrence, Source

COMPUTED = re.compile(r"\b(getattr|setattr|exec|eval)\b|\bfrom\s*[\"']?\s*[{%+]", re.IGNORECASE)

UNFOLLOWED = {"django": "Django", "peewee": "Peewee", "playhouse": "Peewee", "pony": "Pony", "tortoise": "Tortoise"}
"""Modules of mappers whose loads the search does not follow, and the names of the mappers."""
IMPORTED = re.compile(rf"^\s*(?:from|import)\s+({'|'.join(UNFOLLOWED)})\b", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class Look:
    """The uses of the column in one file, and the number of computed names, by kind."""

    occurrences: tuple[Occurrence, ...]
    computed: Counter[str]


def relevant(source: Source, search: ColumnSearch, schema: Schema) -> bool:
    """Whether the file contains a word that any rule looks for."""
    names = (
        search.column,
        *schema.names,
        *search.tables,
        *schema.eager_models,
        *schema.relations,
        *schema.class_aliases,
    )
    return COMPUTED.search(source.text) is not None or not source.words.isdisjoint(map(str.lower, names))


def look(source: Source, search: ColumnSearch, schema: Schema) -> Look:
    """Everything that one file does to the column.

    Errors: `UnparsableError` where it is not Python of today.
    """
    module = parse(source)
    facts = evidence(module, schema)
    occurrences = [
        occurrence
        for node in module.nodes
        for rule in (named.look(node, search.column, facts), whole.look(node, facts))
        for occurrence in rule
    ]
    occurrences += strings.look(module, search, facts)
    return Look(occurrences=tuple(occurrences), computed=Counter(filter(None, map(whole.computed, module.nodes))))


def tables(source: Source, column: str) -> Iterator[str]:
    """Tables that SQL in the file's strings creates with the column."""
    yield from strings.tables(parse(source), column)


def unfollowed(source: Source) -> set[str]:
    """The imported mappers whose loads the search does not follow."""
    return {UNFOLLOWED[name] for name in IMPORTED.findall(source.text)} if source.language == "Python" else set()
