"""What a step costs: wall clock, CPU of the server process, WAL, and the largest size of the database's folder."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import psutil

from lab.database import Database

_SAMPLE_SECONDS = 0.05


@dataclass
class Cost:
    """The cost of one step, complete once the step has ended without an error."""

    seconds: float | None = None
    cpu_seconds: float | None = None
    wal_bytes: int | None = None
    peak_bytes: int | None = None


@dataclass(frozen=True, kw_only=True)
class Meter:
    """Measures steps on one database; `folder` and `process` may be out of sight, and then so are peak and CPU."""

    database: Database
    folder: Path | None
    process: int | None
    alone: bool
    """Whether nothing else of the run works meanwhile; where it does, the peak is all that is this database's own."""

    @contextmanager
    def measuring(self) -> Iterator[Cost]:
        """Measure what is done inside; the cost is filled in at its end."""
        cost = Cost()
        with _peak(self.folder, cost), self._timed(cost) if self.alone else nullcontext():
            yield cost

    @contextmanager
    def _timed(self, cost: Cost) -> Iterator[None]:
        wal, cpu = _wal_position(self.database), self._cpu_seconds()
        started = perf_counter()
        yield
        cost.seconds = perf_counter() - started
        cost.wal_bytes = _wal_position(self.database) - wal
        cpu_now = self._cpu_seconds()
        cost.cpu_seconds = None if cpu is None or cpu_now is None else cpu_now - cpu

    def _cpu_seconds(self) -> float | None:
        if self.process is None:
            return None
        try:
            times = psutil.Process(self.process).cpu_times()
        except psutil.Error:
            return None
        return float(times.user + times.system)


def _wal_position(database: Database) -> int:
    return int(database.value("SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint"))


@contextmanager
def _peak(folder: Path | None, cost: Cost) -> Iterator[None]:
    """Sample the size of `folder` until the block ends."""
    if folder is None:
        yield
        return
    stop = threading.Event()
    places = (folder, folder.parent / "pgsql_tmp")  # sorts and hashes spill into the second
    largest = _bytes_in(places)

    def watch() -> None:
        nonlocal largest
        while not stop.wait(_SAMPLE_SECONDS):
            largest = max(largest, _bytes_in(places))

    watcher = threading.Thread(target=watch, name="peak size", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        stop.set()
        watcher.join()
        cost.peak_bytes = max(largest, _bytes_in(places))


def _bytes_in(folders: Iterable[Path]) -> int:
    """Bytes of all files below the folders; what vanishes meanwhile counts as gone."""
    return sum(
        _file_bytes(Path(place) / name) for folder in folders for place, _, names in os.walk(folder) for name in names
    )


def _file_bytes(file: Path) -> int:
    try:
        return file.lstat().st_size
    except FileNotFoundError:
        return 0
