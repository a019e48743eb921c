"""How the server executed the reads of a strategy, as text that people read."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from lab.analysis.results import Results
from lab.errors import InputError
from lab.units import duration_text
from lab.values import Completed, ReadCost, ReadPlan

_CONDITIONS = ("Index Cond", "Recheck Cond", "Hash Cond", "Merge Cond", "Join Filter", "Filter")


def plans(results: Results, scenario: str) -> Iterator[str]:
    """The lines of all plans of a scenario.

    Errors: `InputError` where the run has no trial of that name, or no plan of it.
    """
    trials = [row.trial for row in results.by_scenario.get(scenario, ()) if row.trial]
    if not trials:
        names = ", ".join(results.by_scenario) or "none"
        raise InputError(f"This run has no completed trial of '{scenario}'.", hint=f"It has: {names}.")
    if not any(trial.reads for trial in trials):
        raise InputError(f"The reads of '{scenario}' were not timed, so it has no plans.", hint="Measure it again.")
    for trial in trials:
        yield from _of_trial(trial)


def _of_trial(trial: Completed) -> Iterator[str]:
    for cost in trial.reads or ():
        left_out = f", without {', '.join(cost.without)}" if cost.without else ""
        yield f"{cost.query} after {trial.scenario} on {trial.server}{left_out}"
        yield from of_read(cost)


def of_read(cost: ReadCost) -> Iterator[str]:
    """The lines of the plans of one query; errors: `InputError` where a plan is damaged."""
    for plan in cost.plans:
        yield from _of_statement(plan)


def _of_statement(plan: ReadPlan) -> Iterator[str]:
    yield f"  {plan.name}:"
    if plan.plan is None:
        yield "    The plan is longer than what a run keeps."
        return
    yield from _nodes(_parsed(plan), depth=2)


def _parsed(plan: ReadPlan) -> Mapping[str, Any]:
    try:
        node = json.loads(plan.plan or "")
    except ValueError as error:
        raise InputError(f"The plan of '{plan.name}' is damaged: {error}.", hint="Restore the file.") from error
    if not isinstance(node, dict):
        raise InputError(f"The plan of '{plan.name}' is damaged: it is no object.", hint="Restore the file.")
    return node


def _nodes(node: Mapping[str, Any], depth: int) -> Iterator[str]:
    where = node.get("Index Name") or node.get("Relation Name") or node.get("Function Name") or node.get("CTE Name")
    rows, loops = node.get("Actual Rows", 0), node.get("Actual Loops", 0)
    blocks = node.get("Shared Hit Blocks", 0) + node.get("Shared Read Blocks", 0)
    spent = duration_text(node.get("Actual Total Time", 0) / 1000)
    of = f" {where}" if where else ""
    times = f", {loops:,} times" if loops != 1 else ""
    yield f"{'  ' * depth}{node.get('Node Type', 'node')}{of}: {rows:,.0f} rows in {spent}{times}, {blocks:,} blocks"
    for name in _CONDITIONS:
        if name in node:
            yield f"{'  ' * (depth + 2)}{name}: {node[name]}"
    for child in node.get("Plans", ()):
        yield from _nodes(child, depth + 1)
