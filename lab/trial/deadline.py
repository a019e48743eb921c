"""Ends a scenario's code and statements when a step takes too long."""

from __future__ import annotations

import ctypes
import math
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from time import monotonic

from lab.errors import LabError

STEP_SECONDS = 3600.0
"""Default time limit of a step."""

_LOOK_SECONDS = 0.5
_GRACE_SECONDS = 2.0
"""Time after each attempt to end the work for the code to react."""


class Deadline:
    """The time left for a step; it restarts with each step, and with the time between two steps."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.restart()

    def restart(self) -> None:
        """Restart with the full time."""
        self._ends = monotonic() + self.seconds

    def pause(self) -> None:
        """Stop the clock until `restart`, for instance while a trial waits for its turn."""
        self._ends = math.inf

    @property
    def passed(self) -> bool:
        """Whether no time is left."""
        return monotonic() > self._ends

    def overdue(self, step: str) -> LabError:
        """The error for a step that was ended."""
        return LabError(
            f"Step '{step}' did not end within {self.seconds:g} s and was cancelled.",
            hint="Give a longer --step-seconds, or a smaller --size.",
        )


def run_within(
    deadline: Deadline, work: Callable[[], None], ends: Sequence[Callable[[], None]]
) -> BaseException | None:
    """Do that work in a thread of its own; returns what it raised, None where it ended well or was given up.

    When the deadline passes, each of `ends` is called until the work has ended: the mildest first. A loop of pure Python
    is ended at its next step. What still goes on is left behind.
    """
    raised: list[BaseException] = []

    def target() -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - also `sys.exit`, which is no reason to end the run
            raised.append(error)

    thread = threading.Thread(target=target, name="scenario", daemon=True)
    thread.start()
    while thread.is_alive() and not deadline.passed:
        thread.join(_LOOK_SECONDS)
    attempts: list[Callable[[], None]] = [*ends, partial(_stop, thread)]
    for end in attempts:
        if thread.is_alive():
            with suppress(LabError):
                end()
            thread.join(_GRACE_SECONDS)
    return raised[0] if raised else None


def _stop(thread: threading.Thread) -> None:
    """Raise an error in the thread. Nothing else ends a loop of pure Python, which would slow every later trial."""
    if thread.ident is not None:
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident), ctypes.py_object(SystemExit))
