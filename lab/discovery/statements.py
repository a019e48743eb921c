"""How to undo a statement of a strategy."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lab.values import ExecutedStatement, StatementKind

_NAME = r'(?:ONLY |IF EXISTS |public\.)*"?(\w+)"?'


@dataclass(frozen=True, kw_only=True)
class Rollback:
    """How to undo one kind of statement."""

    pattern: str
    words: str
    """With {table} if the pattern captures one, and {bytes} for its size."""
    irreversible: bool = False
    """Whether it cannot be undone once it is committed."""
    application_only: bool = False
    """Whether it concerns only the application's tables."""


_ROLLBACKS = (
    Rollback(
        pattern=rf"ALTER TABLE {_NAME} DROP COLUMN",
        words="{table}: no rollback, because a dropped column is gone. Copy it elsewhere first if anybody may need it.",
        irreversible=True,
    ),
    Rollback(
        pattern=rf"DROP TABLE {_NAME}",
        words="{table}: no rollback as measured. Rename the table to {table}_before instead, and drop that after the checks"
        " of phase 104. Until then it takes up to {bytes} more at full size.",
        irreversible=True,
        application_only=True,
    ),
    Rollback(
        pattern=rf"ALTER TABLE {_NAME} RENAME TO",
        words="{table}: drop the object that took its name, and rename the table back. Until phase 104 it takes up to {bytes}"
        " more at full size.",
        application_only=True,
    ),
    Rollback(
        pattern=r"DELETE|UPDATE|TRUNCATE", words="No rollback after COMMIT, except from a backup.", irreversible=True
    ),
    Rollback(
        pattern=r"(?:DO .*)?CALL convert_to_columnstore",
        words="`CALL convert_to_rowstore(…)` for each chunk; this needs the old space again.",
    ),
    Rollback(
        pattern=r"CREATE EXTENSION (?:IF NOT EXISTS )?(\w+)", words="`DROP EXTENSION {table}`, when nothing uses it."
    ),
    Rollback(
        pattern=r"ALTER TABLE \S+ (?:RENAME|ALTER COLUMN|SET)|ALTER SEQUENCE|SET ",
        words="Execute the same statement with the old name, type or setting.",
    ),
    Rollback(
        pattern=r"CREATE (?:TABLE|INDEX|UNIQUE|VIEW|FUNCTION)|ALTER TABLE \S+ ADD|INSERT|SELECT create_hypertable",
        words="Drop the new objects. The old tables are unchanged.",
    ),
)
NOTHING = "Nothing to undo."
_BY_CLIENT = "step of a client"


def flat(sql: str) -> str:
    """The statement on one line."""
    return " ".join(sql.split())


def rollback_steps(statements: Sequence[ExecutedStatement], sizes: dict[str, str]) -> tuple[tuple[str, ...], bool]:
    """How to undo the statements, and whether one is irreversible; `sizes` are the application's tables at full size."""
    rollbacks = [pair for statement in statements if (pair := _rollback(flat(statement.sql), sizes))]
    irreversible = any(final for _, final in rollbacks)
    # Undoing the other statements of a step is pointless once one of them cannot be undone.
    words = tuple(dict.fromkeys(text for text, final in rollbacks if final or not irreversible))
    return words or (NOTHING,), irreversible


def _rollback(sql: str, sizes: dict[str, str]) -> tuple[str, bool] | None:
    for rollback in _ROLLBACKS:
        match = re.match(rollback.pattern, sql)
        if match:
            name = match[1] if match.groups() else ""
            if rollback.application_only and name not in sizes:
                return None
            return rollback.words.format(table=name, bytes=sizes.get(name, "")), rollback.irreversible
    return None


def summary(statements: Sequence[ExecutedStatement]) -> str:
    """How many statements of each verb: '2 CREATE TABLE, 1 INSERT'."""
    return ", ".join(f"{count} {verb}" for verb, count in _verbs(statements))


def _verbs(statements: Sequence[ExecutedStatement]) -> Iterator[tuple[str, int]]:
    counts: dict[str, int] = {}
    for statement in statements:
        if statement.kind is StatementKind.CLIENT:
            counts[_BY_CLIENT] = counts.get(_BY_CLIENT, 0) + statement.times
            continue
        match = re.match(
            r"(?:CREATE(?: TEMP| UNLOGGED| OR REPLACE)?|ALTER|DROP|CALL|VACUUM FULL)(?: \w+)?|SELECT \w+(?=\()|\w+",
            flat(statement.sql),
        )
        verb = match[0] if match and not match[0].startswith("VACUUM FULL") else "VACUUM FULL"
        counts[verb] = counts.get(verb, 0) + statement.times
    yield from counts.items()
