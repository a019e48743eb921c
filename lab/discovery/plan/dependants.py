"""The objects that depend on the tables of a strategy: recreated by a statement if possible, and listed otherwise."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from lab.sql.effects import effects
from lab.values import Completed, Dependant, DependantKind, ExecutedStatement, GuaranteeKind, ScenarioFacts, Shape

Kind = DependantKind

_RECREATED: Mapping[Shape, Collection[DependantKind]] = {
    Shape.TABLE: (),
    Shape.VIEW: (Kind.OWNER, Kind.GRANT, Kind.VIEW, Kind.COMMENT, Kind.SEQUENCE),
    Shape.NEW_TABLE: (Kind.OWNER, Kind.GRANT, Kind.VIEW, Kind.COMMENT, Kind.TRIGGER),
    Shape.HYPERTABLE: (Kind.OWNER, Kind.GRANT, Kind.VIEW, Kind.COMMENT, Kind.TRIGGER),
}
"""The kinds that a statement recreates on the new object under the table's name."""

_MANUAL: Mapping[DependantKind, str] = {
    Kind.VIEW: "Its columns change their type. Drop it, and create it again after phase 103.",
    Kind.MATERIALIZED_VIEW: "It keeps reading the old table, which cannot be dropped while it exists. Drop it, and create"
    " it again after phase 103.",
    Kind.RULE: "It stays with the old table. If it is still needed, create it on the object that takes the table's name.",
    Kind.TRIGGER: "It stays with the old table, and a view cannot have such a trigger. Do its work elsewhere.",
    Kind.POLICY: "It protects only the old table. Create it on the new tables before anybody reads them.",
    Kind.PUBLICATION: "It publishes only the old table. Add the new tables, and tell the subscribers.",
    Kind.FOREIGN_KEY: "It refers to the old table, which cannot be dropped while it exists. Drop it before phase 104"
    " removes the old table.",
    Kind.FUNCTION: "Its body names the table. Read it: that name stands for another object afterwards.",
    Kind.SEQUENCE: "A column of the new table owns it after the step.",
    Kind.STATISTICS: "They are dropped with the old table.",
}
_COLUMN_GONE = "It uses a column that is dropped, and may make DROP COLUMN fail. Change or drop it before phase 104."
_ROWS_GONE = "Rows that it refers to cannot be deleted. Delete the referring rows first, or drop the key."

_NEVER_LISTED = (Kind.OWNER, Kind.GRANT, Kind.COMMENT)


@dataclass(frozen=True, kw_only=True)
class AffectedDependant:
    """An object that depends on a table of the strategy, and what happens to it."""

    dependant: Dependant
    fate: Literal["recreated", "manual"]
    words: str
    """What to do; empty if the files recreate it."""


def affected(trial: Completed, facts: ScenarioFacts, dependants: Sequence[Dependant]) -> tuple[AffectedDependant, ...]:
    """The objects that depend on a table of the strategy and do not stay as they are by themselves."""
    return tuple(_affected(trial, facts, dependants))


def _affected(trial: Completed, facts: ScenarioFacts, dependants: Sequence[Dependant]) -> Iterator[AffectedDependant]:
    for dependant in dependants:
        shape = facts.changes.get(dependant.table)
        if shape is None or _goes_along(dependant, facts):
            continue
        if shape is Shape.TABLE:
            if words := _in_place(dependant, facts):
                yield AffectedDependant(dependant=dependant, fate="manual", words=words)
        elif _is_recreated(dependant, shape, trial):
            yield AffectedDependant(dependant=dependant, fate="recreated", words="")
        elif dependant.kind not in _NEVER_LISTED:
            yield AffectedDependant(dependant=dependant, fate="manual", words=_MANUAL[dependant.kind])


def _goes_along(dependant: Dependant, facts: ScenarioFacts) -> bool:
    """Whether it is a foreign key of a table that is replaced, too: it is dropped with that table."""
    return facts.changes.get(dependant.referring_table, Shape.TABLE) is not Shape.TABLE


def _in_place(dependant: Dependant, facts: ScenarioFacts) -> str:
    """What to do about it if the table stays and loses a column or rows; empty if nothing."""
    dropped = {loss.column for loss in facts.losses if loss.table == dependant.table and loss.whole_column}
    if dropped & set(dependant.columns) and dependant.kind is not Kind.COMMENT:
        return _COLUMN_GONE
    deletes_referred_rows = facts.deletes_rows and dependant.referring_table not in ("", *facts.changes)
    return _ROWS_GONE if deletes_referred_rows else ""


def _is_recreated(dependant: Dependant, shape: Shape, trial: Completed) -> bool:
    if dependant.kind not in _RECREATED[shape]:
        return False
    # A changed column of a new table has another type, and CREATE OR REPLACE VIEW cannot change a type.
    retyped = {
        lost.column for lost in trial.lost if lost.table == dependant.table and lost.kind is GuaranteeKind.COLUMN
    }
    return shape is Shape.VIEW or dependant.kind is not Kind.VIEW or not retyped & set(dependant.columns)


def recreating_statements(
    tables: Sequence[str],
    trial: Completed,
    facts: ScenarioFacts,
    dependants: Sequence[Dependant],
    executed: Sequence[ExecutedStatement],
) -> Iterator[str]:
    """The statements that recreate what depends on tables whose names now stand for new objects.

    `executed` are the statements so far. The new tables that they created get the owner of the old table first, because a
    view reads with the rights of its owner.
    """
    for table in tables:
        shape = facts.changes[table]
        own = [
            dependant for dependant in dependants if dependant.table == table and _is_recreated(dependant, shape, trial)
        ]
        for owner in (dependant.name for dependant in own if dependant.kind is Kind.OWNER):
            yield from (f"ALTER TABLE public.{name} OWNER TO {owner};" for name in _created(trial, executed))
        yield from (_recreating_statement(dependant, shape) for dependant in own)


def _created(trial: Completed, executed: Sequence[ExecutedStatement]) -> Iterator[str]:
    """The tables that the strategy added so far, and that it left."""
    created = {effect.new_name for statement in executed for effect in effects(statement.sql)}
    names = (footprint.table for footprint in trial.footprint.tables)
    return (name for name in names if name in created and name not in trial.rows)


def _recreating_statement(dependant: Dependant, shape: Shape) -> str:
    if dependant.kind is Kind.SEQUENCE:
        return f"ALTER SEQUENCE {dependant.name} OWNED BY NONE; -- otherwise it is dropped with the old table"
    if dependant.kind is Kind.COMMENT:
        what = "COLUMN" if dependant.columns else "VIEW" if shape is Shape.VIEW else "TABLE"
        return f"COMMENT ON {what} {dependant.name} IS {dependant.definition};"
    return f"{dependant.definition};"
