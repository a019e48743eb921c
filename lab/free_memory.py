"""How much memory is free: of the machine, or of the control group that this process belongs to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import psutil


class _Names(NamedTuple):
    """Of what the kernel says of a control group."""

    limit: str
    usage: str
    cache: str
    files_in_memory: str


_FIRST = _Names("memory.limit_in_bytes", "memory.usage_in_bytes", "total_cache", "total_shmem")
_UNIFIED = _Names("memory.max", "memory.current", "file", "shmem")
"""The second version, where one tree holds all controllers."""
_CGROUPS = Path("/sys/fs/cgroup")
_OWN_CGROUPS = Path("/proc/self/cgroup")


def free_bytes(cgroups: Path = _CGROUPS, own: Path = _OWN_CGROUPS) -> int:
    """Memory that this process could still take: of the machine, or of the control group that it belongs to."""
    return min((psutil.virtual_memory().available, *_free_of_groups(cgroups, own)))


def _free_of_groups(cgroups: Path, own: Path) -> Iterator[int]:
    """Of each control group around this process that has a limit; a group below another is bound by both."""
    with suppress(OSError):
        for line in own.read_text(encoding="utf-8").splitlines():
            _, controllers, path = line.split(":", 2)
            if not controllers:
                yield from _free_below(cgroups, path, _UNIFIED)
            elif "memory" in controllers.split(","):
                yield from _free_below(cgroups / "memory", path, _FIRST)


def _free_below(root: Path, path: str, names: _Names) -> Iterator[int]:
    folder = root / path.lstrip("/")
    for group in (folder, *folder.parents):
        with suppress(OSError, ValueError):  # no limit is 'max', and a container sees only the groups of its own
            most, taken = (int((group / name).read_text(encoding="ascii")) for name in (names.limit, names.usage))
            lines = (group / "memory.stat").read_text(encoding="ascii").splitlines()
            parts = {name: int(size) for name, _, size in (line.partition(" ") for line in lines)}
            # The kernel gives up copies of files where memory is short, but not files that lie in memory only.
            yield most - taken + parts.get(names.cache, 0) - parts.get(names.files_in_memory, 0)
        if group == root:
            return
