"""A scenario whose Python takes too much memory fails its own trial, what it took is freed, and the run goes on."""

from __future__ import annotations

import os
import resource
import time
import weakref
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NoReturn

import pytest

from lab.free_memory import free_bytes
from lab.scenario import Client, ClientStep, Convert, Database
from lab.servers import Workspace
from lab.trial.memory import MemoryLimit
from lab.trial.template import Bench
from lab.values import Completed, Failed, Outcome
from tests.lab.trials import run_scenario, run_sql

ALLOWED = 64 << 20
EATEN = 3 * ALLOWED
"""Enough to pass the limit though some of it was free in the process, and few enough for any machine, should nobody look."""
PAUSE = 0.01
"""Seconds after each megabyte, so that the lab looks before the system refuses more, at twice the limit."""


class Chunk(bytearray):
    """A megabyte that is really written to; a plain one has no weak references."""

    def __init__(self) -> None:
        super().__init__(os.urandom(1 << 10) * 1024)


def eat(chunks: list[weakref.ref[Chunk]]) -> NoReturn:
    """Take memory bit by bit, then work on for ever."""
    taken: list[Chunk] = []
    while True:
        if len(taken) < EATEN >> 20:
            taken.append(Chunk())
            chunks.append(weakref.ref(taken[-1]))
            time.sleep(PAUSE)


def require_ended(outcome: Outcome, step: str, taken: list[weakref.ref[Chunk]]) -> None:
    assert isinstance(outcome, Failed), outcome
    assert outcome.step == step
    assert outcome.error.startswith(f"Step '{step}' was ended: the lab's process took ")
    assert "at most 64.0 MB are allowed" in outcome.error
    assert taken
    assert not any(reference() for reference in taken)


def test_python_that_takes_memory_bit_by_bit_is_ended_and_the_next_trial_runs(bench: Bench) -> None:
    taken: list[weakref.ref[Chunk]] = []

    def inside(db: Database) -> None:
        with db.step("eat"):
            eat(taken)

    require_ended(run_scenario(bench, inside, memory_bytes=ALLOWED), "eat", taken)
    assert isinstance(run_scenario(bench, run_sql("SELECT 1"), memory_bytes=ALLOWED), Completed)


@pytest.mark.slow
def test_python_outside_of_a_step_is_ended_too(bench: Bench) -> None:
    taken: list[weakref.ref[Chunk]] = []
    require_ended(run_scenario(bench, lambda _: eat(taken), memory_bytes=ALLOWED), "apply", taken)


@pytest.mark.slow
def test_a_client_that_takes_memory_is_ended(bench: Bench) -> None:
    taken: list[weakref.ref[Chunk]] = []

    def converting(_: Client) -> Convert:
        def convert(rows: Iterable[tuple[object, ...]]) -> Iterator[tuple[object, ...]]:
            eat(taken)
            yield from rows

        return convert

    def apply(db: Database) -> None:
        with db.step("convert"):
            db.execute("CREATE TABLE made (a int)")
            db.convert(ClientStep(name="eat", read="SELECT 1", convert=converting, into="made", columns=("a",)))

    require_ended(run_scenario(bench, apply, memory_bytes=ALLOWED), "convert", taken)


@pytest.mark.slow
def test_rows_that_are_fetched_into_memory_are_ended_with_their_statement(bench: Bench) -> None:
    def apply(db: Database) -> None:
        with db.step("fetch"):
            slowly = f"SELECT repeat('x', 1 << 20) || pg_sleep({PAUSE})::text FROM generate_series(1, 192)"
            db.fetch(f"{slowly} UNION ALL SELECT pg_sleep(1000)::text")

    outcome = run_scenario(bench, apply, memory_bytes=ALLOWED)
    assert isinstance(outcome, Failed), outcome
    assert "at most 64.0 MB are allowed" in outcome.error


def test_one_allocation_of_more_than_is_free_is_refused_and_servers_have_no_such_limit(
    bench: Bench, workspace: Workspace, tmp_path: Path
) -> None:
    limits = []

    def apply(_: Database) -> None:
        sleeper = workspace.spawn(["sleep", "60"], log=tmp_path / "log")
        limits.append(resource.prlimit(sleeper.pid, resource.RLIMIT_DATA))
        workspace.end(sleeper)
        b"x" * (8 * ALLOWED)

    before = resource.getrlimit(resource.RLIMIT_DATA)
    outcome = run_scenario(bench, apply, memory_bytes=ALLOWED)
    assert isinstance(outcome, Failed), outcome
    assert "MemoryError" in outcome.error
    assert limits == [before]
    assert resource.getrlimit(resource.RLIMIT_DATA) == before


def test_of_two_that_passed_their_limits_one_is_ended_first() -> None:
    first, second = MemoryLimit(-(1 << 60)), MemoryLimit(-(1 << 60))
    with first:
        assert first.look()
        with second:
            assert not second.look()
    with second:
        assert second.look()


def test_who_waits_for_its_turn_takes_no_memory() -> None:
    limit = MemoryLimit(-(1 << 60))
    limit.pause()
    assert not limit.look()


def lay(group: Path, limit: str, usage: int, statistics: str, names: tuple[str, str]) -> None:
    group.mkdir(parents=True)
    (group / names[0]).write_text(f"{limit}\n", encoding="ascii")
    (group / names[1]).write_text(f"{usage}\n", encoding="ascii")
    (group / "memory.stat").write_text(statistics, encoding="ascii")


def lay_unified(folder: Path) -> str:
    names = ("memory.max", "memory.current")
    lay(folder / "outer", "9000", 5000, "anon 1000\nfile 3500\nshmem 500\n", names)
    lay(folder / "outer" / "inner", "max", 4000, "anon 1000\nfile 3000\n", names)
    return "0::/outer/inner\n"


def lay_first_version(folder: Path) -> str:
    names = ("memory.limit_in_bytes", "memory.usage_in_bytes")
    lay(folder / "memory", "9223372036854771712", 1, "", names)
    lay(folder / "memory" / "inner", "9000", 5000, "total_cache 3500\ntotal_shmem 500\n", names)
    return "5:cpu:/\n4:hugetlb,memory:/inner\n0::/\n"


@pytest.mark.parametrize("lay_groups", [lay_unified, lay_first_version])
def test_a_limit_of_the_control_group_counts(lay_groups: Callable[[Path], str], tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.write_text(lay_groups(tmp_path / "groups"), encoding="ascii")
    assert free_bytes(tmp_path / "groups", own) == 9000 - 5000 + 3500 - 500


def test_without_control_groups_the_machine_alone_counts(tmp_path: Path) -> None:
    assert free_bytes(tmp_path, tmp_path / "none") > 0
