"""The statements by which the application writes after a strategy, as a file that is executed without writing anything."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from lab.discovery.plan.layout import commented, terminated
from lab.values.client import ClientStep
from lab.values.declared import Action, Writing, staged_name

_STAGED = """-- What a writer is about to write. Here it stays empty, with the columns of the table as it is now. The statements
-- expect rows of the table as it was before: of changed rows the key and the new values, of deleted ones the key.
-- Every transaction is READ COMMITTED: another level does not see what was committed while it waited for a lock."""


def writing_blocks(
    writing: Mapping[str, Writing], tables: Collection[str], parents: Mapping[str, str]
) -> tuple[str, ...]:
    """All of them, in one transaction that is rolled back; nothing where each table is written as before.

    What a writer is about to write lies in temporary tables, of any of these `tables`. They stay empty: so the file shows that
    the server takes the statements. Rows are stored after those of their table's parent, and deleted before them.
    """
    ordered = sorted(writing.items(), key=lambda item: item[0] in parents)
    blocks = list(_blocks(ordered))
    staged = "\n".join((_STAGED, *_staged(tables, "\n".join(blocks))))
    return ("BEGIN;", staged, *blocks, "ROLLBACK;") if blocks else ()


def _blocks(writing: Sequence[tuple[str, Writing]]) -> Iterator[str]:
    for table, parts in writing:
        yield from _titled(f"{table}: once for each connection.", parts.prepare)
    for table, parts in writing:
        yield from _titled(f"{table}: first in each transaction that writes or deletes rows.", parts.turn)
    for table, parts in writing:
        yield from (_by_client(table, step) for step in parts.client)
        yield from _titled(f"{table}: store new rows.", parts.insert)
    for table, parts in writing:
        yield from _titled(f"{table}: change rows.", parts.update)
    for table, parts in writing:
        yield from _titled(f"{table}: before any rows are deleted.", parts.collect)
    for table, parts in reversed(writing):
        yield from _titled(f"{table}: delete rows.", parts.delete)
    for table, parts in writing:
        yield from _titled(f"{table}: after all rows were deleted, in the same transaction.", parts.release)


def _staged(tables: Iterable[str], statements: str) -> Iterator[str]:
    """Those that the statements name."""
    for name, table in ((staged_name(action, table), table) for table in tables for action in Action):
        if name in statements:
            yield f"CREATE TEMP TABLE {name} AS SELECT * FROM {table} WITH NO DATA;"


def _titled(title: str, statements: Sequence[str]) -> Iterator[str]:
    if statements:
        yield "\n\n".join((f"-- {title}", *map(terminated, statements)))


def _by_client(table: str, step: ClientStep) -> str:
    return (
        f"-- {table}: the writer does this in Python: {step.name}. What it makes of the rows of the query goes into"
        f" {step.into} ({', '.join(step.columns)}).\n{commented(step.read)}"
    )
