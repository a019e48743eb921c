"""What is left of a search's budget, and what the run at its end may take of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from lab.runner import auxiliary

_GROWING = 0.5
"""Which part of what a trial takes longer than the shortest one grows with the data, rather too much: from 16 to 38 MB, trials of
16 s grew by 1 and by 7 s. The rest is a dictionary to train, or a view that each query goes through."""
BUSIER = 1.3
"""By how much more time than expected the search keeps for the run: its last trial may take longer than forecast, and others may
use the machine."""


@dataclass(frozen=True, kw_only=True)
class Clock:
    """How much of the budget is left."""

    ends: float
    now: Callable[[], float] = time.monotonic

    @property
    def left(self) -> float:
        """Seconds."""
        return self.ends - self.now()


def run_seconds(
    took: Sequence[float], of_sample: Sequence[float], *, loading: float, longer: float, factor: float
) -> float:
    """Seconds that a run should take at `factor` times the size of a sample, for strategies whose trials `took` so long there.

    `of_sample` are the seconds of all trials of the sample, the baseline's first; `loading` are those to load it, and each trial
    of the run measures so many seconds `longer`. Two baselines belong to the run, the first of which prepares the others. What
    the shortest trial took is the same for any size: connections, clones, the time for reads and writes. Every trial is made
    once more at the second size, beside the others: there only what grows counts.
    """
    fixed, first = min(of_sample, default=0.0), max(of_sample[:1], default=0.0)
    beyond = sum(seconds - fixed for seconds in took)
    growing = _GROWING * beyond + first - fixed + loading
    constant = (1 - _GROWING) * beyond
    both_sizes = factor * (1 + 1 / auxiliary.SMALLER)
    trials = len(took) + 2
    return both_sizes * growing + constant + trials * (fixed + longer)
