"""The SQL of a measured strategy as files, in the order of execution: requirements, steps, removal."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from lab.discovery.plan.dependants import recreating_statements
from lab.discovery.plan.swap import swapped_tables
from lab.values import Completed, Dependant, ExecutedStatement, ScenarioFacts, StatementKind, StepRecord

RECURRING = "recurring.sql"
"""The file to execute again and again, beside those of the phases."""

HEADER = "-- Written by `lab discover`, and written anew whenever it runs."
"""The first line of every file."""

_SETTINGS = """\\set ON_ERROR_STOP on
SET search_path = public;
SET lock_timeout = '5s';"""
"""psql must stop at the first error: otherwise a failed requirement or proof would print a message and guard nothing."""

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

_CLIENT = """-- A client does this, not SQL: it reads the rows of a query in Python. The query:
{query}
DO $client$
BEGIN
  RAISE EXCEPTION 'No SQL can do this: %', {name}
    USING HINT = 'The lab has no command that does it on a database that it did not make. Execute nothing that follows.';
END
$client$;"""
"""The lab writes to no database of a user: so the files stop here, before anything is replaced."""

_KINDS = {
    StatementKind.REQUIREMENT: ("Required", "%s rows break it."),
    StatementKind.PROOF: ("Not proved", "%s differences."),
}


@dataclass(frozen=True, kw_only=True)
class PlanFile:
    """One file of SQL."""

    name: str
    """Such as '103-02-build-the-lookup.sql'; the files of the phases are executed in the order of their names."""
    phase: int
    step: int | None
    """Position of the step in the strategy, because several steps may have the same name; None for requirements."""
    text: str


def plan_files(
    trial: Completed, facts: ScenarioFacts, dependants: Sequence[Dependant], removals: Collection[int]
) -> tuple[PlanFile, ...]:
    """The files of a measured strategy, in the order of execution; `removals` are its `removal_steps`.

    Phase 101 checks its requirements, 103 executes its steps, and 104 the removals. What must be executed again and again
    afterwards is a file of its own. A run of format 1 recorded neither requirements nor proofs: it has no files, because its
    SQL is not safe on another database.
    """
    if not facts.changes:
        return ()
    steps = [step for step in trial.steps if not step.auxiliary]
    bodies = [
        *_requirements(steps),
        *(body for body in _steps(steps, trial, facts, dependants) if body.step not in removals),
        *_removals(steps, removals),
    ]
    return (*_numbered(bodies, trial.scenario), *_recurring(facts, trial.scenario))


@dataclass(frozen=True, kw_only=True)
class _Body:
    phase: int
    step: int | None
    title: str
    blocks: tuple[str, ...]


def _requirements(steps: Sequence[StepRecord]) -> Iterator[_Body]:
    statements = (statement for step in steps for statement in step.statements)
    blocks = tuple(statement_text(each) for each in statements if each.kind is StatementKind.REQUIREMENT)
    stops = tuple(dict.fromkeys(statement_text(each) for step in steps for each in client_statements(step)))[:1]
    if blocks or stops:
        # What only a client can do stops the files before they change anything.
        yield _Body(phase=101, step=None, title="requirements", blocks=(*blocks, *stops))


def _steps(
    steps: Sequence[StepRecord], trial: Completed, facts: ScenarioFacts, dependants: Sequence[Dependant]
) -> Iterator[_Body]:
    """Every step; after a step that puts a new object under a table's name, the table's dependants are recreated."""
    swapped = swapped_tables(steps, facts)
    executed: list[ExecutedStatement] = []
    for number, step in enumerate(steps):
        executed += step.statements
        recreating = recreating_statements(swapped.get(number, ()), trial, facts, dependants, executed)
        if blocks := (*_own(step), *recreating):
            yield _Body(phase=103, step=number, title=step.name, blocks=blocks)


def _removals(steps: Sequence[StepRecord], removals: Collection[int]) -> Iterator[_Body]:
    for number in sorted(removals):
        if blocks := tuple(_own(steps[number])):
            yield _Body(phase=104, step=number, title=steps[number].name, blocks=blocks)


def _own(step: StepRecord) -> Iterator[str]:
    for statement in step.statements:
        if statement.kind is not StatementKind.REQUIREMENT:
            yield from [statement_text(statement)] * statement.times


def client_statements(step: StepRecord) -> tuple[ExecutedStatement, ...]:
    """What a client did in the step."""
    return tuple(statement for statement in step.statements if statement.kind is StatementKind.CLIENT)


def statement_text(statement: ExecutedStatement) -> str:
    """The statement with its semicolon; a requirement or a proof as a statement that raises unless its query counts 0.

    What a client did is a statement that raises, with the query that it read as a comment.
    """
    if statement.kind is StatementKind.CHANGE:
        return f"{statement.sql.strip().removesuffix(';')};"
    name = "'" + statement.name.replace("'", "''") + "'"
    if statement.kind is StatementKind.CLIENT:
        query = "\n".join(f"--   {line}" for line in statement.sql.strip().splitlines())
        return _CLIENT.format(query=query, name=name)
    kind, detail = _KINDS[statement.kind]
    return _CHECK.format(sql=statement.sql.strip(), kind=kind, detail=detail, name=name)


def _recurring(facts: ScenarioFacts, strategy: str) -> Iterator[PlanFile]:
    if facts.recurring:
        blocks = [statement_text(ExecutedStatement(sql=sql, times=1)) for sql in facts.recurring]
        yield PlanFile(
            name=RECURRING, phase=104, step=None, text=_text(f"{strategy}: execute it again and again.", blocks)
        )


def _numbered(bodies: Sequence[_Body], strategy: str) -> Iterator[PlanFile]:
    count: dict[int, int] = {}
    for position, body in enumerate(bodies, 1):
        number = count[body.phase] = count.get(body.phase, 0) + 1
        about = f"{strategy}: phase {body.phase}, {body.title} (file {position} of {len(bodies)})."
        yield PlanFile(
            name=f"{body.phase}-{number:02}-{_slug(body.title)}.sql",
            phase=body.phase,
            step=body.step,
            text=_text(about, body.blocks),
        )


def _text(about: str, blocks: Sequence[str]) -> str:
    return "\n\n".join((f"{HEADER}\n-- {about}\n{_SETTINGS}", *blocks)) + "\n"


def _slug(title: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:60].strip("-")
