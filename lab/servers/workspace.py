"""One private folder per run, and the promise that it and every process started for it go away.

A run records its owner and its children by pid and start time. Leaving the context ends the children and removes
the folder; after a `kill -9` the run's reaper (a process that waits for the owner's end of a pipe to close) does it;
and should the reaper be killed too, `clean` finds what is left.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from lab.errors import ServerError
from lab.free_memory import free_bytes
from lab.servers import record
from lab.servers.account import Account, popen_options
from lab.servers.processes import Identity, end, lift_data_limit, namespace
from lab.servers.record import OddRecordError, Record
from lab.servers.shared_memory import remove_segments

_FULL_BYTES = 1 << 20
MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of our own is made in it
_AMPLE = 4
"""So many times what a run needs must be free in memory for it to lie there: the rest is for what works with it."""
_STARTING_S = 3600.0  # a folder without a record may belong to a run that is just starting
_REAPER = """
import sys, time
servers = sys.stdin.read().splitlines()
time.sleep(1)  # until every server has seen that its client is gone
from lab.servers import clean
clean(servers)
"""


class Workspace:
    """The folder of one run and the processes started for it; made by `open_workspace`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.owner = Identity.of(os.getpid())
        self._children: dict[subprocess.Popen[bytes], Identity] = {}
        self._lock = threading.Lock()
        self._record()
        self._reaper: subprocess.Popen[bytes] = self.spawn(
            [sys.executable, "-c", _REAPER], log=Path(os.devnull), cwd=_project_root(), stdin=subprocess.PIPE
        )

    def folder(self, prefix: str, account: Account | None = None) -> Path:
        """A new empty folder of mode 700, given to the account where there is one."""
        with writing(self.path):
            folder = Path(tempfile.mkdtemp(prefix=f"{prefix}-", dir=self.path))
        if account:
            account.own(folder)
        return folder

    def remove(self, folder: Path) -> None:
        """Delete one of the run's folders, the log beside it and the shared memory of its server, if there are any."""
        remove_segments(folder)
        shutil.rmtree(folder, ignore_errors=True)
        folder.with_name(f"{folder.name}.log").unlink(missing_ok=True)

    def spawn(  # noqa: PLR0913 - a process has this many circumstances
        self,
        command: Sequence[str],
        *,
        log: Path,
        cwd: Path | None = None,
        account: Account | None = None,
        env: Mapping[str, str] | None = None,
        stdin: int = subprocess.DEVNULL,
    ) -> subprocess.Popen[bytes]:
        """Start a process of this run; its output is appended to `log`.

        It leads a session of its own: Ctrl-C in the terminal reaches only the lab, which then ends the process in order.
        """
        with writing(self.path), log.open("ab") as out:
            process = subprocess.Popen(
                command,
                cwd=cwd or self.path,
                env=env,
                stdin=stdin,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                **popen_options(account),
            )
            lift_data_limit(process.pid)
            self._remember(process)
        return process

    def end(self, process: subprocess.Popen[bytes], *, signal: int | None = None, grace_s: float = 10.0) -> None:
        """End a process of this run: by `signal` if that is given, and kill it if it has not ended after `grace_s`."""
        if signal is not None and process.poll() is None:
            process.send_signal(signal)
            with suppress(subprocess.TimeoutExpired):
                process.wait(grace_s)
        with self._lock:
            child = self._children.pop(process, None)
        if child:
            end(child)
        process.wait()
        if process.stdin:
            process.stdin.close()
        with (
            self._lock,
            suppress(OSError),
        ):  # a full disk; the old record names a process that has ended, which is harmless
            self._record()

    def register_for_cleanup(self, dsn: str) -> None:
        """Let the reaper clean up on that server too if this process is killed; a pipe shows nobody the password."""
        if self._reaper.stdin:
            self._reaper.stdin.write(f"{dsn}\n".encode())
            self._reaper.stdin.flush()

    def close(self) -> None:
        """End every process of the run and remove its folder; closing twice is harmless."""
        with self._lock:
            children = [process for process in self._children if process is not self._reaper]
        for process in children:
            self.end(process)
        remove_segments(self.path)
        shutil.rmtree(self.path, ignore_errors=True)
        self.end(self._reaper)

    def _remember(self, process: subprocess.Popen[bytes]) -> None:
        try:
            with self._lock, suppress(psutil.NoSuchProcess):
                self._children[process] = Identity.of(process.pid)
                self._record()
        except OSError:  # a process without a record would survive a killed run
            self.end(process)
            raise

    def _record(self) -> None:
        record.write(self.path, self.owner, self._children.values())


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Turn an `OSError` while writing to that folder into a `ServerError`."""
    try:
        yield
    except OSError as error:
        raise ServerError(
            f"{folder} is not writable: {error.strerror or error}.",
            hint="Free space, or set TMPDIR to a folder on a larger disk.",
        ) from error


def copy_tree(source: Path, target: Path, copy_file: Callable[[str, str], object] = shutil.copy2) -> None:
    """Copy a folder into a new one; the first file that cannot be written ends it with a `ServerError`."""

    def copy(file: str, destination: str) -> object:
        with writing(target):  # an `OSError` would be collected by copytree, which would go on
            return copy_file(file, destination)

    with writing(target):
        shutil.copytree(source, target, symlinks=True, copy_function=copy, dirs_exist_ok=True)


def tail(log: Path, lines: int = 15) -> str:
    """The end of a log, as text to append to an error; empty if the log is.

    It also says if the disk is full, because the log then lacks its end.
    """
    try:
        text = log.read_text(encoding="utf-8", errors="replace")
        full = shutil.disk_usage(log.parent).free < _FULL_BYTES
    except FileNotFoundError:
        return ""
    last = [line[:200] for line in text.splitlines() if line.strip()][-lines:]
    ending = "\n".join(["\nIts log ends with:", *last]) if last else ""
    return f"\nThe disk of {log.parent} is full.{ending}" if full else ending


@contextmanager
def open_workspace(*, needed_bytes: int | None = None) -> Iterator[Workspace]:
    """A run's folder for as long as the context lasts, in the temporary folder.

    One that needs few bytes lies in memory where the machine offers that, unless TMPDIR says where it is to lie: a database is
    hundreds of files, and to make one on a disk takes seven times as long.
    """
    base = _base(MEMORY if _fits_into_memory(needed_bytes) else _disk(), create=True)
    with writing(base):
        path = Path(tempfile.mkdtemp(prefix="run-", dir=base))
        path.chmod(_mode())
        workspace = Workspace(path)
    try:
        yield workspace
    finally:
        workspace.close()


def clean(skipped: Callable[[str], None]) -> list[str]:
    """Remove what dead runs of this user left behind: processes, shared memory, folders; returns what, in words.

    A run whose owner still runs is never touched, and no process that a run did not record with its start time. What
    looks like a run's folder and was not made by a lab is left alone: `skipped` is called with a sentence that names it.
    """
    return [line for run in _runs(skipped) for line in _clean(run, skipped)]


def _runs(skipped: Callable[[str], None]) -> Iterator[Path]:
    for root in dict.fromkeys((_disk(), MEMORY)):
        try:
            yield from sorted(_base(root).glob("run-*"))
        except (ServerError, OSError) as error:
            skipped(f"{root} was not searched: {error}")


def _clean(run: Path, skipped: Callable[[str], None]) -> list[str]:
    try:
        owned = Record.read(run)
    except OddRecordError as error:
        skipped(f"{run} was left alone: {error}. Delete it yourself if nobody needs it.")
        return []
    if owned and owned.namespace != namespace():  # its pids say nothing here
        skipped(f"{run} was left alone: a lab in another container made it. Delete it yourself if that has ended.")
        return []
    if owned.owner.process() if owned else not _is_old(run):
        return []
    ended = [f"process {child.pid}" for child in (owned.children if owned else ()) if end(child)]
    segments = remove_segments(run)
    shutil.rmtree(run, ignore_errors=True)
    return [*ended, *segments, f"folder {run}"]


def _is_old(run: Path) -> bool:
    """Whether a folder without a record is none that a run is just making."""
    with suppress(FileNotFoundError):
        return time.time() - run.stat().st_mtime > _STARTING_S
    return False


def _disk() -> Path:
    folder = tempfile.gettempdir()
    try:
        folder.encode()
    except UnicodeEncodeError:
        shown = os.fsencode(folder).decode(errors="backslashreplace")
        raise ServerError(
            f"The name of the temporary folder {shown} is not UTF-8. PostgreSQL does not accept such a path.",
            hint="Set TMPDIR to another folder.",
        ) from None
    return Path(folder)


def _fits_into_memory(needed_bytes: int | None) -> bool:
    return needed_bytes is not None and "TMPDIR" not in os.environ and has_memory(_AMPLE * needed_bytes)


def has_memory(least_bytes: int) -> bool:
    """Whether there is a folder in memory with that much free room, from which programs can be executed, too."""
    if not os.access(MEMORY, os.W_OK):
        return False
    disk = os.statvfs(MEMORY)
    free = min(disk.f_bavail * disk.f_frsize, free_bytes())
    return free >= least_bytes and not disk.f_flag & os.ST_NOEXEC


def _base(root: Path, *, create: bool = False) -> Path:
    base = root / f"storage-lab-{os.geteuid()}"
    if create:
        with suppress(FileExistsError):
            base.mkdir(mode=0o700)
    if base.is_symlink() or (base.exists() and base.stat().st_uid != os.geteuid()):
        raise ServerError(f"{base} belongs to someone else.", hint="Set TMPDIR to a folder of your own.")
    if create:
        base.chmod(_mode())
    return base


def _mode() -> int:
    # The account that root starts servers as must be able to pass through to the folders that are given to it.
    return 0o711 if os.geteuid() == 0 else 0o700


def _project_root() -> Path:
    return Path(__file__).resolve().parents[2]
