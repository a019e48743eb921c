"""The machine and the software that numbers are measured with."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version

import psutil

from lab.values import Environment


def environment() -> Environment:
    """Of this process, now."""
    return Environment(
        lab=version("odds-storage-lab"),
        python=platform.python_version(),
        machine=f"{platform.system()} {platform.machine()}",
        cores=os.cpu_count() or 1,
        memory_bytes=psutil.virtual_memory().total,
    )
