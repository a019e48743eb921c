"""Measures the cost of a step: wall clock, CPU of the server process, WAL, and the largest size of the database."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from time import perf_counter

from lab.errors import LabError
from lab.postgres.database import Database
from lab.servers import Gauge

_SAMPLE_SECONDS = 0.05


@dataclass
class StepCost:
    """The cost of one step, complete once the step has ended without an error."""

    seconds: float | None = None
    cpu_seconds: float | None = None
    wal_bytes: int | None = None
    peak_bytes: int | None = None


@dataclass(frozen=True, kw_only=True)
class StepTimer:
    """Measures steps on one database; a cost that the probe cannot see stays None."""

    database: Database
    probe: Gauge
    timed: bool
    """Whether no other trial of the run works meanwhile; otherwise only the peak belongs to this database alone."""

    @contextmanager
    def measuring(self) -> Iterator[StepCost]:
        """Measure the block; the cost is complete at its end."""
        cost = StepCost()
        with _peak(self.probe, cost), self._timed(cost) if self.timed else nullcontext():
            yield cost

    @contextmanager
    def _timed(self, cost: StepCost) -> Iterator[None]:
        wal, cpu = wal_position(self.database), self.probe.cpu_seconds()
        started = perf_counter()
        yield
        cost.seconds = perf_counter() - started
        cost.wal_bytes = wal_position(self.database) - wal
        cpu_now = self.probe.cpu_seconds()
        cost.cpu_seconds = None if cpu is None or cpu_now is None else cpu_now - cpu


def wal_position(database: Database) -> int:
    """Where the cluster's WAL ends, in bytes."""
    return int(database.value("SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint"))


@contextmanager
def _peak(probe: Gauge, cost: StepCost) -> Iterator[None]:
    """Sample the size of the database until the block ends; None where it is not visible."""
    stop, seen = threading.Event(), [probe.disk_bytes()]

    def watch() -> None:
        with suppress(LabError):  # the connection was lost; the end of the step reports that
            while None not in seen and not stop.wait(_SAMPLE_SECONDS):
                seen.append(probe.disk_bytes())

    watcher = threading.Thread(target=watch, name="peak size", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        stop.set()
        watcher.join()
    cost.peak_bytes = _largest([*seen, probe.disk_bytes()])


def _largest(sizes: Sequence[int | None]) -> int | None:
    visible = [size for size in sizes if size is not None]
    return max(visible) if len(visible) == len(sizes) else None
