"""The plan's steps: those that can be undone in phase 103, and the removal of what is no longer needed in phase 104."""

from __future__ import annotations

from collections.abc import Iterator

from lab.discovery import statements as sql
from lab.discovery.inputs import DiscoveryInputs, Measured
from lab.discovery.plan import removal_steps
from lab.discovery.values import Move, Phase
from lab.units import bytes_text
from lab.values import StepRecord

_AFTER_CHECKS = "No way back: execute it only once everything before it is checked."
_WRITERS = (
    "Stop the writers first: a row that is written while others are copied is in no copy, and the proofs then stop the"
    " migration."
)
_NOT_SAFE = (
    "This run was measured by an older lab, which recorded no requirements and no proofs. Its SQL is not printed, because it"
    " is not safe on another database: `lab run` measures it again."
)


def migration(inputs: DiscoveryInputs, strategy: Measured, title: str) -> Phase:
    """Phase 103: every step that does not wait for phase 104, in the order of the trial."""
    moves = _moves(inputs, strategy, final=False)
    return Phase(
        number=103,
        title=title,
        changes=(
            _WRITERS,
            *_execution(inputs),
            _circumstances(strategy, len(moves)),
            *_reordered(strategy),
            _room(strategy),
        ),
        saving=strategy.expected.words,
        risks=tuple(_locked(moves)),
        back=("The table below says it for each step. Take a backup first.",),
        moves=moves,
    )


def removal(inputs: DiscoveryInputs, strategy: Measured) -> tuple[Move, ...]:
    """The steps of phase 104: they remove what the way back needs."""
    return _moves(inputs, strategy, final=True)


def _moves(inputs: DiscoveryInputs, strategy: Measured, *, final: bool) -> tuple[Move, ...]:
    files = {file.step: file.name for file in inputs.files}
    steps = zip(strategy.steps, strategy.held, strict=True)
    late = removal_steps(strategy.steps, strategy.candidate.facts)
    return tuple(
        _move(strategy, step, held, files.get(number, ""))
        for number, (step, held) in enumerate(steps)
        if (number in late) is final and (number in files or not files)  # a step that only asks has no file
    )


def _execution(inputs: DiscoveryInputs) -> Iterator[str]:
    if not inputs.files:
        yield _NOT_SAFE
        return
    folder = inputs.plan_folder
    yield (
        f"Execute the files in the order of their names and in one session: `cat {folder}/101-*.sql {folder}/103-*.sql |"
        " psql DSN`. psql stops at the first error. Try it on a restored backup first."
    )


def _reordered(strategy: Measured) -> Iterator[str]:
    """Where the trial removed something before its last step that can be undone, the plan does so later."""
    last = max((number for number, step in enumerate(strategy.steps) if not step.final), default=-1)
    late = removal_steps(strategy.steps, strategy.candidate.facts)
    early = [step.name for number, step in enumerate(strategy.steps[: last + 1]) if number in late]
    if early:
        yield (
            f"The trial removed earlier what the plan removes in phase 104 ({', '.join(early)}): until then the database"
            " is larger than the sizes of these steps say."
        )


def _circumstances(strategy: Measured, steps: int) -> str:
    environment, sample = strategy.experiment.environment, bytes_text(strategy.candidate.control.footprint.total)
    return (
        f"Then {steps} steps in this order, as measured on {sample}"
        f" ({strategy.trial.server}, {environment.machine}, {environment.cores} cores); the full size is"
        f" {strategy.factor:.0f} times that. Seconds are of a sample that fits into memory and are not scaled:"
        " measure them with a larger `--size` before a night is planned."
    )


def _room(strategy: Measured) -> str:
    peak = max((step.peak_bytes for step in strategy.steps if step.peak_bytes is not None), default=None)
    if peak is None:
        return "Room on the disk: the largest size on the way could not be seen on that server."
    share = peak / strategy.candidate.control.footprint.total
    return (
        f"Room on the disk: at most {bytes_text(peak)} on the way, {share:.2f} times the sample before it;"
        f" in proportion about {bytes_text(_scaled(strategy, share))} at full size, WAL apart."
    )


def _scaled(strategy: Measured, share: float) -> float:
    """That share of the sample in the full database, beside what the strategy does not touch."""
    return share * sum(strategy.before.values()) + strategy.candidate.before.untouched


def _locked(moves: tuple[Move, ...]) -> Iterator[str]:
    locked = {
        number: move.seconds for number, move in enumerate(moves, 1) if any("nobody" in lock for lock in move.locks)
    }
    if locked:
        seconds = sum(taken for taken in locked.values() if taken is not None)
        yield (
            f"Steps that keep the application from writing, or reading: {', '.join(map(str, locked))};"
            f" together at most {seconds:.2f} s on the sample."
        )


def _move(strategy: Measured, step: StepRecord, held: dict[str, int], file: str) -> Move:
    sizes = {table: bytes_text(size) for table, size in held.items() if table in strategy.before}
    back, irreversible = sql.rollback_steps(step.statements, sizes)
    if step.final and not irreversible:
        back, irreversible = (_AFTER_CHECKS,), True
    return Move(
        name=step.name,
        file=file,
        statements=sql.summary(step.statements),
        seconds=step.seconds,
        wal_bytes=step.wal_bytes,
        peak_bytes=step.peak_bytes,
        bytes_after=step.footprint.total,
        share_after=step.footprint.total / strategy.candidate.control.footprint.total,
        locks=sql.locks(step.statements, sizes.keys()),
        back=back,
        irreversible=irreversible,
    )
