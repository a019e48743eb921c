"""Which steps of a strategy wait for phase 104."""

from __future__ import annotations

from collections.abc import Sequence

from lab.values import ScenarioFacts, Shape, StepRecord


def removal_steps(steps: Sequence[StepRecord], facts: ScenarioFacts) -> frozenset[int]:
    """The positions of the steps that remove what the way back needs, and can wait until everything was checked.

    Those at the end can. One that comes earlier can wait unless the table that it takes from is replaced afterwards:
    the new table would be filled with what was to go, and would not be proved equal to the old one once that is gone.
    """
    last = max((number for number, step in enumerate(steps) if not step.final), default=-1)
    first = last + 1 if _replaces_what_lost(facts) else 0
    return frozenset(number for number, step in enumerate(steps) if step.final and number >= first)


def _replaces_what_lost(facts: ScenarioFacts) -> bool:
    replaced = {table for table, shape in facts.changes.items() if shape is not Shape.TABLE}
    return any(loss.table in replaced or (loss.table is None and replaced) for loss in facts.losses)
