"""Which values leave their rows, for good or for files outside of the database, and which stay: counted before and after."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from lab.postgres.database import Database
from lab.postgres.sql import quoted
from lab.trial.questions import Loss, Questions, qualified, rows_left
from lab.values import Mismatch


def valued(database: Database, asked: Questions, loss: Loss, leaving: Mapping[str, str]) -> dict[str, int]:
    """Of each column whose values are to leave some rows (`emptied` or `moved`), the number of the other rows; asked before."""
    return {
        name: database.value(
            f"SELECT count(*) FROM {rows_left(asked, loss, name.partition('.')[0])} t WHERE ({condition}) IS NOT TRUE"
        )
        for name, condition in leaving.items()
    }


def staying(database: Database, asked: Questions, loss: Loss, *, applied: bool) -> dict[str, tuple[int, int]]:
    """Of each column that is to be moved in some rows, the values that are in the database: those that stay, and the others.

    Where it is not `applied` yet, the others are 0, as they must be afterwards.
    """
    counted = {}
    for name, condition in loss.moved.items():
        table, _, column = name.partition(".")
        rows = qualified(asked.schema, table) if applied else rows_left(asked, loss, table)
        counts = (f"count(t.{quoted(column)}) FILTER (WHERE ({condition}) IS {what} TRUE)" for what in ("NOT", ""))
        ((stay, others),) = database.fetch(f"SELECT {', '.join(counts)} FROM {rows} t")
        counted[name] = stay, others if applied else 0
    return counted


def misplaced(actual: Mapping[str, tuple[int, int]], expected: Mapping[str, tuple[int, int]]) -> Iterator[Mismatch]:
    """Values that left the database although they must stay, or the other way round."""
    for name, (stay, others) in expected.items():
        if actual[name] != (stay, others):
            texts = (f"{stayed} that stay, {moved} others" for stayed, moved in (expected[name], actual[name]))
            yield Mismatch(name=f"values of {name} in the database", expected=next(texts), found=next(texts))
