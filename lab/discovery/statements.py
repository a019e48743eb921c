"""How to undo a statement of a strategy."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from lab.sql.effects import Effect, EffectKind, effects, verb
from lab.values import ExecutedStatement, StatementKind


@dataclass(frozen=True, kw_only=True)
class Rollback:
    """How to undo one kind of effect."""

    words: str
    """With {name} for what is changed, and {bytes} for its size."""
    irreversible: bool = False
    """Whether it cannot be undone once it is committed."""
    application_only: bool = False
    """Whether it concerns only the application's tables."""


_ROLLBACKS = {
    EffectKind.DROP_COLUMN: Rollback(
        words="{name}: no rollback, because a dropped column is gone. Copy it elsewhere first if anybody may need it.",
        irreversible=True,
    ),
    EffectKind.DROP_TABLE: Rollback(
        words="{name}: no rollback as measured. Rename the table to {name}_before instead, and drop that after the checks"
        " of phase 104. Until then it takes up to {bytes} more at full size.",
        irreversible=True,
        application_only=True,
    ),
    EffectKind.RENAME: Rollback(
        words="{name}: drop the object that took its name, and rename the table back. Until phase 104 it takes up to {bytes}"
        " more at full size.",
        application_only=True,
    ),
    EffectKind.CHANGE_ROWS: Rollback(words="No rollback after COMMIT, except from a backup.", irreversible=True),
    EffectKind.COMPRESS: Rollback(
        words="`CALL convert_to_rowstore(…)` for each chunk; this needs the old space again."
    ),
    EffectKind.CREATE_EXTENSION: Rollback(words="`DROP EXTENSION {name}`, when nothing uses it."),
    EffectKind.ALTER: Rollback(words="Execute the same statement with the old name or setting.", application_only=True),
    EffectKind.CHANGE_TYPE: Rollback(words="{name}: {retype}", application_only=True),
    EffectKind.CREATE: Rollback(words="Drop the new objects."),
}
_RETYPE = "change the type back, with an expression that gives the old values."
_UNCHANGED = "The old tables are unchanged."
NOTHING = "Nothing to undo."
_BY_CLIENT = "step of a client"


def rollback_steps(
    statements: Sequence[ExecutedStatement], sizes: Mapping[str, str], undo: str = ""
) -> tuple[tuple[str, ...], bool]:
    """How to undo the statements, and whether one is irreversible.

    `sizes` are the application's tables at full size. `undo` is the command that gives columns their old values back, where a
    client has one.
    """
    rollbacks = [(effect, _ROLLBACKS[effect.kind]) for effect in _effects(statements)]
    concerned = [
        (effect, way) for effect, way in rollbacks if effect.name in sizes or not (way.application_only and effect.name)
    ]
    irreversible = any(way.irreversible for _, way in concerned)
    # Undoing the other statements of a step is pointless once one of them cannot be undone.
    words = dict.fromkeys(
        way.words.format(
            name=effect.name,
            bytes=sizes.get(effect.name, ""),
            retype=f"{undo} gives its values back." if undo else _RETYPE,
        )
        for effect, way in concerned
        if way.irreversible or not irreversible
    )
    if concerned and all(effect.kind is EffectKind.CREATE for effect, _ in concerned):
        words[_UNCHANGED] = None
    return tuple(words) or (NOTHING,), irreversible


def _effects(statements: Sequence[ExecutedStatement]) -> Iterator[Effect]:
    changes = (statement for statement in statements if statement.kind is StatementKind.CHANGE)
    return (effect for change in changes for effect in effects(change.sql))


def summary(statements: Sequence[ExecutedStatement]) -> str:
    """How many statements of each verb: '2 CREATE TABLE, 1 INSERT'."""
    counts: Counter[str] = Counter()
    for statement in statements:
        counts[_BY_CLIENT if statement.kind is StatementKind.CLIENT else verb(statement.sql)] += statement.times
    return ", ".join(f"{count} {name}" for name, count in counts.items())
