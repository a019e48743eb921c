"""Concurrent trials: how many run at once, and how one of them works alone while it is timed."""

from __future__ import annotations

import os
import threading
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Protocol, TypeAlias

from lab.errors import InputError
from lab.free_memory import free_bytes

MOST_JOBS = 4
"""Default upper limit; timed work is exclusive, so more concurrent trials save next to no time."""

JOBS_PER_CORE = 2
"""A trial often waits for others to be timed; with one per core, a core would idle while the other trial prepares."""

JOB_BYTES = 1 << 30
"""Memory that must be available for each trial at once: a server process with its caches, and the answers it gives."""

_LOOK_SECONDS = 0.2
"""Python may miss a signal while its main thread waits without an end and another thread is busy with Python."""

Job: TypeAlias = Callable[[], None]


def jobs_at_once(asked: int | None) -> int:
    """Number of concurrent trials: as asked, else `JOBS_PER_CORE`, as far as memory allows, at most `MOST_JOBS`.

    Errors: `InputError` for fewer than 1.
    """
    if asked is None:
        return max(1, min(JOBS_PER_CORE * (os.cpu_count() or 1), free_bytes() // JOB_BYTES, MOST_JOBS))
    if asked < 1:
        raise InputError(f"A run cannot make {asked} trials at once.", hint="Give --jobs 1 or more, or omit it.")
    return asked


def run_jobs(
    jobs: Sequence[tuple[str, Job]], *, at_once: int, interrupted: Job, spare: Container[str] = (), cores: int = 1
) -> None:
    """Do all jobs, each named with its server, `at_once` at a time; those of one server begin in order.

    Those of a `spare` server share nothing but the machine: they leave one of the `cores` to the others as long as there are
    others, and then have one each.

    When one raises, or Ctrl-C comes, call `interrupted` and raise it. Jobs that have not begun by then never do.
    """
    queues = _Queues(jobs, spare, cores)
    with ThreadPoolExecutor(at_once) as threads:
        try:
            left = {threads.submit(queues.do_next) for _ in jobs}
            while left:
                done, left = wait(left, timeout=_LOOK_SECONDS, return_when=FIRST_COMPLETED)
                for future in done:
                    future.result()
        except BaseException:
            queues.stop()
            threads.shutdown(wait=False, cancel_futures=True)
            interrupted()
            raise


class _Queues:
    """The jobs of each server; the next one is of the server that has the fewest in progress.

    So a slow server does not hold all threads while another one has nothing to do.
    """

    def __init__(self, jobs: Iterable[tuple[str, Job]], spare: Container[str], cores: int) -> None:
        self._waiting: defaultdict[str, deque[Job]] = defaultdict(deque)
        for server, job in jobs:
            self._waiting[server].append(job)
        self._spare, self._cores = spare, cores
        self._in_progress: Counter[str] = Counter()
        self._begun: Counter[str] = Counter()
        self._changed = threading.Condition()
        self._stopped = False

    def do_next(self) -> None:
        """Do one job, once one may begin; call it as often as there are jobs."""
        with self._changed:
            self._changed.wait_for(lambda: self._stopped or self._next())
            server = self._next()
            if self._stopped or server is None:
                return
            job = self._waiting[server].popleft()
            self._in_progress[server] += 1
            self._begun[server] += 1
        try:
            job()
        finally:
            with self._changed:
                self._in_progress[server] -= 1
                self._changed.notify_all()

    def stop(self) -> None:
        """Let nobody wait for a job, or begin one."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def _next(self) -> str | None:
        """The server of the job that may begin now; None where none may."""
        return min((server for server in self._waiting if self._may_begin(server)), key=self._turn, default=None)

    def _may_begin(self, server: str) -> bool:
        if server not in self._spare or not self._waiting[server]:
            return bool(self._waiting[server])
        others = any(self._waiting[other] or self._in_progress[other] for other in self._waiting if other != server)
        most = max(1, self._cores - 1 if others else self._cores)
        return self._in_progress[server] < most

    def _turn(self, server: str) -> tuple[int, int]:
        return self._in_progress[server], self._begun[server]


def gates(shares_wal: Mapping[str, bool], *, quiet: bool) -> Mapping[str, Gate]:
    """What the trials of each kind of server share, by whether all databases of that kind share one WAL.

    Where they do, a trial that is timed is alone on its server; trials on servers of another kind go on. If `quiet`, or on a
    single core, all kinds share one gate: nothing else is at work.

    Reads and writes are compared with an untouched database that is timed in turn with the trial's: what a neighbour takes, it
    takes from both.
    """
    if quiet or os.cpu_count() == 1:
        return dict.fromkeys(shares_wal, ExclusiveGate())
    return {kind: ExclusiveGate() if shared else OpenGate() for kind, shared in shares_wal.items()}


class Gate(Protocol):
    """How the trials of a server disturb each other."""

    in_turn: bool
    """Whether they are timed one after the other."""

    def shared(self) -> AbstractContextManager[None]:
        """Work beside others."""

    def exclusive(self) -> AbstractContextManager[None]:
        """Inside of `shared`: work while nothing disturbs what is timed."""


class OpenGate:
    """For trials that share nothing but the machine."""

    in_turn = False

    def shared(self) -> AbstractContextManager[None]:
        """Work at once."""
        return nullcontext()

    def exclusive(self) -> AbstractContextManager[None]:
        """Work at once, too."""
        return nullcontext()


class ExclusiveGate:
    """Shared by trials: many work side by side, or one works while all others wait.

    Exclusive requests take priority, so timed work runs back to back and the rest runs concurrently. A trial may ask for
    exclusive access as often as it measures something.
    """

    in_turn = True

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._sharing = 0
        self._requests = 0
        self._turn = threading.Lock()

    @contextmanager
    def shared(self) -> Iterator[None]:
        """Work beside others; begins once nobody has or requests exclusive access."""
        with self._changed:
            self._enter()
        try:
            yield
        finally:
            with self._changed:
                self._leave()

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Inside `shared`, which is given up meanwhile: work while nobody else does."""
        with self._changed:
            self._leave()
            self._requests += 1
        try:
            with self._turn:
                self._wait_for_others()
                yield
        finally:
            with self._changed:
                self._requests -= 1
                self._changed.notify_all()
                self._enter()

    def _enter(self) -> None:
        self._changed.wait_for(lambda: not self._requests)
        self._sharing += 1

    def _leave(self) -> None:
        self._sharing -= 1
        self._changed.notify_all()

    def _wait_for_others(self) -> None:
        with self._changed:
            self._changed.wait_for(lambda: not self._sharing)
