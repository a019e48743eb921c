"""Looks for a column in the sources of an application."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from lab.errors import InputError
from lab.units import counted
from lab.usage import files, python, sql, text, verdict
from lab.usage.python.module import UnparsableError
from lab.usage.python.schema import Schema, gather
from lab.usage.values import ColumnSearch, Hit, Occurrence, SkippedPath, Source, Usage


def look(
    roots: Sequence[Path], columns: Sequence[str], tables: Sequence[str] = (), *, assumed: Sequence[str] = ()
) -> tuple[Usage, ...]:
    """How the sources below `roots` use each column; `tables` narrows the search to columns of these tables.

    Without `tables`, the column's tables are those that the sources declare with it, or else the `assumed` ones.
    A column is spelled as in Python; SQL ignores upper and lower case.
    Errors: `InputError` where a root does not exist or a name is not one of SQL.
    """
    for name in (*columns, *tables):
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
            raise InputError(
                f"{name!r} is not the name of a column or table.", hint="Write it without schema and quotes."
            )
    sources, skipped = files.collect(roots)
    narrow = frozenset(table.lower() for table in tables)
    guessed = tuple(table.lower() for table in assumed)
    return tuple(_usage(sources, skipped, column, narrow, guessed) for column in columns)


def _usage(
    sources: Sequence[Source],
    skipped: Sequence[SkippedPath],
    column: str,
    tables: frozenset[str],
    assumed: tuple[str, ...],
) -> Usage:
    created = _created(sources, column)
    schema = gather(
        [source for source in sources if source.language == "Python"], column, tables, created or frozenset(assumed)
    )
    declared = tables or schema.tables | created
    search = ColumnSearch(column=column, tables=declared or frozenset(assumed))
    seen = [_seen(source, search, schema) for source in sources]
    hits = [hit for source, view in zip(sources, seen, strict=True) for hit in _hits(source, view.occurrences)]
    limits = verdict.Limits(
        assumed=None if declared else assumed,
        unfollowed=tuple(sorted({name for source in sources for name in python.unfollowed(source)})),
        unparsed=tuple(view.unparsed for view in seen if view.unparsed),
        skipped=tuple(skipped),
        computed=sum((view.computed for view in seen), Counter[str]()),
        worded=sum(source.language not in ("Python", "SQL") for source in sources),
    )
    return Usage(
        column=column,
        tables=tuple(sorted(search.tables)),
        reading=verdict.reading(hits),
        verdict=verdict.sentence(column, hits, limits),
        uncertainty=tuple(verdict.uncertainty(hits, limits)),
        hits=tuple(hits),
        files=dict(Counter(source.language for source in sources).most_common()),
        skipped=limits.skipped,
        unparsed=limits.unparsed,
        computed=dict(limits.computed),
    )


@dataclass(frozen=True, kw_only=True)
class _Seen:
    """The findings in one file."""

    occurrences: Iterable[Occurrence] = ()
    computed: Counter[str] = field(default_factory=Counter)
    unparsed: SkippedPath | None = None


def _seen(source: Source, search: ColumnSearch, schema: Schema) -> _Seen:
    if source.language not in ("Python", "SQL"):
        return _Seen(occurrences=text.look(source, search, schema.eager_models))
    try:
        return _sql(source, search) if source.language == "SQL" else _python(source, search, schema)
    except (UnparsableError, RecursionError) as error:
        unparsed = SkippedPath(path=source.path, reason=str(error))
        return _Seen(occurrences=text.look(source, search, schema.eager_models), unparsed=unparsed)


def _python(source: Source, search: ColumnSearch, schema: Schema) -> _Seen:
    if not python.relevant(source, search, schema):
        return _Seen()
    seen = python.look(source, search, schema)
    return _Seen(occurrences=seen.occurrences, computed=seen.computed)


def _sql(source: Source, search: ColumnSearch) -> _Seen:
    if source.words.isdisjoint((search.column.lower(), *search.tables)):
        return _Seen()
    occurrences, count = sql.look(source.text, search)
    reason = f"{counted(count, 'statement')} with the body of a function, or in SQL that does not parse"
    return _Seen(occurrences=occurrences, unparsed=SkippedPath(path=source.path, reason=reason) if count else None)


def _created(sources: Sequence[Source], column: str) -> frozenset[str]:
    """Tables that SQL or a migration creates with the column."""
    return frozenset().union(*(_created_by(source, column) for source in sources if column.lower() in source.words))


def _created_by(source: Source, column: str) -> set[str]:
    try:
        if source.language == "SQL":
            return sql.tables(source.text, column)
        return set(python.tables(source, column)) if source.language == "Python" else set()
    except (UnparsableError, RecursionError):
        return set()  # reported where the file is searched by words


def _hits(source: Source, occurrences: Iterable[Occurrence]) -> list[Hit]:
    """The distinct hits, in the order of lines."""
    return [
        Hit(
            path=source.path,
            line=occurrence.line,
            access=occurrence.access,
            whole=occurrence.whole,
            size_only=occurrence.size_only,
            other_class=occurrence.other_class,
            place=source.place,
            how=occurrence.how,
            text=source.lines[occurrence.line - 1].strip()[:200],
        )
        for occurrence in sorted(dict.fromkeys(occurrences), key=lambda occurrence: occurrence.line)
    ]
