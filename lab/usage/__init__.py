"""Who writes and who reads a column, by the source trees of its application; knows no database."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from lab.errors import InputError
from lab.usage import files, python, sql, text, verdict
from lab.usage.python.module import UnparsableError
from lab.usage.python.schema import gather
from lab.usage.values import TABLES, Found, Hit, Passed, Source, Target, Usage

__all__ = ["Usage", "look"]


def look(roots: Sequence[Path], columns: Sequence[str], tables: Sequence[str] = ()) -> tuple[Usage, ...]:
    """How the sources below `roots` use each column; `tables` narrows it to columns of these tables.

    Without `tables`, the column's tables are those that the sources declare with it, or else the odds snapshots'.
    Errors: `InputError` where a root does not exist or a name is not one of SQL.
    """
    for name in (*columns, *tables):
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
            raise InputError(
                f"{name!r} is not the name of a column or table.", hint="Give it without schema and quotes."
            )
    sources, skipped = files.collect(roots)
    narrow = frozenset(table.lower() for table in tables)
    return tuple(_usage(sources, skipped, column.lower(), narrow) for column in columns)


def _usage(sources: Sequence[Source], skipped: Iterable[Passed], column: str, tables: frozenset[str]) -> Usage:
    made = _made(sources, column)
    schema = gather([one for one in sources if one.language == "Python"], column, tables, made or frozenset(TABLES))
    named = tables or schema.tables | made or frozenset(TABLES)
    target = Target(column=column, tables=named)
    hits: list[Hit] = []
    unparsed: list[Passed] = []
    computed: Counter[str] = Counter()
    for source in sources:
        found: Iterable[Found] = ()
        try:
            if source.language == "Python" and python.relevant(source, target, schema):
                seen = python.look(source, target, schema)
                found = seen.found
                computed += seen.computed
            elif source.language == "SQL" and not source.words.isdisjoint((column, *named)):
                found = _sql(source, target, unparsed)
            elif source.language not in ("Python", "SQL"):
                found = text.look(source, target, schema.heavy)
        except (UnparsableError, RecursionError) as error:
            unparsed.append(Passed(path=source.path, reason=str(error)))
            found = text.look(source, target, schema.heavy)
        hits += _hits(source, found)
    worded = sum(one.language not in ("Python", "SQL") for one in sources)
    return Usage(
        column=column,
        tables=tuple(sorted(named)),
        reading=verdict.reading(hits),
        verdict=verdict.sentence(column, hits),
        uncertainty=tuple(verdict.uncertainty(hits, unparsed, computed, worded)),
        hits=tuple(hits),
        files=dict(Counter(one.language for one in sources).most_common()),
        skipped=tuple(skipped),
        unparsed=tuple(unparsed),
        computed=dict(computed),
    )


def _sql(source: Source, target: Target, unparsed: list[Passed]) -> list[Found]:
    found, count = sql.look(source.text, target)
    if count:
        reason = f"{count} {'statement is' if count == 1 else 'statements are'} a function's or no SQL of PostgreSQL"
        unparsed.append(Passed(path=source.path, reason=reason))
    return found


def _made(sources: Sequence[Source], column: str) -> frozenset[str]:
    """Tables that SQL or a migration makes with the column."""
    return frozenset().union(*(_made_by(one, column) for one in sources if column in one.words))


def _made_by(source: Source, column: str) -> set[str]:
    try:
        if source.language == "SQL":
            return sql.tables(source.text, column)
        return set(python.tables(source, column)) if source.language == "Python" else set()
    except (UnparsableError, RecursionError):
        return set()  # reported where the file is looked through by words


def _hits(source: Source, found: Iterable[Found]) -> list[Hit]:
    """In the order of lines, each once."""
    return [
        Hit(
            path=source.path,
            line=one.line,
            access=one.access,
            whole=one.whole,
            place=source.place,
            how=one.how,
            text=source.lines[one.line - 1].strip()[:200],
        )
        for one in sorted(dict.fromkeys(found), key=lambda one: one.line)
    ]
