"""Every job is done once; who works alone works alone, and nobody waits for ever."""

from __future__ import annotations

import os
import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial

import psutil
import pytest

from lab.errors import InputError
from lab.runner.schedule import (
    JOB_BYTES,
    JOBS_PER_CORE,
    MOST_JOBS,
    ExclusiveGate,
    Job,
    gates,
    jobs_at_once,
    run_jobs,
)
from tests.support import wait_until

THREADS = 8


@pytest.mark.parametrize("at_once", [1, 3])
def test_every_job_is_done_once_and_begun_in_order(at_once: int) -> None:
    begun: list[int] = []
    run_jobs(_jobs(*(partial(begun.append, n) for n in range(20))), at_once=at_once, interrupted=lambda: None)
    assert sorted(begun) == list(range(20))
    assert at_once > 1 or begun == sorted(begun)


def test_a_job_that_raises_interrupts_the_others_and_none_is_begun_afterwards() -> None:
    called, begun = threading.Event(), []

    def fail() -> None:
        raise KeyError("job")

    def wait() -> None:
        begun.append(called.wait(60))

    with pytest.raises(KeyError, match="job"):
        run_jobs(_jobs(fail, *[wait] * 9), at_once=2, interrupted=called.set)
    assert len(begun) < 9
    assert all(begun)


def test_a_slow_server_does_not_hold_all_threads() -> None:
    begun, quick, slow = [], 6, threading.Event()

    def wait() -> None:
        begun.append("slow")
        slow.wait(60)

    def end() -> None:
        begun.append("quick")
        if begun.count("quick") == quick:
            slow.set()

    run_jobs([*[("slow", wait)] * 3, *[("quick", end)] * quick], at_once=2, interrupted=lambda: None)
    assert begun[: quick + 1].count("slow") == 1
    assert begun.count("slow") == 3


def test_servers_take_turns_where_one_trial_is_made_at_a_time() -> None:
    begun: list[str] = []
    jobs = [(server, partial(begun.append, server)) for server in ("a", "a", "b", "b")]
    run_jobs(jobs, at_once=1, interrupted=lambda: None)
    assert begun == ["a", "b", "a", "b"]


def test_a_server_shares_the_gate_of_all_only_in_a_quiet_run() -> None:
    kinds = {"a": True, "b": False}
    assert len({id(gate) for gate in gates(kinds, quiet=True).values()}) == 1
    assert len({id(gate) for gate in gates(kinds, quiet=False).values()}) == min(2, os.cpu_count() or 1)


def test_databases_with_a_wal_each_are_timed_in_turn_only_in_a_quiet_run() -> None:
    several = (os.cpu_count() or 1) > 1
    assert gates({"server": False}, quiet=True)["server"].in_turn
    assert gates({"server": True}, quiet=False)["server"].in_turn
    assert gates({"server": False}, quiet=False)["server"].in_turn is not several


def test_jobs_that_share_nothing_leave_a_core_to_others_and_take_it_when_those_are_done() -> None:
    most, working, counting, last = {"beside": 0, "after": 0}, Counter[str](), threading.Lock(), threading.Event()

    def work(server: str) -> None:
        with counting:
            working[server] += 1
            when = "after" if last.is_set() else "beside"
            most[when] = max(most[when], working["spare"])
        time.sleep(0.005)
        with counting:
            working[server] -= 1

    def end() -> None:
        time.sleep(0.1)
        last.set()

    spare: list[tuple[str, Job]] = [("spare", partial(work, "spare"))] * 60
    timed: list[tuple[str, Job]] = [*[("timed", partial(work, "timed"))] * 4, ("timed", end)]
    run_jobs([*spare, *timed], at_once=4, interrupted=lambda: None, spare={"spare"}, cores=2)
    assert most == {"beside": 1, "after": 2}


