"""Ends a scenario's code and statements when a step takes too long, or too much of something else."""

from __future__ import annotations

import ctypes
import math
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from time import monotonic
from typing import Protocol

from lab.errors import LabError

STEP_SECONDS = 3600.0
"""Default time limit of a step."""

_LOOK_SECONDS = 0.1
"""Between two looks at the limits: a loop of Python takes some 100 MB of memory meanwhile."""
_GRACE_SECONDS = 2.0
"""Time after each attempt to end the work for the code to react."""
_HASTE_SECONDS = 0.2
"""The same where it does harm as long as it goes on."""


class _Ended(BaseException):
    """Ends the code of a thread.

    It is no `SystemExit`: C code that called Python and cannot pass its error on prints it, which ends the process then.
    """


class Limit(Protocol):
    """What a step may take."""

    @property
    def tolerance_seconds(self) -> float | None:
        """After which code that is past the limit is ended, because it does harm; None: each milder way may be tried first."""

    @property
    def passed(self) -> bool:
        """Whether it took more, as far as `look` saw; that stays so."""

    def look(self) -> bool:
        """Look what it takes now; returns `passed`."""

    def overdue(self, step: str) -> LabError:
        """The error for a step that was ended."""


class Deadline:
    """The time left for a step; it restarts with each step, and with the time between two steps."""

    tolerance_seconds = None
    """As `Limit.tolerance_seconds`."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.restart()

        self._missed = False

    @property
    def left(self) -> float:
        """Seconds until it is passed."""
        return self._ends - monotonic()

    def restart(self, seconds: float | None = None) -> None:
        """Restart with so many seconds; None: with the full time."""
        self._ends = monotonic() + (self.seconds if seconds is None else seconds)

    def pause(self) -> None:
        """Stop the clock until `restart`, for instance while a trial waits for its turn."""
        self._ends = math.inf

    @property
    def passed(self) -> bool:
        """Whether no time is left; stays so once it was seen."""
        return self._missed or monotonic() > self._ends

    def look(self) -> bool:
        """As `passed`."""
        self._missed = self.passed
        return self._missed

    def overdue(self, step: str) -> LabError:
        """The error for a step that was ended."""
        return LabError(
            f"Step '{step}' did not end within {self.seconds:g} s and was cancelled.",
            hint="Give a longer --step-seconds, or a smaller --size.",
        )


def run_within(
    limits: Sequence[Limit], work: Callable[[], None], ends: Sequence[Callable[[], None]]
) -> BaseException | None:
    """Do that work in a thread of its own; returns what it raised, None where it ended well or was given up.

    When one of the limits is passed, each of `ends` is called until the work has ended: the mildest first. A loop of pure
    Python is ended at its next step; before anything else, where it does harm. What still goes on is left behind.
    """
    raised: list[BaseException] = []

    def target() -> None:
        with suppress(_Ended):  # which may come late, while another error is kept
            try:
                work()
            except BaseException as error:  # noqa: BLE001 - also `sys.exit`, which is no reason to end the run
                raised.append(error)

    thread = threading.Thread(target=target, name="scenario", daemon=True)
    thread.start()
    while thread.is_alive() and not any(limit.look() for limit in limits):
        thread.join(_LOOK_SECONDS)
    stop = partial(_stop, thread)
    tolerated = [limit.tolerance_seconds for limit in limits if limit.passed and limit.tolerance_seconds is not None]
    if tolerated:
        thread.join(min(tolerated))
        _end(thread, [stop, *ends], _HASTE_SECONDS)
    _end(thread, [*ends, stop], _GRACE_SECONDS)
    return raised.pop() if raised else None  # whose frames hold this list


def _end(thread: threading.Thread, attempts: Sequence[Callable[[], None]], grace_seconds: float) -> None:
    for end in attempts:
        if thread.is_alive():
            with suppress(LabError):
                end()
            thread.join(grace_seconds)


def _stop(thread: threading.Thread) -> None:
    """Raise an error in the thread. Nothing else ends a loop of pure Python, which would slow every later trial."""
    if thread.ident is not None:
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident), ctypes.py_object(_Ended))
