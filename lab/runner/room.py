"""Checks that a run fits on the disks of its servers."""

from __future__ import annotations

from collections.abc import Sequence

from lab.errors import InputError
from lab.servers import Server
from lab.units import bytes_text

ROOM = 7
"""Free disk that a server needs, in databases: the template, the clone that reads are compared with, WAL, slack."""

JOB_ROOM = 2
"""Additional disk for each concurrent trial: its clone, and a second copy while a table is rewritten."""


def needed_bytes(expected_bytes: int, jobs: int, clones: int = 0) -> int:
    """What one server needs for a database of that size; otherwise as `check_room`."""
    return expected_bytes * (ROOM + JOB_ROOM * jobs + JOB_ROOM * clones)


def check_room(servers: Sequence[Server], expected_bytes: int, jobs: int, clones: int = 0) -> None:
    """Refuse what would fill a disk half-way; a disk that is not visible is not checked. `jobs` is 0 without a trial.

    `clones` is how many databases of trials stay on each server.

    Errors: `InputError` with the bytes that are needed and those that are free.
    """
    needed = needed_bytes(expected_bytes, jobs, clones) * len(servers)
    for server in servers:
        free = server.free_bytes()
        if free is not None and free < needed:
            fewer = " or fewer --jobs" if jobs > 1 else ""
            raise InputError(
                f"This needs about {bytes_text(needed)} of disk for {server.kind}, but only {bytes_text(free)} are free.",
                hint=f"Choose a smaller --size{fewer}, or free space (embedded servers: TMPDIR on a larger disk).",
            )
