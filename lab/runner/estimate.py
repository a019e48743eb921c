"""How long a run takes, roughly: what each trial costs by its size and its kind of server."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field

from lab.values import TrialRequest


@dataclass(frozen=True, kw_only=True)
class _Price:
    """Seconds of a trial without its reads and writes."""

    fixed: float
    per_mb: float


_PRICES: Mapping[str, _Price] = {"pglite": _Price(fixed=12, per_mb=0.5)}
_USUAL = _Price(fixed=4, per_mb=0.04)
# Of `lab run --scenario all` at 38 MB, and with --thorough at 128 MB, on two cores: 365 s and 1,481 s.

_ASKING = 1.5
"""How much longer the reads and writes take than asked for, because each has a fewest number of samples."""


def trial_seconds(request: TrialRequest, size_bytes: float) -> float:
    """What a trial on so many bytes takes, give or take a half."""
    asking = (request.read_seconds + request.write_seconds) if request.timed else 0.0
    return idle_seconds(str(request.planned.server), size_bytes) + _ASKING * asking


def idle_seconds(server: str, size_bytes: float) -> float:
    """The same without its reads and writes."""
    price = _PRICES.get(server, _USUAL)
    return price.fixed + price.per_mb * size_bytes / (1 << 20)


@dataclass
class Work:
    """What a run has done of what it has to do; several threads report."""

    total: float
    """Expected seconds of all trials."""
    _done: float = 0.0
    _ended: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def end(self, seconds: float) -> tuple[int, float]:
        """A trial ended that was expected to take so long; the number of ended trials, and the share of the work."""
        with self._lock:
            self._ended += 1
            self._done += seconds
            return self._ended, min(1.0, self._done / self.total)
