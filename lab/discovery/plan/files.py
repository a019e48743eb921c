"""A measured strategy as files, in the order of execution: requirements, steps, removal.

They are SQL. Where a client does a part of a step, a program for it lies between what comes before and after it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from lab.discovery.plan.dependants import recreating_statements
from lab.discovery.plan.layout import commented, terminated
from lab.discovery.plan.programs import HEADER, Aside, aside_program, step_program
from lab.discovery.plan.swap import swapped_tables
from lab.discovery.plan.writing import writing_blocks
from lab.values import Completed, Dependant, ExecutedStatement, ScenarioFacts, StatementKind, StepRecord
from lab.values.client import ClientStep
from lab.values.declared import Writing

RECURRING = "recurring.sql"
"""The file to execute again and again, beside those of the phases."""
WRITING = "writing.sql"
"""The file with the statements of writers."""

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
      USING DETAIL = format('{detail}', broken), HINT = '{hint}';
  END IF;
END
$check$;"""

_CLIENT = """-- A client does this, not SQL: it reads the rows of a query in Python. The query:
{query}
DO $client$
BEGIN
  RAISE EXCEPTION 'No SQL can do this: %', {name}
    USING HINT = 'The lab that wrote this plan has no program for it. Execute nothing that follows.';
END
$client$;"""
"""Another lab measured it: so the files stop here, before anything is replaced."""

_STOP = "Execute nothing that follows."
_KINDS = {
    StatementKind.REQUIREMENT: ("Required", "%s rows break it."),
    StatementKind.PROOF: ("Not proved", "%s differences."),
}


PROGRAM = ".py"
"""How the name of a program ends."""


@dataclass(frozen=True, kw_only=True)
class Library:
    """What the lab that writes the plan knows of a strategy besides its trial, and can do for it in the place of a client."""

    version: str = ""
    steps: tuple[ClientStep, ...] = ()
    asides: tuple[Aside, ...] = ()
    """The programs beside the numbered files."""
    writing: Mapping[str, Writing] = field(default_factory=dict)
    """How each table is written afterwards."""
    parents: Mapping[str, str] = field(default_factory=dict)
    """Of each table of details, the table that its rows belong to: they are written after it, and deleted before it."""
    recurring: tuple[str, ...] = ()
    """What is executed again and again."""

    @property
    def knows(self) -> bool:
        """Whether the lab that writes the plan has the strategy."""
        return bool(self.version)

    @property
    def outside(self) -> str:
        """The option of its programs that names the folder for files; empty where no step has any."""
        return " --outside FOLDER" if any(step.files for step in self.steps) else ""

    def step(self, statement: ExecutedStatement) -> ClientStep | None:
        """What did that in a trial; None for SQL, and for what it does not know."""
        return next((step for step in self.steps if self._did(step, statement)), None)

    @staticmethod
    def _did(step: ClientStep, statement: ExecutedStatement) -> bool:
        if statement.kind is not StatementKind.CLIENT:
            return False
        # An older lab recorded no key.
        return statement.key == step.key if statement.key else statement.name == step.words


@dataclass(frozen=True, kw_only=True)
class PlanFile:
    """One file: SQL, or a program."""

    name: str
    """Such as '103-02-build-the-lookup.sql'; the files of the phases are executed in the order of their names."""
    phase: int
    step: int | None
    """Position of the step in the strategy, because several steps may have the same name; None for requirements."""
    text: str


def plan_files(
    trial: Completed,
    facts: ScenarioFacts,
    dependants: Sequence[Dependant],
    removals: Collection[int],
    library: Library,
) -> tuple[PlanFile, ...]:
    """The files of a measured strategy, in the order of execution; `removals` are its `removal_steps`.

    Phase 101 checks its requirements, 103 executes its steps, and 104 the removals. What must be executed again and again
    afterwards is a file of its own, and so are the statements of writers. A run of format 1 recorded neither requirements nor
    proofs: it has no files, because its SQL is not safe on another database.
    """
    if not facts.changes:
        return ()
    steps = [step for step in trial.steps if not step.auxiliary]
    bodies = [
        *_requirements(steps, library),
        *(body for body in _steps(steps, trial, facts, dependants, library) if body.step not in removals),
        *_removals(steps, removals, library),
    ]
    numbered = _numbered(bodies, trial.scenario, library.version)
    beside = (
        *_recurring(facts, library, trial.scenario),
        *_writing(library, trial),
        *_asides(library, trial.scenario),
    )
    return (*numbered, *beside)


@dataclass(frozen=True, kw_only=True)
class _Body:
    phase: int
    step: int | None
    title: str
    blocks: tuple[str, ...] = ()
    client: ClientStep | None = None
    """What a program does; None of SQL."""


def _requirements(steps: Sequence[StepRecord], library: Library) -> Iterator[_Body]:
    statements = (statement for step in steps for statement in step.statements)
    blocks = tuple(statement_text(each) for each in statements if each.kind is StatementKind.REQUIREMENT)
    stops = tuple(statement_text(each) for step in steps for each in unknown_to(library, step))[:1]
    if blocks or stops:
        # What only a client can do stops the files before they change anything.
        yield _Body(phase=101, step=None, title="requirements", blocks=(*blocks, *stops))


