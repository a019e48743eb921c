"""The steps of the plan: the migration in phase 103, and in phase 104 the removal of what only a rollback needs."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from operator import attrgetter

from lab.analysis.candidate import outside_text
from lab.analysis.forecast import StepForecast, together
from lab.discovery import statements as sql
from lab.discovery.inputs import DiscoveryInputs, MeasuredStrategy
from lab.discovery.locks import blocks, lock_words
from lab.discovery.plan import PROGRAM, UNDO, unknown_to
from lab.discovery.plan.programs import Aside
from lab.discovery.values import Phase, PlannedStep
from lab.units import bytes_text, counted, duration_text, joined
from lab.values import StepRecord

_AFTER_CHECKS = "No rollback. Execute it only after all checks."
_WRITERS = (
    "Stop the writers first. A row that is written during a copy may be missing from it, and then a proof stops the"
    " migration."
)
_NOT_SAFE = (
    "An older lab measured this run and recorded neither requirements nor proofs. Its SQL is not printed, because it is not"
    " safe on another database. `lab run` measures it again."
)


def migration(inputs: DiscoveryInputs, strategy: MeasuredStrategy, title: str) -> Phase:
    """Phase 103: every step that does not wait for phase 104, in the order of the trial."""
    steps = _planned_steps(inputs, strategy, removal=False)
    return Phase(
        number=103,
        title=title,
        changes=(
            _WRITERS,
            *_execution(inputs),
            *_by_client(inputs, strategy),
            *_files_outside(strategy),
            _circumstances(strategy, len(steps)),
            *_postponed(strategy),
            _peak(strategy),
        ),
        saving=strategy.expected.words,
        risks=tuple(_blocking(steps)),
        rollback=("The second table lists it for each step. Take a backup first.",),
        steps=steps,
    )


def removal(inputs: DiscoveryInputs, strategy: MeasuredStrategy) -> tuple[PlannedStep, ...]:
    """The steps of phase 104: they remove what a rollback needs."""
    return _planned_steps(inputs, strategy, removal=True)


def _planned_steps(inputs: DiscoveryInputs, strategy: MeasuredStrategy, *, removal: bool) -> tuple[PlannedStep, ...]:
    undo = aside_command(inputs, UNDO) if UNDO in inputs.library.asides else ""
    files = {step: tuple(file.name for file in of_step) for step, of_step in groupby(inputs.files, attrgetter("step"))}
    steps = zip(strategy.steps, strategy.bytes_before_steps, strategy.forecast, strict=True)
    return tuple(
        _planned_step(strategy, step, table_bytes, foretold, files=files.get(number, ()), undo=undo)
        for number, (step, table_bytes, foretold) in enumerate(steps)
        # A step that only checks requirements has no file.
        if (number in strategy.removal_steps) is removal and (number in files or not files)
    )


def _execution(inputs: DiscoveryInputs) -> Iterator[str]:
    if not inputs.files:
        yield _NOT_SAFE
        return
    yield (
        f"Execute the files in the order of their names: {execution(inputs, '101', '103')}. It stops at the first error. Try"
        " them on a restored backup first."
    )


def execution(inputs: DiscoveryInputs, *phases: str) -> str:
    """The command that executes the files of these phases."""
    if not any(file.name.endswith(PROGRAM) for file in inputs.files if file.name.startswith(phases)):
        return f"`cat {' '.join(f'{inputs.plan_folder}/{phase}-*.sql' for phase in phases)} | psql DSN`"
    run = f'python "$file" --dsn DSN{inputs.library.outside}'
    patterns = " ".join(f"{inputs.plan_folder}/{phase}-*" for phase in phases)
    return f'`for file in {patterns}; do case $file in *.sql) psql DSN -f "$file";; *.py) {run};; esac || break; done`'


def _by_client(inputs: DiscoveryInputs, strategy: MeasuredStrategy) -> Iterator[str]:
    """What is no SQL."""
    if unknown := unknown_steps(inputs, strategy):
        yield (
            f"SQL cannot do this: {'; '.join(dict.fromkeys(unknown))}. A client did it in the trial, and this lab has no program"
            " for it: another lab measured it. So the files stop in phase 101, before they change anything. They document the"
            " plan; they do not carry it out. `lab run` measures it again."
        )
    if programs := [file.name for file in inputs.files if file.name.endswith(PROGRAM) and file.step is not None]:
        names, count = (
            ", ".join(f"`{name}`" for name in programs),
            counted(len(programs), "file is a program", "files are programs"),
        )
        yield (
            f"SQL cannot do everything. {count}: {names}. Run them with the Python that this lab (version"
            f" {inputs.library.version}) is installed for, and on a connection without a pooler. Each says first what it will do"
            " and to which database, and commits every few rows. Run it again, and it goes on where it was interrupted. The file"
            " that follows stops while something is left to do."
        )
    if UNDO in inputs.library.asides:
        yield f"The way back from them is {aside_command(inputs, UNDO)}: it can be run again wherever it stopped."


def aside_command(inputs: DiscoveryInputs, aside: Aside, arguments: str = "") -> str:
    """The command that runs a program beside the numbered files."""
    return f"`python {inputs.plan_folder}/{aside.name}{arguments} --dsn DSN{inputs.library.outside}`"


def unknown_steps(inputs: DiscoveryInputs, strategy: MeasuredStrategy) -> tuple[str, ...]:
    """What a client did in the trial, in words, and this lab has no program for."""
    return tuple(statement.name for step in strategy.steps for statement in unknown_to(inputs.library, step))


def _files_outside(strategy: MeasuredStrategy) -> Iterator[str]:
    """Where the files lie, and what that asks of backups."""
    facts, candidate = strategy.candidate.facts, strategy.candidate
    if candidate.has_files:
        folders = sorted({name.partition("/")[0] for name in strategy.trial.outside or ()})
        yield (
            f"The client writes files outside of the database: about {outside_text(candidate.projection)} at full size, in"
            f" the {'folders' if len(folders) > 1 else 'folder'} {joined(folders)}. Choose a place that the client of every"
            f" reader reaches and that your backups cover. {facts.archive_words} So back up both, the files after the"
            " database: what a file holds leaves the database only after the file was read back."
        )


def _postponed(strategy: MeasuredStrategy) -> Iterator[str]:
    """The steps that the trial executed among those of phase 103, but that the plan postpones to phase 104."""
    last = max((number for number, step in enumerate(strategy.steps) if not step.final), default=-1)
    names = [step.name for number, step in enumerate(strategy.steps[: last + 1]) if number in strategy.removal_steps]
    if names:
        yield (
            f"The plan postpones to phase 104 what the trial removed earlier ({', '.join(names)}). Until then the"
            " database is larger than the sizes below say."
        )


def _circumstances(strategy: MeasuredStrategy, steps: int) -> str:
    environment, sample = strategy.experiment.environment, bytes_text(strategy.candidate.control.footprint.total)
    return (
        f"The first table lists {counted(steps, 'step')} in this order, as measured on a sample of {sample}"
        f" ({strategy.trial.server}, {environment.machine}, {environment.cores} cores). The full size is"
        f" {strategy.factor:.0f} times that. {_foretold(strategy)} The sample fits into memory: measure with a larger `--size`"
        " before you plan a maintenance window."
    )


def _foretold(strategy: MeasuredStrategy) -> str:
    """The time of all steps at full size."""
    whole = together(strategy.forecast).seconds
    if whole is None:
        return "How long they take at full size was not foretold, because the run timed them at one size only."
    return (
        f"At full size all steps together take about {duration_text(whole.value)} on that machine, between"
        f" {duration_text(whole.low)} and {duration_text(whole.high)}."
    )


def _peak(strategy: MeasuredStrategy) -> str:
    peak = max((step.peak_bytes for step in strategy.steps if step.peak_bytes is not None), default=None)
    if peak is None:
        return "The peak disk use is unknown: that server does not show it."
    share = peak / strategy.candidate.control.footprint.total
    return (
        f"The peak disk use is {bytes_text(peak)}, {share:.2f} times the sample. In proportion that is about"
        f" {bytes_text(_scaled(strategy, share))} at full size, without WAL."
    )


def _scaled(strategy: MeasuredStrategy, share: float) -> float:
    """Bytes of that share of the sample at full size, with the tables that the strategy does not touch."""
    return share * sum(strategy.before.values()) + strategy.candidate.before.untouched


def _blocking(steps: tuple[PlannedStep, ...]) -> Iterator[str]:
    blocking = {number: step.seconds for number, step in enumerate(steps, 1) if step.blocks}
    if blocking:
        total = sum(seconds for seconds in blocking.values() if seconds is not None)
        yield (
            f"These steps block writers, or writers and readers: {', '.join(map(str, blocking))}. Together they take at"
            f" most {total:.2f} s on the sample."
        )
    if lacking := [str(number) for number, step in enumerate(steps, 1) if step.blocks is None]:
        yield f"Whether these steps block somebody was not measured: {', '.join(lacking)}. `lab run` measures it."


def _planned_step(  # noqa: PLR0913 - what a row of the table shows
    strategy: MeasuredStrategy,
    step: StepRecord,
    table_bytes: dict[str, int],
    foretold: StepForecast | None,
    *,
    files: tuple[str, ...],
    undo: str,
) -> PlannedStep:
    sizes = {table: bytes_text(size) for table, size in table_bytes.items() if table in strategy.before}
    rollback, irreversible = sql.rollback_steps(step.statements, sizes, undo)
    if step.final and not irreversible:
        rollback, irreversible = (_AFTER_CHECKS,), True
    return PlannedStep(
        name=step.name,
        files=files,
        statements=sql.summary(step.statements),
        seconds=step.seconds,
        full_size=foretold.seconds if foretold else None,
        wal_bytes=step.wal_bytes,
        peak_bytes=step.peak_bytes,
        bytes_after=step.footprint.total,
        share_after=step.footprint.total / strategy.candidate.control.footprint.total,
        locks=lock_words(step.statements, sizes.keys()),
        blocks=blocks(step.statements, sizes.keys()),
        rollback=rollback,
        irreversible=irreversible,
    )
