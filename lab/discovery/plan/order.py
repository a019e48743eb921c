"""Which steps of a strategy wait for phase 104."""

from __future__ import annotations

from collections.abc import Sequence

from lab.values import ScenarioFacts, Shape, StepRecord


def removal_steps(steps: Sequence[StepRecord], facts: ScenarioFacts) -> frozenset[int]:
    """The positions of the steps that remove what a rollback needs, and that can wait until everything is checked.

    The steps at the end can wait. An earlier step can wait unless its table is replaced afterwards: the new table would be
    filled with the data that was to go, and could not be proved equal to the old table after its removal.
    """
    last = max((number for number, step in enumerate(steps) if not step.final), default=-1)
    first = last + 1 if _replaces_what_lost(facts) else 0
    return frozenset(number for number, step in enumerate(steps) if step.final and number >= first)


def _replaces_what_lost(facts: ScenarioFacts) -> bool:
    replaced = {table for table, shape in facts.changes.items() if shape is not Shape.TABLE}
    return any(loss.table in replaced or (loss.table is None and replaced) for loss in facts.losses)
