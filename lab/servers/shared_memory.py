"""System V shared memory of PostgreSQL servers: a postmaster that is killed leaves its segment behind.

Even with `shared_memory_type = mmap` a postmaster keeps a small segment, which locks its data directory. The kernel has
room for 4,096 of them and never removes one by itself.
"""

from __future__ import annotations

import ctypes
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_TABLE = Path("/proc/sysvipc/shm")  # Linux; elsewhere nothing is removed
_LOCK = "postmaster.pid"
_LOCK_BYTES = 4096
_SHMEM_LINE = 6
"""Of postmaster.pid, from 0: the segment's key and id. Line 0 holds the postmaster's pid."""
_IPC_RMID = 0
_DETACHING_S = 2.0
"""How long the backends of a dead postmaster may take to notice."""


@dataclass(frozen=True, kw_only=True)
class Segment:
    """One segment; the kernel does not use an `id` again until many thousand others were made."""

    id: int
    key: int
    creator: int
    """Pid of the process that made it."""
    user: int
    """Uid of that process."""


def remove_segments(folder: Path) -> list[str]:
    """Remove the segments of the servers whose data lie in `folder`/data or `folder`/*/data; returns which, in words.

    A segment is removed only if its key, its id and the pid and uid of its creator are those in postmaster.pid, which the
    dead server wrote, and if no process is attached to it.
    """
    locks = [*folder.glob(f"data/{_LOCK}"), *folder.glob(f"*/data/{_LOCK}")]
    return [f"shared memory {segment.id}" for lock in locks if (segment := _recorded(lock)) and _remove(segment)]


def _recorded(lock: Path) -> Segment | None:
    """The segment that a server recorded; None where it recorded none or shut down in order."""
    with suppress(OSError, ValueError, IndexError):
        if lock.is_symlink() or not lock.is_file() or lock.stat().st_size > _LOCK_BYTES:
            return None
        lines = lock.read_text(encoding="ascii").splitlines()
        key, identifier = map(int, lines[_SHMEM_LINE].split())
        return Segment(id=identifier, key=_signed(key), creator=abs(int(lines[0])), user=lock.stat().st_uid)
    return None


def _remove(segment: Segment) -> bool:
    deadline = time.monotonic() + _DETACHING_S
    while (attached := _attached(segment)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return attached == 0 and ctypes.CDLL(None).shmctl(segment.id, _IPC_RMID, None) == 0


def _attached(segment: Segment) -> int | None:
    """Number of processes attached to it; None where the segment does not exist."""
    return next((attached for other, attached in of_this_machine() if other == segment), None)


def of_this_machine() -> Iterator[tuple[Segment, int]]:
    """Every segment of this machine, with the number of processes attached to it."""
    with suppress(OSError):
        heads, *rows = (line.split() for line in _TABLE.read_text(encoding="ascii").splitlines())
        for row in rows:
            column = dict(zip(heads, map(int, row), strict=True))
            segment = Segment(
                id=column["shmid"], key=_signed(column["key"]), creator=column["cpid"], user=column["cuid"]
            )
            yield segment, column["nattch"]


def _signed(key: int) -> int:
    """PostgreSQL writes a negative key as a large one."""
    return ctypes.c_int32(key).value
