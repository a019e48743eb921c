"""A scenario that never ends fails its own trial, and the run goes on."""

from __future__ import annotations

import itertools
import subprocess
import sys
import threading
import time

import pytest

from lab.scenario import Database
from lab.trial.template import Bench
from lab.values import Completed, Failed, Outcome
from tests.lab.trials import run_scenario, run_sql
from tests.support import ROOT


def failure(outcome: Outcome) -> Failed:
    assert isinstance(outcome, Failed), outcome
    return outcome


def test_a_statement_that_never_ends_is_cancelled_and_the_next_trial_runs(bench: Bench) -> None:
    failed = failure(run_scenario(bench, run_sql("SELECT pg_sleep(1000)"), step_seconds=1))
    assert failed.step == "do"
    assert failed.error.startswith("Step 'do' did not end within 1 s and was cancelled.")
    assert isinstance(run_scenario(bench, run_sql("SELECT 1")), Completed)


@pytest.mark.slow
def test_a_scenario_that_goes_on_after_its_statement_was_cancelled_fails_all_the_same(bench: Bench) -> None:
    def apply(db: Database) -> None:
        for number in itertools.count():
            try:
                with db.step(f"step {number}"):
                    db.execute("SELECT pg_sleep(1000)")
            except Exception:  # noqa: BLE001, S112 - that is the cheat
                continue

    assert "did not end within 1 s" in failure(run_scenario(bench, apply, step_seconds=1)).error


@pytest.mark.slow
def test_python_that_never_ends_is_stopped_inside_and_outside_of_a_step(bench: Bench) -> None:
    def outside(_: Database) -> None:
        while True:
            pass

    def inside(db: Database) -> None:
        with db.step("spin"):
            while True:
                pass

    for apply, step in ((outside, "apply"), (inside, "spin")):
        assert failure(run_scenario(bench, apply, step_seconds=1)).step == step
    assert not [thread for thread in threading.enumerate() if thread.name == "scenario"]


CALLED_BY_C = """
import ctypes
import threading

from lab.trial.deadline import Deadline, run_within

returned = []
run_within([Deadline(0.1)], lambda: returned.append(ctypes.pythonapi.PyRun_SimpleString(b"while True: pass")), [])
print(returned, threading.active_count())
"""
"""C prints the error of the loop, because it has nowhere to raise it, as psycopg does where a server sends a notice."""


def test_ending_python_that_c_called_does_not_end_the_process() -> None:
    command = [sys.executable, "-c", CALLED_BY_C]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "[-1] 1\n", done.stderr


@pytest.mark.slow
def test_each_step_has_all_the_time_and_waiting_for_a_turn_takes_none(bench: Bench) -> None:
    def three(db: Database) -> None:
        for number in range(3):
            with db.step(f"step {number}"):
                db.execute("SELECT pg_sleep(1)")

    assert isinstance(run_scenario(bench, three, step_seconds=2.5), Completed)


@pytest.mark.slow
def test_a_statement_on_pglite_that_never_ends_ends_with_its_process(pglite_bench: Bench) -> None:
    endless = "WITH RECURSIVE r(i) AS (SELECT 1 UNION ALL SELECT i % 2 + 1 FROM r) SELECT count(*) FROM r"
    started = time.monotonic()
    assert "did not end" in failure(run_scenario(pglite_bench, run_sql(endless), step_seconds=1)).error
    assert time.monotonic() - started < 100
    assert isinstance(run_scenario(pglite_bench, run_sql("SELECT 1")), Completed)


def test_a_scenario_that_would_end_the_program_fails_only_itself(bench: Bench) -> None:
    assert "SystemExit" in failure(run_scenario(bench, lambda _: sys.exit(3))).error


def test_a_scenario_that_needs_more_memory_than_there_is_fails_only_itself(bench: Bench) -> None:
    def in_python(_: Database) -> None:
        bytearray(1 << 60)

    assert "MemoryError" in failure(run_scenario(bench, in_python)).error
    on_the_server = "SELECT repeat('x', 1 << 30)"
    assert "do" in failure(run_scenario(bench, run_sql(on_the_server))).step
    assert isinstance(run_scenario(bench, run_sql("SELECT 1")), Completed)
