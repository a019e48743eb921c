"""What a statement of a strategy does to a live database: the locks it takes and the way back."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from lab.values import Statement

_NAME = r'(?:ONLY |IF EXISTS |public\.)*"?(\w+)"?'


@dataclass(frozen=True, kw_only=True)
class WayBack:
    """How one kind of statement is undone."""

    pattern: str
    words: str
    """With {table} where the pattern names one."""
    final: bool = False
    """Whether it cannot be undone once it is committed."""
    ours: bool = False
    """Whether it is about the application's tables only."""


_WAYS = (
    WayBack(
        pattern=rf"ALTER TABLE {_NAME} DROP COLUMN",
        words="{table}: no way back, a dropped column is gone. Copy it elsewhere before, if anybody may want it.",
        final=True,
    ),
    WayBack(
        pattern=rf"DROP TABLE {_NAME}",
        words="{table}: no way back as measured. Rename it to {table}_before instead and drop that after the checks of"
        " phase 104; until then it takes up to {bytes} more at full size.",
        final=True,
        ours=True,
    ),
    WayBack(
        pattern=rf"ALTER TABLE {_NAME} RENAME TO",
        words="{table}: drop what took its name, and rename it back. Until phase 104 it takes up to {bytes} more at full size.",
        ours=True,
    ),
    WayBack(pattern=r"DELETE|UPDATE|TRUNCATE", words="No way back after COMMIT but a backup.", final=True),
    WayBack(
        pattern=r"CALL convert_to_columnstore", words="`CALL convert_to_rowstore(…)` for each chunk, with room for it."
    ),
    WayBack(pattern=r"CREATE EXTENSION (\w+)", words="`DROP EXTENSION {table}`, once nothing uses it."),
    WayBack(
        pattern=r"ALTER TABLE \S+ (?:RENAME|ALTER COLUMN|SET)|ALTER SEQUENCE|SET ",
        words="The same statement with the old name, type or setting.",
    ),
    WayBack(
        pattern=r"CREATE (?:TABLE|INDEX|UNIQUE|VIEW|FUNCTION)|ALTER TABLE \S+ ADD|INSERT|SELECT create_hypertable",
        words="Drop what it made; the old tables are as they were.",
    ),
)
NOTHING = "Nothing to undo."


def flat(sql: str) -> str:
    """On one line."""
    return " ".join(sql.split())


_EXCLUSIVE = rf"(?:ALTER TABLE|DROP TABLE|VACUUM FULL|TRUNCATE(?: TABLE)?|CLUSTER|REINDEX TABLE) {_NAME}"
_LOCKS = (
    (_EXCLUSIVE, "ACCESS EXCLUSIVE on {}: nobody reads or writes"),
    (rf"CREATE (?:UNIQUE )?INDEX (?:\w+ )?ON {_NAME}", "SHARE on {}: nobody writes"),
    (rf".* REFERENCES {_NAME}", "SHARE ROW EXCLUSIVE on {}: nobody writes"),
    (r"CALL convert_to_columnstore\('(?:\w+\.)?()", "each chunk while it is converted"),
    (rf"(?:DELETE FROM|UPDATE) {_NAME}", "the changed rows of {}"),
)


def locks(statements: Sequence[Statement], tables: Collection[str]) -> tuple[str, ...]:
    """What the application waits for; only its own tables count."""
    found: dict[str, list[str]] = {}
    for statement in statements:
        for pattern, words in _LOCKS:
            match = re.match(pattern, flat(statement.sql))
            if match and (not match[1] or match[1] in tables):
                found.setdefault(words, []).append(match[1])
    return tuple(words.format(", ".join(dict.fromkeys(names))) for words, names in found.items())


def rollback_steps(statements: Sequence[Statement], sizes: dict[str, str]) -> tuple[tuple[str, ...], bool]:
    """How each is undone, and whether one of them cannot be; `sizes` are the application's tables at full size."""
    found = [pair for statement in statements if (pair := _way_back(flat(statement.sql), sizes))]
    final = any(cannot for _, cannot in found)
    # What else the step did is no way back once something is gone for good.
    words = tuple(dict.fromkeys(text for text, cannot in found if cannot or not final))
    return words or (NOTHING,), final


def _way_back(sql: str, sizes: dict[str, str]) -> tuple[str, bool] | None:
    for way in _WAYS:
        match = re.match(way.pattern, sql)
        if match:
            name = match[1] if match.groups() else ""
            if way.ours and name not in sizes:
                return None
            return way.words.format(table=name, bytes=sizes.get(name, "")), way.final
    return None


def summary(statements: Sequence[Statement]) -> str:
    """The statements by their verb and how many: '2 CREATE TABLE, 1 INSERT'."""
    return ", ".join(f"{count} {verb}" for verb, count in _verbs(statements))


def _verbs(statements: Sequence[Statement]) -> Iterator[tuple[str, int]]:
    counts: dict[str, int] = {}
    for statement in statements:
        match = re.match(
            r"(?:CREATE(?: TEMP| UNLOGGED| OR REPLACE)?|ALTER|DROP|CALL|VACUUM FULL)(?: \w+)?|SELECT \w+(?=\()|\w+",
            flat(statement.sql),
        )
        verb = match[0] if match and not match[0].startswith("VACUUM FULL") else "VACUUM FULL"
        counts[verb] = counts.get(verb, 0) + statement.times
    yield from counts.items()
