"""The command `lab`, run as a user runs it, and in this process where the promise is not about the process."""

from __future__ import annotations

import io
import os
import runpy
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from lab import cli, runs
from lab.values import Completed, Experiment
from tests.support import ROOT

LAB = [sys.executable, "-m", "lab.cli"]


def lab(*arguments: str | Path, temporary: Path | None = None) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"COLUMNS": "300"} | ({"TMPDIR": str(temporary)} if temporary else {})
    command = [*LAB, *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=600)


@dataclass(frozen=True, kw_only=True)
class Done:
    """How a command ended, and what it printed."""

    returncode: int
    stdout: str
    stderr: str


def lab_here(*arguments: str | Path, temporary: Path | None = None) -> Done:
    """The same from the same entry point, but without the second that a new process takes for its imports."""
    return here(cli.main, *arguments, temporary=temporary)


def program_here(file: Path, *arguments: str | Path) -> Done:
    """A program that the lab wrote, run as `python FILE` does, in this process as well."""
    return here(lambda: runpy.run_path(str(file), run_name="__main__"), *arguments)


def here(main: Callable[[], object], *arguments: str | Path, temporary: Path | None = None) -> Done:
    """What a main program prints in this process, and how it ends."""
    out, err = io.BytesIO(), io.BytesIO()
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["lab", *map(str, arguments)])
        patch.setattr(sys, "stdout", io.TextIOWrapper(out))
        patch.setattr(sys, "stderr", io.TextIOWrapper(err))
        if temporary:
            patch.setattr(tempfile, "tempdir", str(temporary))
        with pytest.raises(SystemExit) as ended:
            main()
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        printed, complained = (stream.getvalue().decode() for stream in (out, err))
    for number, handler in handlers.items():
        signal.signal(number, handler)
    code = ended.value.code
    return Done(returncode=code if isinstance(code, int) else int(code is not None), stdout=printed, stderr=complained)


def completed(experiment: Experiment) -> int:
    return sum(isinstance(outcome, Completed) for outcome in experiment.outcomes)


def wait_for_outcomes(results: Path, count: int) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        if any(completed(runs.load(folder)) >= count for folder in runs.folders(results)):
            return
        time.sleep(0.1)
    raise AssertionError("The run measured nothing.")