def _steps(
    steps: Sequence[StepRecord],
    trial: Completed,
    facts: ScenarioFacts,
    dependants: Sequence[Dependant],
    library: Library,
) -> Iterator[_Body]:
    """Every step; after a step that puts a new object under a table's name, the table's dependants are recreated."""
    swapped = swapped_tables(steps, facts)
    executed: list[ExecutedStatement] = []
    for number, step in enumerate(steps):
        executed += step.statements
        recreating = recreating_statements(swapped.get(number, ()), trial, facts, dependants, executed)
        yield from _bodies(_Body(phase=103, step=number, title=step.name), step, library, tuple(recreating))


def _removals(steps: Sequence[StepRecord], removals: Collection[int], library: Library) -> Iterator[_Body]:
    for number in sorted(removals):
        yield from _bodies(_Body(phase=104, step=number, title=steps[number].name), steps[number], library)


def _bodies(body: _Body, step: StepRecord, library: Library, after: Sequence[str] = ()) -> Iterator[_Body]:
    """The parts of a step: its SQL up to what a client does, that, and the rest of the SQL."""
    blocks: list[str] = []
    for statement in step.statements:
        if client := library.step(statement):
            yield from _sql(body, blocks)
            yield replace(body, title=client.name, client=client)
            blocks = []
        elif statement.kind is not StatementKind.REQUIREMENT:
            blocks += [statement_text(statement)] * statement.times
    yield from _sql(body, [*blocks, *after])


def _sql(body: _Body, blocks: Sequence[str]) -> Iterator[_Body]:
    if blocks:
        yield replace(body, blocks=tuple(blocks))


def client_statements(step: StepRecord) -> tuple[ExecutedStatement, ...]:
    """What a client did in the step."""
    return tuple(statement for statement in step.statements if statement.kind is StatementKind.CLIENT)


def unknown_to(library: Library, step: StepRecord) -> tuple[ExecutedStatement, ...]:
    """What a client did in the step, and this lab has no program for."""
    return tuple(statement for statement in client_statements(step) if library.step(statement) is None)


def statement_text(statement: ExecutedStatement) -> str:
    """The statement with its semicolon; a requirement or a proof as a statement that raises unless its query counts 0.

    What a client did is a statement that raises, with the query that it read as a comment.
    """
    if statement.kind is StatementKind.CHANGE:
        return terminated(statement.sql)
    name = "'" + statement.name.replace("'", "''") + "'"
    if statement.kind is StatementKind.CLIENT:
        return _CLIENT.format(query=commented(statement.sql), name=name)
    kind, detail = _KINDS[statement.kind]
    return _CHECK.format(sql=statement.sql.strip(), kind=kind, detail=detail, name=name, hint=_STOP)


def _guard(client: ClientStep, program: str) -> str:
    """A statement that raises while a client's step has something left to do."""
    return _CHECK.format(
        sql=f"SELECT count(*) FROM ({client.read}) left_to_do",
        kind="Not done",
        detail="%s rows are left to do.",
        name="'" + client.words.replace("'", "''") + "'",
        hint=f"Run {program} to its end. {_STOP}",
    )


def _recurring(facts: ScenarioFacts, library: Library, strategy: str) -> Iterator[PlanFile]:
    # An older lab recorded fewer of them: a transaction that several parts begin had one beginning.
    if statements := library.recurring if library.knows else facts.recurring:
        blocks = [statement_text(ExecutedStatement(sql=sql, times=1)) for sql in statements]
        yield PlanFile(
            name=RECURRING, phase=104, step=None, text=_text(f"{strategy}: execute it again and again.", blocks)
        )


def _writing(library: Library, trial: Completed) -> Iterator[PlanFile]:
    if blocks := writing_blocks(library.writing, trial.rows, library.parents):
        about = f"{trial.scenario}: how the application writes afterwards. Executed as it is, it changes nothing."
        yield PlanFile(name=WRITING, phase=102, step=None, text=_text(about, blocks))


def _asides(library: Library, strategy: str) -> Iterator[PlanFile]:
    for aside in library.asides:
        text = aside_program(aside, strategy, library.version, library.outside)
        yield PlanFile(name=aside.name, phase=104, step=None, text=text)


def _numbered(bodies: Sequence[_Body], strategy: str, version: str) -> Iterator[PlanFile]:
    count: dict[int, int] = {}
    guards: list[str] = []
    for position, body in enumerate(bodies, 1):
        number = count[body.phase] = count.get(body.phase, 0) + 1
        about = f"{strategy}: phase {body.phase}, {body.title} (file {position} of {len(bodies)})."
        name = f"{body.phase}-{number:02}-{_slug(body.title)}{PROGRAM if body.client else '.sql'}"
        if body.client:
            text = step_program(name, about, strategy, body.client, version)
            guards.append(_guard(body.client, name))
        else:
            text, guards = _text(about, (*guards, *body.blocks)), []
        yield PlanFile(name=name, phase=body.phase, step=body.step, text=text)


def _text(about: str, blocks: Sequence[str]) -> str:
    return "\n\n".join((f"-- {HEADER}\n-- {about}\n{_SETTINGS}", *blocks)) + "\n"


def _slug(title: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:60].strip("-")
