"""What a strategy's measured locks mean for the application, in words."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence

from lab.units import counted, duration_text
from lab.values import ExecutedStatement, LockMode, TableLock

NOT_MEASURED = "not measured"

_CHANGED_ROWS = "who changes the same rows waits"


def blocks(statements: Sequence[ExecutedStatement], tables: Collection[str]) -> bool | None:
    """Whether the application's reads or writes wait for one of these statements; None where that is not known."""
    if any(lock.mode.blocks_writes for lock in _of(statements, tables)):
        return True
    return None if unknown(statements) else False


def unknown(statements: Sequence[ExecutedStatement]) -> int:
    """How many statements there are whose locks are not known."""
    return sum(statement.times for statement in statements if statement.locks is None)


def lock_words(statements: Sequence[ExecutedStatement], tables: Collection[str]) -> tuple[str, ...]:
    """What the application may wait for; only its own tables count. `NOT_MEASURED` where no lock is known."""
    lacking = unknown(statements)
    if lacking and lacking == sum(statement.times for statement in statements):
        return (NOT_MEASURED,)
    return (*_words(statements, tables), *((f"{NOT_MEASURED}: {counted(lacking, 'statement')}",) if lacking else ()))


def _words(statements: Sequence[ExecutedStatement], tables: Collection[str]) -> Iterator[str]:
    """The strongest mode first."""
    by_mode: defaultdict[LockMode, list[TableLock]] = defaultdict(list)
    for lock in _of(statements, tables):
        by_mode[lock.mode].append(lock)
    for mode in reversed(LockMode):
        if mode in by_mode and (consequence := _consequence(mode)):
            names = ", ".join(dict.fromkeys(_name(lock) for lock in by_mode[mode]))
            times = [lock.held_seconds for lock in by_mode[mode] if lock.held_seconds is not None]
            held = f", at most {duration_text(max(times))} on the sample" if times else ""
            yield f"{mode.value} on {names}{held}: {consequence}"


def _consequence(mode: LockMode) -> str:
    if mode.blocks_writes:
        return "nobody reads or writes" if mode.blocks_reads else "nobody writes"
    return _CHANGED_ROWS if mode is LockMode.ROW_EXCLUSIVE else ""


def _name(lock: TableLock) -> str:
    return lock.table if lock.whole else f"a part of {lock.table}"


def _of(statements: Sequence[ExecutedStatement], tables: Collection[str]) -> Iterator[TableLock]:
    return (lock for statement in statements for lock in statement.locks or () if lock.table in tables)
