"""The command `lab`, run as a user runs it: in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from lab import runs
from lab.values import Completed, Experiment
from tests.support import ROOT

LAB = [sys.executable, "-m", "lab.cli"]


def lab(*arguments: str | Path, temporary: Path | None = None) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"COLUMNS": "300"} | ({"TMPDIR": str(temporary)} if temporary else {})
    command = [*LAB, *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=600)


def completed(experiment: Experiment) -> int:
    return sum(isinstance(outcome, Completed) for outcome in experiment.outcomes)


def wait_for_outcomes(results: Path, count: int) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        if any(completed(runs.load(folder)) >= count for folder in runs.folders(results)):
            return
        time.sleep(0.1)
    raise AssertionError("The run measured nothing.")
