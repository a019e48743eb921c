"""One data directory of pglite, and the Node process that serves it while somebody is connected."""

from __future__ import annotations

import fcntl
import os
import re
import secrets
import shutil
import subprocess
import threading
from contextlib import suppress
from pathlib import Path

from lab.errors import ServerError
from lab.postgres.conninfo import own_server
from lab.postgres.database import Database
from lab.servers.installation import server_environment
from lab.servers.probe import require_identity
from lab.servers.processes import wait_until_started
from lab.servers.workspace import Workspace, copy_tree, tail, writing

_STARTING_S = 120.0  # making a data directory takes 3 s on an idle machine
_STOPPING_S = 60.0
_DYING_S = 2.0
_FICLONE = 0x40049409  # from linux/fs.h
_SEGMENT = re.compile(r"[0-9A-F]{24}")


class Instance:
    """A data directory in a folder of its own, served on a private socket in the same folder, until removed."""

    def __init__(self, workspace: Workspace, command: list[str]) -> None:
        self._workspace = workspace
        self._folder = workspace.folder("pl")
        self._identity = secrets.token_hex(16)
        paths = (str(self._folder / name) for name in ("data", ".s.PGSQL.5432", "copy"))
        self._command = [*command, *paths, self._identity]
        self._process: subprocess.Popen[bytes] | None = None
        self._database: Database | None = None
        self._working = threading.RLock()
        self._removed = False
        self.data = self._folder / "data"
        self.pipe = self._folder / "copy"
        with writing(self._folder):
            os.mkfifo(self.pipe, 0o600)

    def fill(self, template: Path) -> None:
        """Copy another data directory; call it before the first connection."""
        with self._working:
            copy_tree(template, self.data, self._copy_file)

    def connect(self) -> Database:
        """Start the process if necessary, and open its only connection."""
        with self._working:
            self._require_kept()
            if self._database and not self._database.closed:
                raise ServerError("pglite takes one connection at a time.", hint="Close the open one first.")
            if self.process is None:
                self._start()
            connected = Database.connect(self._conninfo(), diagnose=self.log_tail)
            self._database = require_identity(connected, self._identity)
            return self._database

    @property
    def process(self) -> int | None:
        """The Node process, None while none runs."""
        process = self._process
        return process.pid if process and process.poll() is None else None

    def serves(self, database: Database) -> bool:
        """Whether this is the connection that `connect` gave last."""
        return self._database is database

    def seal(self) -> None:
        """Checkpoint, stop in order, and delete WAL that is no longer needed."""
        with self._working:
            if self._database:
                self._database.close()
            with self.connect() as database:
                database.execute("CHECKPOINT")
                current = database.value("SELECT pg_walfile_name(pg_current_wal_insert_lsn())")
            self._stop()
            self._require_kept()
            self._shed_wal(current)

    def remove(self) -> None:
        """Kill the process and delete the data, even while another thread uses them."""
        self._removed = True
        self._kill()  # a thread that works with it gets an error
        with self._working:
            self._kill()
            self._workspace.remove(self._folder)

    def log_tail(self) -> str:
        """The end of what the process printed, as text to append to an error."""
        if self._process:
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(_DYING_S)  # its last words come just before its end
        return tail(self._log)

    def _stop(self) -> None:
        """Shut down in order, so that nothing is left to recover."""
        if self._process and self._process.stdin:
            self._process.stdin.close()
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(_STOPPING_S)
        self._kill()

    def _kill(self) -> None:
        if self._process:
            self._workspace.end(self._process)

    def _require_kept(self) -> None:
        if self._removed:
            raise ServerError("The database was removed.")

    def _copy_file(self, source: str, target: str) -> str:
        self._require_kept()
        return _copied(source, target)

    def _start(self) -> None:
        self._kill()  # the rest of a process that died
        self._socket.unlink(missing_ok=True)
        self._process = self._workspace.spawn(
            self._command, log=self._log, env=server_environment(), stdin=subprocess.PIPE
        )
        if not wait_until_started(self._socket.exists, self._lives, _STARTING_S):
            self._kill()
            raise ServerError(f"pglite did not start.{self.log_tail()}")

    def _lives(self) -> bool:
        return self.process is not None and not self._removed

    def _shed_wal(self, current: str) -> None:
        # Segments after the current one are old segments, renamed for later use; a clone would copy them for nothing.
        # The next segment stays, because the checkpoint of the shutdown may have reached into it.
        later = sorted(file for file in (self.data / "pg_wal").iterdir() if _SEGMENT.fullmatch(file.name))
        for segment in [file for file in later if file.name > current][1:]:
            segment.unlink()

    @property
    def _socket(self) -> Path:
        return self._folder / ".s.PGSQL.5432"

    @property
    def _log(self) -> Path:
        return self._folder.with_name(f"{self._folder.name}.log")

    def _conninfo(self) -> str:
        # The engine has one usable database, template1. It takes any password: the folder of its socket protects it.
        return own_server(host=str(self._folder), port="5432", user="postgres", password="any", dbname="template1")  # noqa: S106


def _copied(source: str, target: str) -> str:
    """Share the blocks where the file system can (XFS, Btrfs), else copy them."""
    try:
        with Path(source).open("rb") as old, Path(target).open("wb") as new:
            fcntl.ioctl(new.fileno(), _FICLONE, old.fileno())
    except OSError:
        return shutil.copyfile(source, target)
    return target
