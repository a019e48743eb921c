"""Two ways to measure the resources that a connection's work takes, from outside that connection."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil

from lab.postgres.database import Database

_TICK = 0.01  # seconds, in /proc/…/stat of every Linux
_NANOSECOND = 1e-9


class SqlGauge:
    """Measures through a second connection to the cluster."""

    def __init__(self, working: Database, watching: Database, database: str) -> None:
        self._working, self._watching = working, watching
        superuser, sees_temporary = watching.fetch(_PERMISSIONS)[0]
        self._superuser = bool(superuser)
        self.cpu_tick = _TICK if self._scheduled() is None else _NANOSECOND
        self._sizes = (database, f"pgsql_tmp{working.value('SELECT pg_backend_pid()')}.%") if sees_temporary else None

    def disk_bytes(self) -> int | None:
        """Bytes of the database's files and of the connection's temporary files; None while they are being removed."""
        size = None if self._sizes is None else self._watching.value(_SIZES, self._sizes)
        return None if size is None else int(size)  # the server has no size for a database without a file

    def cpu_seconds(self) -> float | None:
        """CPU time of the process behind the working connection."""
        if self.cpu_tick == _NANOSECOND:
            return self._scheduled()
        stat = self._working.value(_STAT) if self._superuser else None
        if stat is None:  # not a superuser, or not on Linux
            return None
        fields = stat.rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) * _TICK

    def _scheduled(self) -> float | None:
        """The time that the scheduler gave the process, which has no threads; None where the kernel does not tell."""
        given = self._working.value(_SCHEDSTAT) if self._superuser else None
        return None if not given else int(given.split()[0]) * _NANOSECOND


_PERMISSIONS = """
SELECT rolsuper, has_function_privilege('pg_ls_tmpdir()', 'EXECUTE') FROM pg_roles WHERE rolname = current_user
"""
_SIZES = """
SELECT pg_database_size(%s) + coalesce((SELECT sum(size) FROM pg_ls_tmpdir() WHERE name LIKE %s), 0)::bigint
"""
_STAT = "SELECT pg_read_file('/proc/self/stat', 0, 8192, true)"
_SCHEDSTAT = "SELECT pg_read_file('/proc/self/schedstat', 0, 8192, true)"


class FolderGauge:
    """Measures the files and the process on this machine."""

    cpu_tick = _TICK

    def __init__(self, folder: Path, process: int | None) -> None:
        self._places = (folder, folder.parent / "pgsql_tmp")  # sorts and hashes spill into the second
        self._process = process

    def disk_bytes(self) -> int | None:
        """Bytes of the database's files and of its temporary files."""
        return _bytes_in(self._places)

    def cpu_seconds(self) -> float | None:
        """CPU time of the process, None once it has ended."""
        try:
            times = psutil.Process(self._process).cpu_times() if self._process else None
        except psutil.Error:
            return None
        return float(times.user + times.system) if times else None


def _bytes_in(folders: Iterable[Path]) -> int:
    """Bytes of all files below the folders; a file or a folder that vanishes meanwhile counts 0."""
    return sum(_file_bytes(file) for folder in folders for file in _files(folder))


def _files(folder: Path) -> Iterator[os.DirEntry[str]]:
    with suppress(FileNotFoundError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield from _files(Path(entry))
            else:
                yield entry


def _file_bytes(file: os.DirEntry[str]) -> int:
    try:
        return file.stat(follow_symlinks=False).st_size
    except FileNotFoundError:
        return 0
