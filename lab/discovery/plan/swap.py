"""Which step of a strategy puts a new object under a table's name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lab.sql.effects import effects
from lab.values import ScenarioFacts, Shape, StepRecord


def swapped_tables(steps: Sequence[StepRecord], facts: ScenarioFacts) -> Mapping[int, tuple[str, ...]]:
    """By the position of a step, the tables under whose names it finally puts a view or another table."""
    last: dict[str, int] = {}
    for table, shape in facts.changes.items():
        for number, step in enumerate(steps):
            if shape is not Shape.TABLE and any(_takes_name(statement.sql, table) for statement in step.statements):
                last[table] = number
    return {number: tuple(table for table in last if last[table] == number) for number in last.values()}


def _takes_name(sql: str, table: str) -> bool:
    return any(effect.new_name == table for effect in effects(sql))
