"""The SQL of a measured strategy as files to execute in their order: requirements, steps, and last what cannot be undone."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lab.discovery.plan.dependants import statements_again
from lab.discovery.plan.order import removal_steps
from lab.discovery.plan.swap import swapped_tables
from lab.values import Completed, Dependant, ScenarioFacts, Statement, StatementKind, StepRecord

HEADER = "-- Written by `lab discover`, and written anew whenever it runs."
"""The first line of every file."""

_SETTINGS = """\\set ON_ERROR_STOP on
SET search_path = public;
SET lock_timeout = '5s';"""
"""psql must stop at the first error: without that, what guards the data would be an error message and no guard."""

_CHECK = """DO $check$
DECLARE
  broken bigint;
BEGIN
  broken := ({sql});
  IF broken IS DISTINCT FROM 0 THEN
    RAISE EXCEPTION '{kind}: %', {name}
      USING DETAIL = format('{detail}', broken), HINT = 'Execute nothing that follows.';
  END IF;
END
$check$;"""

_KINDS = {
    StatementKind.REQUIREMENT: ("Required", "%s rows break it."),
    StatementKind.PROOF: ("Not proved", "%s differences."),
}


@dataclass(frozen=True, kw_only=True)
class PlanFile:
    """One file of SQL."""

    name: str
    """Such as '103-02-build-the-lookup.sql'; the files are executed in the order of their names."""
    phase: int
    step: int | None
    """Position of the step among those of the strategy, because several may have one name; None of requirements."""
    text: str


def plan_files(trial: Completed, facts: ScenarioFacts, dependants: Sequence[Dependant]) -> tuple[PlanFile, ...]:
    """The files of a measured strategy, in the order of execution.

    Phase 101 asks its requirements, 103 makes its steps, and 104 what cannot be undone and can wait. A run of format 1 recorded
    neither requirements nor proofs: it has no files, because its SQL is not safe on another database.
    """
    if not facts.changes:
        return ()
    steps = [step for step in trial.steps if not step.auxiliary]
    bodies = [*_requirements(steps), *_steps(steps, trial, facts, dependants), *_final(steps, facts)]
    return tuple(_numbered(bodies, trial.scenario))


@dataclass(frozen=True, kw_only=True)
class _Body:
    phase: int
    step: int | None
    title: str
    blocks: tuple[str, ...]


def _requirements(steps: Sequence[StepRecord]) -> Iterator[_Body]:
    asked = [one for step in steps for one in step.statements if one.kind is StatementKind.REQUIREMENT]
    if asked:
        yield _Body(phase=101, step=None, title="requirements", blocks=tuple(statement_text(one) for one in asked))


def _steps(
    steps: Sequence[StepRecord], trial: Completed, facts: ScenarioFacts, dependants: Sequence[Dependant]
) -> Iterator[_Body]:
    """Each step that does not wait; where it puts something new under a table's name, what depends on that follows."""
    swapped = swapped_tables(steps, facts)
    done: list[Statement] = []
    late = removal_steps(steps, facts)
    for number, step in enumerate(steps):
        done += step.statements
        again = statements_again(swapped.get(number, ()), trial, facts, dependants, done)
        blocks = (*_own(step), *again)
        if blocks and number not in late:
            yield _Body(phase=103, step=number, title=step.name, blocks=blocks)


def _final(steps: Sequence[StepRecord], facts: ScenarioFacts) -> Iterator[_Body]:
    for number in sorted(removal_steps(steps, facts)):
        if blocks := tuple(_own(steps[number])):
            yield _Body(phase=104, step=number, title=steps[number].name, blocks=blocks)


def _own(step: StepRecord) -> Iterator[str]:
    for statement in step.statements:
        if statement.kind is not StatementKind.REQUIREMENT:
            yield from [statement_text(statement)] * statement.times


def statement_text(statement: Statement) -> str:
    """The statement with its semicolon; a requirement or a proof as one that raises unless it counts 0."""
    if statement.kind is StatementKind.CHANGE:
        return f"{statement.sql.strip().removesuffix(';')};"
    kind, detail = _KINDS[statement.kind]
    name = "'" + statement.name.replace("'", "''") + "'"
    return _CHECK.format(sql=statement.sql.strip(), kind=kind, detail=detail, name=name)


def _numbered(bodies: Sequence[_Body], strategy: str) -> Iterator[PlanFile]:
    count: dict[int, int] = {}
    for position, body in enumerate(bodies, 1):
        number = count[body.phase] = count.get(body.phase, 0) + 1
        about = f"-- {strategy}: phase {body.phase}, {body.title} (file {position} of {len(bodies)})."
        blocks = [f"{HEADER}\n{about}\n{_SETTINGS}", *body.blocks]
        yield PlanFile(
            name=f"{body.phase}-{number:02}-{_slug(body.title)}.sql",
            phase=body.phase,
            step=body.step,
            text="\n\n".join(blocks) + "\n",
        )


def _slug(title: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:60].strip("-")
