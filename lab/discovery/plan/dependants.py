"""What depends on the tables of a strategy: made again by a statement where that is possible, and named otherwise."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from lab.values import Completed, Dependant, DependantKind, GuaranteeKind, ScenarioFacts, Shape, Statement

Kind = DependantKind

_AGAIN: Mapping[Shape, Collection[DependantKind]] = {
    Shape.TABLE: (),
    Shape.VIEW: (Kind.OWNER, Kind.GRANT, Kind.VIEW, Kind.COMMENT, Kind.SEQUENCE),
    Shape.HYPERTABLE: (Kind.OWNER, Kind.GRANT, Kind.VIEW, Kind.COMMENT, Kind.TRIGGER),
}
"""What a statement makes again once something new stands under the table's name."""

_NAMED: Mapping[DependantKind, str] = {
    Kind.VIEW: "Its columns change their type: drop it, and create it anew after phase 103.",
    Kind.MATERIALIZED_VIEW: "It goes on reading the old table, which cannot be dropped meanwhile: drop it, and create it"
    " anew after phase 103.",
    Kind.RULE: "It stays with the old table: create it on what takes the table's name, if it is still needed.",
    Kind.TRIGGER: "It stays with the old table, and a view takes no such trigger: what it does must be done elsewhere.",
    Kind.POLICY: "It protects the old table only: create it on the new tables before anybody reads them.",
    Kind.PUBLICATION: "It publishes the old table only: add the new tables, and tell the subscribers.",
    Kind.FOREIGN_KEY: "It refers to the old table, which cannot be dropped meanwhile: drop it before phase 104 removes"
    " the old table.",
    Kind.FUNCTION: "Its body names the table: read it, because what it reads or writes is another object afterwards.",
    Kind.SEQUENCE: "The new table's column owns it after the step.",
    Kind.STATISTICS: "They go with the old table.",
}
_COLUMN_GONE = "It uses a column that is dropped, which fails meanwhile: change or drop it before phase 104."
_ROWS_GONE = "A row that it refers to cannot be deleted: delete the referring rows first, or drop it."

_NEVER_NAMED = (Kind.OWNER, Kind.GRANT, Kind.COMMENT)


@dataclass(frozen=True, kw_only=True)
class AffectedDependant:
    """An object that depends on a table of the strategy, and what becomes of it."""

    dependant: Dependant
    fate: Literal["made again", "by hand"]
    words: str
    """What to do; empty where the files make it again."""


def affected(trial: Completed, facts: ScenarioFacts, dependants: Sequence[Dependant]) -> tuple[AffectedDependant, ...]:
    """Everything that depends on a table of the strategy, where it is not as before without doing anything."""
    return tuple(_affected(trial, facts, dependants))


def _affected(trial: Completed, facts: ScenarioFacts, dependants: Sequence[Dependant]) -> Iterator[AffectedDependant]:
    for dependant in dependants:
        shape = facts.changes.get(dependant.table)
        if shape is None or _goes_along(dependant, facts):
            continue
        if shape is Shape.TABLE:
            if words := _in_place(dependant, facts):
                yield AffectedDependant(dependant=dependant, fate="by hand", words=words)
        elif _is_made_again(dependant, shape, trial):
            yield AffectedDependant(dependant=dependant, fate="made again", words="")
        elif dependant.kind not in _NEVER_NAMED:
            yield AffectedDependant(dependant=dependant, fate="by hand", words=_NAMED[dependant.kind])


def _goes_along(dependant: Dependant, facts: ScenarioFacts) -> bool:
    """Whether it is a foreign key of a table that is replaced itself: it goes with that one."""
    return facts.changes.get(_referring_table(dependant), Shape.TABLE) is not Shape.TABLE


def _referring_table(dependant: Dependant) -> str:
    """The table that has the foreign key; empty of any other kind."""
    return dependant.name.split(".")[-2].strip('"') if dependant.kind is Kind.FOREIGN_KEY else ""


def _in_place(dependant: Dependant, facts: ScenarioFacts) -> str:
    """What to do about it where the table stays and loses a column or rows; empty where nothing."""
    gone = {loss.column for loss in facts.losses if loss.table == dependant.table and loss.whole_column}
    if gone & set(dependant.columns) and dependant.kind is not Kind.COMMENT:
        return _COLUMN_GONE
    referring = _referring_table(dependant)
    return _ROWS_GONE if facts.deletes_rows and referring and referring not in facts.changes else ""


def _is_made_again(dependant: Dependant, shape: Shape, trial: Completed) -> bool:
    if dependant.kind not in _AGAIN[shape]:
        return False
    # A hypertable's column that is no longer as it was has another type, and a view cannot follow.
    retyped = {
        lost.column for lost in trial.lost if lost.table == dependant.table and lost.kind is GuaranteeKind.COLUMN
    }
    return shape is Shape.VIEW or dependant.kind is not Kind.VIEW or not retyped & set(dependant.columns)


def statements_again(
    tables: Sequence[str],
    trial: Completed,
    facts: ScenarioFacts,
    dependants: Sequence[Dependant],
    done: Sequence[Statement],
) -> Iterator[str]:
    """The statements that make again what depends on tables whose names stand for something new now.

    `done` are the statements so far: the new tables that they created get the old one's owner first, because a view
    reads with the rights of its owner.
    """
    for table in tables:
        shape = facts.changes[table]
        own = [one for one in dependants if one.table == table and _is_made_again(one, shape, trial)]
        for owner in (one.name for one in own if one.kind is Kind.OWNER):
            yield from (f"ALTER TABLE public.{name} OWNER TO {owner};" for name in _created(trial, done))
        yield from (_again(one, shape) for one in own)


def _created(trial: Completed, done: Sequence[Statement]) -> Iterator[str]:
    """The tables that the strategy added, as far as they exist by now."""
    text = "\n".join(statement.sql for statement in done)
    for footprint in trial.footprint.tables:
        name = footprint.table
        if name not in trial.rows and re.search(rf"\b{re.escape(name)}\b", text):
            yield name


def _again(dependant: Dependant, shape: Shape) -> str:
    if dependant.kind is Kind.SEQUENCE:
        return f"ALTER SEQUENCE {dependant.name} OWNED BY NONE; -- else it would go with the old table"
    if dependant.kind is Kind.COMMENT:
        what = "COLUMN" if dependant.columns else "VIEW" if shape is Shape.VIEW else "TABLE"
        return f"COMMENT ON {what} {dependant.name} IS {dependant.definition};"
    return f"{dependant.definition};"
