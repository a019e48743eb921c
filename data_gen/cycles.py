"""The scraper's cycles: ten minutes each, in the sessions that the case lists."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property

import numpy as np

from data_gen.case import CYCLE, CYCLE_BUSY, Case
from data_gen.spread import Ints

MICROSECOND = 1_000_000
STEP = CYCLE.seconds * MICROSECOND
"""From one cycle to the next, in microseconds."""


def microseconds(moment: datetime) -> int:
    """Whole microseconds since 1970, exactly."""
    passed = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return (passed.days * 86_400 + passed.seconds) * MICROSECOND + passed.microseconds


@dataclass(frozen=True)
class Cycles:
    """All cycles of a case in time order."""

    starts: Ints
    """Microseconds since 1970."""
    sessions: Ints
    """Number of the session each cycle belongs to."""

    @classmethod
    def of(cls, case: Case) -> Cycles:
        """Lay out the case's sessions."""
        sessions = case.workload.sessions
        starts = [microseconds(session.start) + np.arange(session.cycles) * STEP for session in sessions]
        numbers = np.repeat(np.arange(len(sessions)), [session.cycles for session in sessions])
        return cls(np.concatenate(starts), numbers)

    def __len__(self) -> int:
        return len(self.starts)

    def first_after(self, moment: datetime) -> int:
        """Number of the first cycle that starts at `moment` or later."""
        return int(np.searchsorted(self.starts, microseconds(moment)))

    @cached_property
    def passed(self) -> Ints:
        """By cycle, how many times ten minutes lie between it and the one before; more than 1 after the machine was down."""
        return np.diff(self.starts, prepend=int(self.starts[0]) - STEP) // STEP

    def pause(self, captured_us: int) -> int:
        """The same by the moment of a capture; 1 after the last cycle."""
        cycle = int(np.searchsorted(self.starts, captured_us, side="right")) - 1
        return 1 if captured_us >= int(self.starts[cycle]) + STEP else int(self.passed[cycle])

    def captured(self, cycle: int, batch: int, batches: int) -> int:
        """When batch number `batch` of `batches` was stored, in microseconds since 1970."""
        return int(self.starts[cycle]) + CYCLE_BUSY.seconds * MICROSECOND * (batch + 1) // batches
