"""A throwaway PostgreSQL cluster, started from programs on this machine."""

from __future__ import annotations

import signal
import subprocess
import threading
from contextlib import suppress
from pathlib import Path

import psutil

from lab.errors import ServerError
from lab.postgres.conninfo import own_server
from lab.postgres.database import Database
from lab.servers import cluster_template
from lab.servers.account import Account, server_account
from lab.servers.cluster import Cluster
from lab.servers.installation import accepts, find_installation, runner, server_environment
from lab.servers.probe import IDENTITY, capabilities_of, require_identity
from lab.servers.processes import wait_until_started
from lab.servers.settings import SERVER, TIMESCALE
from lab.servers.workspace import Workspace, tail, writing
from lab.values import Capabilities
from lab.values.events import Message, Progress

_STARTING_S = 60.0
_DYING_S = 0.5
_SOCKET_BYTES = 107  # what a unix socket's path may take on Linux; 103 on macOS
_SETTINGS = SERVER | {
    # Nobody but us: one socket, in a private folder.
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    # Nothing outside the folder: a killed cluster would leave its shared memory behind.
    "dynamic_shared_memory_type": "mmap",
}


class NativeServer(Cluster):
    """One cluster in the workspace; if the lab runs as root, it runs under an unprivileged account."""

    kind = "native"
    origin = "PostgreSQL's own programs"

    def __init__(self, workspace: Workspace, postgres_bin: Path | None, progress: Progress) -> None:
        super().__init__()
        self._workspace = workspace
        self._account: Account | None = server_account()
        if self._account:
            self._account.require_entrance(workspace.path)
        self._folder = workspace.folder("pg", self._account)
        self._data = self._folder / "data"
        self._log = workspace.path / f"{self._folder.name}.log"
        self._process: subprocess.Popen[bytes] | None = None
        self._starting = threading.Lock()
        try:
            # A copy of the programs, if one is needed, lies in the server's folder and goes away with it.
            self._installation = find_installation(postgres_bin, self._account, self._folder)
            progress(Message(text=f"starting PostgreSQL {self._installation.release}"))
            self._initialize()
            self.capabilities = self._prepare()
        except BaseException:
            self.close()
            raise

    def free_bytes(self) -> int | None:
        """Free disk of the temporary folder."""
        return psutil.disk_usage(str(self._workspace.path)).free

    def close(self) -> None:
        """Stop the cluster at once, without a checkpoint, and delete it."""
        self._catalogue.close()
        with self._starting:
            self._stop(signal.SIGQUIT)
        self._workspace.remove(self._folder)

    def _reach(self, database: str | None = None) -> Database:
        self._ensure_running()
        connected = Database.connect(self._conninfo(database or "postgres"), diagnose=self._log_tail)
        return require_identity(connected, self._identity)

    def _conninfo(self, database: str) -> str:
        # It asks for no password: the folder of its socket protects it.
        return own_server(host=str(self._folder), port="5432", user="postgres", password="any", dbname=database)  # noqa: S106

    def _initialize(self) -> None:
        socket = self._folder / ".s.PGSQL.5432"
        if len(str(socket).encode()) > _SOCKET_BYTES:
            raise ServerError(f"The path {self._folder} is too long for a socket.", hint="Set TMPDIR to a short path.")
        cluster_template.copy_to(self._data, self._installation, self._account)
        # A bare machine may know no time zones by name; GMT is compiled in.
        zone = (
            "UTC" if accepts(self._installation.bin, self._account, runner(self._account), "timezone", "UTC") else "GMT"
        )
        own = {"unix_socket_directories": str(self._folder), "timezone": zone, IDENTITY: self._identity}
        self._configure(_SETTINGS | own)

    def _configure(self, settings: dict[str, str]) -> None:
        lines = "".join(f"{name} = '{value}'\n" for name, value in settings.items())
        with writing(self._data), (self._data / "postgresql.conf").open("a", encoding="utf-8") as configuration:
            configuration.write(lines)

    def _prepare(self) -> Capabilities:
        with self._reach() as database:
            if not database.fetch("SELECT FROM pg_available_extensions WHERE name = 'timescaledb'"):
                return capabilities_of(database)
        self._stop(signal.SIGINT)
        self._configure({"shared_preload_libraries": "timescaledb"} | TIMESCALE)
        with self._reach() as database:
            return capabilities_of(database)

    def _ensure_running(self) -> None:
        with self._starting:
            self._catalogue.require_running()
            if self._process is None or self._process.poll() is not None:
                self._start()

    def _start(self) -> None:
        self._stop(signal.SIGQUIT)
        command = [str(self._installation.bin / "postgres"), "-D", str(self._data)]
        self._process = self._workspace.spawn(
            command, log=self._log, cwd=self._folder, account=self._account, env=server_environment()
        )
        process = self._process
        if not wait_until_started(self._answers, lambda: process.poll() is None, _STARTING_S):
            self._stop(signal.SIGQUIT)
            raise ServerError(f"PostgreSQL did not start.{self._log_tail()}")

    def _answers(self) -> bool:
        with suppress(ServerError), Database.connect(self._conninfo("postgres")):
            return True
        return False

    def _stop(self, how: int) -> None:
        if self._process is not None:
            self._workspace.end(self._process, signal=how)
            self._process = None

    def _log_tail(self) -> str:
        process = self._process  # another thread may be stopping it
        if process:
            with suppress(subprocess.TimeoutExpired):
                process.wait(_DYING_S)  # its last words come just before its end
        return tail(self._log)