def test_who_waits_for_a_core_begins_nothing_after_an_interruption() -> None:
    begun: list[str] = []
    inside, released = threading.Event(), threading.Event()

    def spare() -> None:
        begun.append("spare")
        inside.set()
        released.wait(60)

    def fail() -> None:
        inside.wait(60)
        raise KeyError("job")

    with pytest.raises(KeyError, match="job"):
        run_jobs(
            [*[("spare", spare)] * 3, ("timed", fail)],
            at_once=4,
            interrupted=released.set,
            spare={"spare"},
            cores=1,
        )
    assert begun == ["spare"]


def test_who_is_alone_is_alone_and_all_come_to_an_end_even_where_work_fails() -> None:
    gate, beside, counting, seen = ExclusiveGate(), [0], threading.Lock(), []

    def count(change: int) -> int:
        with counting:
            beside[0] += change
            return beside[0]

    def work(order: random.Random) -> None:
        seen.append(count(1))
        time.sleep(order.random() / 1000)
        count(-1)
        if order.random() < 0.2:
            raise LookupError

    def trial(order: random.Random) -> None:
        with suppress(LookupError), gate.shared():
            work(order)
            with gate.exclusive():
                assert count(1) == 1
                time.sleep(order.random() / 1000)
                assert count(-1) == 0
                if order.random() < 0.2:
                    raise LookupError
            work(order)

    def trials(seed: int) -> None:
        order = random.Random(seed)  # noqa: S311 - the same order of things at every run
        for _ in range(50):
            trial(order)

    _at_once([partial(trials, seed) for seed in range(THREADS)])
    assert max(seen) > 1
    assert beside == [0]


def test_who_waits_to_be_alone_goes_before_those_who_would_work_together() -> None:
    gate, order, waits = ExclusiveGate(), [], threading.Event()

    def timed() -> None:
        with gate.shared():
            waits.set()
            with gate.exclusive():
                order.append("alone")
            order.append("together again")

    def late() -> None:
        with gate.shared():
            order.append("together")

    with ThreadPoolExecutor(2) as threads, gate.shared():
        first = threads.submit(timed)
        waits.wait(60)
        wait_until(lambda: gate._requests == 1)
        second = threads.submit(late)
        time.sleep(0.05)
        assert not order
    first.result(60)
    second.result(60)
    assert order[0] == "alone"


def test_timed_work_is_done_in_a_row() -> None:
    gate, order, here = ExclusiveGate(), [], threading.Barrier(3)

    def timed() -> None:
        with gate.shared():
            here.wait(60)
            with gate.exclusive():
                time.sleep(0.02)
                order.append("alone")
            order.append("together")

    _at_once([timed] * 3)
    assert order == ["alone"] * 3 + ["together"] * 3


def test_a_trial_can_be_exclusive_as_often_as_it_measures() -> None:
    gate, beside, most = ExclusiveGate(), [0], [0]

    def trial() -> None:
        with gate.shared():
            for _ in range(20):
                with gate.exclusive():
                    beside[0] += 1
                    most[0] = max(most[0], beside[0])
                    time.sleep(0.0005)
                    beside[0] -= 1

    _at_once([trial] * 3)
    assert most == [1]


def test_as_many_trials_at_once_as_the_machine_has_room_for() -> None:
    jobs = jobs_at_once(None)
    assert 1 <= jobs <= min(MOST_JOBS, JOBS_PER_CORE * (os.cpu_count() or 1))
    assert jobs == 1 or jobs * JOB_BYTES <= psutil.virtual_memory().total
    assert jobs_at_once(7) == 7
    with pytest.raises(InputError, match="0 trials at once") as caught:
        jobs_at_once(0)
    assert "--jobs 1" in caught.value.hint


def test_a_control_group_with_little_memory_makes_one_trial_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lab.runner.schedule.free_bytes", lambda: JOB_BYTES + 1)
    assert jobs_at_once(None) == 1


def _jobs(*jobs: Job) -> list[tuple[str, Job]]:
    return [("server", job) for job in jobs]


def _at_once(jobs: list[Callable[[], None]]) -> None:
    with ThreadPoolExecutor(len(jobs)) as threads:
        for future in [threads.submit(job) for job in jobs]:
            future.result(60)
