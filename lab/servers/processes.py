"""Identifies, awaits and ends processes. A pid alone may be reused; a pid with its start time is unique."""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import psutil

_ENDING_S = 10.0
_POLL_S = 0.02
_PIDS = 1 << 31
_DATA_LIMIT = resource.getrlimit(resource.RLIMIT_DATA)


@dataclass(frozen=True, kw_only=True)
class Identity:
    """One process, for as long as this machine runs."""

    pid: int
    started: float
    """Seconds after boot on Linux (a corrected clock does not move it), seconds since 1970 elsewhere."""

    @classmethod
    def of(cls, pid: int) -> Self:
        """Identify a running process; `psutil.NoSuchProcess` where there is none."""
        return cls(pid=pid, started=_started(psutil.Process(pid)))

    @classmethod
    def parsed(cls, raw: object) -> Self:
        """An identity from its JSON form; `ValueError` where it is not valid."""
        match raw:
            case {"pid": int(pid), "started": float() | int() as started, **rest} if not rest and 0 < pid < _PIDS:
                return cls(pid=pid, started=float(started))
        raise ValueError("not the identity of a process")

    def process(self) -> psutil.Process | None:
        """The process while it runs, None once it has ended (a zombie has)."""
        with suppress(psutil.NoSuchProcess):
            process = psutil.Process(self.pid)
            if abs(_started(process) - self.started) < 0.05 and process.status() != psutil.STATUS_ZOMBIE:
                return process
        return None


def namespace() -> str:
    """The name of the namespace in which this process counts pids: a container has its own; empty where the system has none."""
    with suppress(OSError):
        return str(Path("/proc/self/ns/pid").readlink())
    return ""


def lift_data_limit(pid: int) -> None:
    """Let a process have as much data as this one had at first: a trial may have limited it since."""
    with suppress(OSError):  # of another account, in a container that may not
        resource.prlimit(pid, resource.RLIMIT_DATA, _DATA_LIMIT)


def wait_until_started(answers: Callable[[], bool], lives: Callable[[], bool], within_s: float) -> bool:
    """Wait until a server answers; False if it ends first or the time is over."""
    deadline = time.monotonic() + within_s
    while not answers():
        if not lives() or time.monotonic() > deadline:
            return False
        time.sleep(_POLL_S)
    return True


def end(identity: Identity) -> bool:
    """Kill the process with its descendants and wait for them; False if it had ended already."""
    process = identity.process()
    if process is None or process.pid == os.getpid():
        return False
    family = _family(process)
    for member in family:
        with suppress(psutil.NoSuchProcess):
            member.kill()
    psutil.wait_procs(family, timeout=_ENDING_S)
    return True


def _family(process: psutil.Process) -> list[psutil.Process]:
    with suppress(psutil.NoSuchProcess):
        return [process, *process.children(recursive=True)]
    return [process]


def _started(process: psutil.Process) -> float:
    # On Linux psutil adds the boot time by the current clock; subtracting it again makes a changed clock harmless.
    boot = psutil.boot_time() if psutil.LINUX else 0.0
    return round(process.create_time() - boot, 2)
