"""Ends a scenario whose Python takes so much memory that the whole lab would be killed for it."""

from __future__ import annotations

import resource
import threading
from types import TracebackType

import psutil

from lab.errors import LabError
from lab.free_memory import free_bytes
from lab.units import bytes_text

_SHARE = 0.5
"""Of the memory that is free when a scenario begins: the servers need the rest, and an end takes a moment."""
_LEAST = 256 << 20
"""Bytes that a scenario may take where little is free: honest work needs no more."""

_ENDING = threading.Lock()
"""Held until a scenario that took too much has ended: for what that frees, others may go on."""


class _Ceiling:
    """The most bytes of data that this process may have while a scenario works: the system refuses what goes beyond."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._before = 0

    def enter(self, most: int) -> None:
        """Lay it there; of several trials, the last one says where."""
        with self._lock:
            soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
            if not self._inside:
                self._before = soft
            self._inside += 1
            known = [limit for limit in (self._before, hard) if limit != resource.RLIM_INFINITY]
            resource.setrlimit(resource.RLIMIT_DATA, (min(most, *known) if known else most, hard))

    def leave(self) -> None:
        """Take it away with the last one."""
        with self._lock:
            self._inside -= 1
            if not self._inside:
                resource.setrlimit(resource.RLIMIT_DATA, (self._before, resource.getrlimit(resource.RLIMIT_DATA)[1]))


_CEILING = _Ceiling()


class MemoryLimit:
    """How much more memory the lab's process may take while a scenario works, in bytes; None: a share of what is free.

    No process knows which of its threads took memory, so what other trials take meanwhile counts as well. What is taken
    bit by bit is looked at; one allocation of more than is free is refused by the system, because no look comes in time.
    """

    tolerance_seconds = 0.0
    """As `Limit.tolerance_seconds`."""

    def __init__(self, most: int | None = None) -> None:
        self._given = most
        self._process = psutil.Process()
        self._taken: int | None = None
        self.restart()

    @property
    def _free_bytes(self) -> int:
        """Of which `_most` is a share."""
        return int(self._most / _SHARE)

    def restart(self) -> None:
        """Count from what the process has now."""
        self._before = self._resident_bytes
        self._most = self._given if self._given is not None else max(int(_SHARE * free_bytes()), _LEAST)
        self._counts = True

    def pause(self) -> None:
        """Count nothing until `restart`: a trial that waits for its turn takes no memory."""
        self._counts = False

    @property
    def passed(self) -> bool:
        """Whether it took too much; stays so when that is freed."""
        return self._taken is not None

    def look(self) -> bool:
        """Look what the process has now; returns `passed`. Of several trials, only one passes its limit at a time."""
        if self._taken is None and self._counts:
            taken = self._resident_bytes - self._before
            if taken > self._most and _ENDING.acquire(blocking=False):
                self._taken = taken
        return self.passed

    @property
    def _resident_bytes(self) -> int:
        resident: int = self._process.memory_info().rss
        return resident

    def overdue(self, step: str) -> LabError:
        """The error for a step that was ended."""
        return LabError(
            f"Step '{step}' was ended: the lab's process took {bytes_text(self._taken or 0)} of memory more than before, and at"
            f" most {bytes_text(self._most)} are allowed.",
            hint="Let a client convert a few rows at a time, give a smaller --size, or free memory. What other trials take"
            " counts as well: --jobs 1 makes one at a time.",
        )

    def __enter__(self) -> None:
        """Refuse allocations beyond what is free; at the end of the context, other trials may be ended."""
        _CEILING.enter(self._process.memory_info().data + self._free_bytes)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        _CEILING.leave()
        if self._taken is not None:
            _ENDING.release()
