"""The statements by which the application writes after a strategy, as a file that is executed without writing anything."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from lab.values.client import ClientStep
from lab.values.declared import Action, Writing, staged_name


def writing_blocks(writing: Mapping[str, Writing], tables: Iterable[str]) -> tuple[str, ...]:
    """All of them, table by table, in one transaction that is rolled back; nothing where each table is written as before.

    What a writer is about to write lies in temporary tables, of any of these `tables`. They stay empty: so the file shows that
    the server takes the statements.
    """
    blocks = [block for table, parts in writing.items() for block in _of_table(table, parts)]
    staged = tuple(_staged(tables, "\n".join(blocks)))
    return ("BEGIN;", *staged, *blocks, "ROLLBACK;") if blocks else ()


def _staged(tables: Iterable[str], statements: str) -> Iterator[str]:
    """Those that the statements name."""
    for table in tables:
        named = [name for action in Action if (name := staged_name(action, table)) in statements]
        if named:
            creations = (f"CREATE TEMP TABLE {name} (LIKE {table});" for name in named)
            yield "\n".join((f"-- {table}: what a writer is about to write.", *creations))


def _of_table(table: str, parts: Writing) -> Iterator[str]:
    yield from _titled(f"{table}: once for each connection.", parts.prepare)
    yield from (_by_client(table, step) for step in parts.client)
    yield from _titled(f"{table}: store new rows.", parts.insert)
    yield from _titled(f"{table}: change rows.", parts.update)
    yield from _titled(f"{table}: before rows are deleted, remove what only they need.", parts.release)
    yield from _titled(f"{table}: delete rows.", parts.delete)


def _titled(title: str, statements: Sequence[str]) -> Iterator[str]:
    if statements:
        yield "\n\n".join((f"-- {title}", *(f"{sql.strip().removesuffix(';')};" for sql in statements)))


def _by_client(table: str, step: ClientStep) -> str:
    query = "\n".join(f"--   {line}" for line in step.read.strip().splitlines())
    return (
        f"-- {table}: the writer does this in Python: {step.name}. What it makes of the rows of the query goes into"
        f" {step.into} ({', '.join(step.columns)}).\n{query}"
    )
