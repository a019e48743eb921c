"""Which trial is made next: every server has a worker, and one that has done its own helps where that disturbs nobody."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from typing import TypeAlias

Job: TypeAlias = Callable[[], None]


@dataclass(frozen=True, kw_only=True)
class Queue:
    """The jobs of one server, in order."""

    jobs: deque[Job]
    shared: bool
    """Whether several of these jobs at once do not disturb each other's measurements."""


def work_off(queues: Sequence[Queue], *, at_once: int, interrupted: Job) -> None:
    """Do all jobs, `at_once` of them at a time; where one raises, or Ctrl-C comes, call `interrupted` and raise it."""
    taking, shared = threading.Lock(), [queue for queue in queues if queue.shared]
    with ThreadPoolExecutor(at_once) as threads:
        workers = [threads.submit(_work, [own, *shared], taking) for own in (*queues, *shared * at_once)]
        try:
            for worker in as_completed(workers):
                worker.result()
        except BaseException:
            interrupted()
            raise


def _work(queues: Sequence[Queue], taking: threading.Lock) -> None:
    """Take from the first queue that has a job, until none has."""
    while job := _next(queues, taking):
        job()


def _next(queues: Sequence[Queue], taking: threading.Lock) -> Job | None:
    with taking:
        return next((queue.jobs.popleft() for queue in queues if queue.jobs), None)
