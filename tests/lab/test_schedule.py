"""Every job is done once; jobs that would disturb each other are never done at the same time."""

from __future__ import annotations

import threading
import time
from collections import deque
from functools import partial

import pytest

from lab.schedule import Queue, work_off


def test_every_job_is_done_once_and_unshared_ones_one_at_a_time() -> None:
    done: list[str] = []
    alone = threading.Lock()

    def unshared(name: str) -> None:
        assert alone.acquire(blocking=False)
        time.sleep(0.01)
        done.append(name)
        alone.release()

    def shared(name: str) -> None:
        time.sleep(0.01)
        done.append(name)

    queues = [
        Queue(jobs=deque(partial(unshared, f"a{n}") for n in range(5)), shared=False),
        Queue(jobs=deque(partial(shared, f"b{n}") for n in range(9)), shared=True),
    ]
    work_off(queues, at_once=2, interrupted=lambda: None)
    assert sorted(done) == [f"a{n}" for n in range(5)] + [f"b{n}" for n in range(9)]
    assert [name for name in done if name[0] == "a"] == [f"a{n}" for n in range(5)]


def test_one_worker_does_everything() -> None:
    done: list[int] = []
    queues = [Queue(jobs=deque([lambda: done.append(1)]), shared=shared) for shared in (False, True, False)]
    work_off(queues, at_once=1, interrupted=lambda: None)
    assert done == [1, 1, 1]


def test_a_job_that_raises_interrupts_the_others() -> None:
    called: list[bool] = []

    def fail() -> None:
        raise KeyError("job")

    with pytest.raises(KeyError, match="job"):
        work_off([Queue(jobs=deque([fail]), shared=True)], at_once=2, interrupted=lambda: called.append(True))
    assert called == [True]
