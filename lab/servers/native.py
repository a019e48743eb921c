"""A throwaway PostgreSQL cluster, started from programs on this machine."""

from __future__ import annotations

import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from lab.database import Database
from lab.errors import ServerError
from lab.servers.account import Account, server_account
from lab.servers.installation import accepts, find_installation, runner, server_environment
from lab.servers.probe import TIMESCALE_SETTINGS, capabilities_of, literal, quoted
from lab.servers.server import Catalogue
from lab.servers.workspace import Workspace, tail, writing
from lab.values import Capabilities

_STARTING_S = 60.0
_DYING_S = 0.5
_SOCKET_BYTES = 107  # what a unix socket's path may take on Linux; 103 on macOS
_SETTINGS = {
    # Nobody but us: one socket, in a private folder.
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    # Volumes of WAL are measured, so they must be those of a production server; only the waiting for the disk is saved.
    "wal_level": "replica",
    "full_page_writes": "on",
    "fsync": "off",
    # Checkpoints come when the lab asks for them; the bound keeps a long load from filling the disk with WAL.
    "checkpoint_timeout": "1h",
    "max_wal_size": "4GB",
    "wal_init_zero": "off",
    # Nothing may work behind the back of a measurement.
    "autovacuum": "off",
    "jit": "off",
    # Whether a plan goes parallel depends on the table's size, and the lab's tables are small on purpose.
    "max_parallel_workers_per_gather": "0",
    "default_toast_compression": "pglz",
    "shared_buffers": "256MB",
    "maintenance_work_mem": "256MB",
    "lc_messages": "C",
}


class NativeServer:
    """One cluster of its own in the workspace; as root it runs under an unprivileged account."""

    kind = "native"
    isolated = False

    def __init__(self, workspace: Workspace, postgres_bin: Path | None, progress: Callable[[str], None]) -> None:
        self._workspace = workspace
        self._account: Account | None = server_account()
        if self._account:
            self._account.require_entrance(workspace.path)
        self._installation = find_installation(postgres_bin, self._account, workspace.path)
        self._folder = workspace.folder("pg", self._account)
        self._data = self._folder / "data"
        self._log = workspace.path / f"{self._folder.name}.log"
        self._process: subprocess.Popen[bytes] | None = None
        self._starting = threading.Lock()
        self._catalogue = Catalogue()
        progress(f"starting PostgreSQL {'.'.join(map(str, self._installation.version))}")
        try:
            self._initialize()
            self.capabilities = self._prepare()
        except BaseException:
            self.close()
            raise

    def create(self, name: str) -> None:
        """Make an empty database."""
        with self._catalogue.adding(name):
            self._administer(f"CREATE DATABASE {quoted(name)} TEMPLATE template0")

    def connect(self, name: str) -> Database:
        """Open an autocommit connection; any number at a time."""
        self._catalogue.require_open(name)
        return self._connect(name)

    def copy_in(self, database: Database, table: str, columns: Sequence[str], chunks: Iterable[bytes]) -> None:
        """Load `chunks` of COPY text format into the table, all rows or none."""
        names = ", ".join(quoted(column) for column in columns)
        database.copy_in(f"COPY {quoted(table)} ({names}) FROM STDIN", chunks)

    def seal(self, name: str) -> None:
        """Checkpoint, then turn the database into a template, which refuses connections."""
        self._catalogue.require_open(name)
        self._administer(
            f"ALTER DATABASE {quoted(name)} WITH IS_TEMPLATE true ALLOW_CONNECTIONS false",
            # Those who are connected stay so, and could go on writing.
            f"SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = {literal(name)}",
            "CHECKPOINT",
        )
        self._catalogue.seal(name)

    def clone(self, template: str, name: str) -> None:
        """Copy the template file by file; from PostgreSQL 15 on without writing it to WAL."""
        self._catalogue.require_template(template)
        strategy = " STRATEGY FILE_COPY" if self._installation.major >= 15 else ""  # 14 knows no other
        with self._catalogue.adding(name):
            self._administer(f"CREATE DATABASE {quoted(name)} TEMPLATE {quoted(template)}{strategy}")

    def drop(self, name: str) -> None:
        """Remove a database, ending its connections."""
        self._catalogue.require(name)
        self._administer(
            f"ALTER DATABASE {quoted(name)} WITH IS_TEMPLATE false", f"DROP DATABASE {quoted(name)} WITH (FORCE)"
        )
        self._catalogue.remove(name)

    def data_folder(self, name: str) -> Path:
        """The folder of that database's relation files."""
        self._catalogue.require(name)
        with self._connect("postgres") as database:
            oid = database.value("SELECT oid FROM pg_database WHERE datname = %s", [name])
        return self._data / "base" / str(oid)

    def process(self, database: Database) -> int:
        """The backend behind the connection."""
        return int(database.value("SELECT pg_backend_pid()"))

    def close(self) -> None:
        """Stop the cluster at once, without a checkpoint, and delete it."""
        self._catalogue.close()
        with self._starting:
            self._stop(signal.SIGQUIT)
        self._workspace.remove(self._folder)

    def _administer(self, *statements: str) -> None:
        with self._connect("postgres") as database:
            for statement in statements:
                database.execute(statement)

    def _connect(self, name: str) -> Database:
        self._ensure_running()
        return Database.connect(self._conninfo(name), diagnose=self._log_tail)

    def _conninfo(self, name: str) -> str:
        value = name.replace("\\", "\\\\").replace("'", "\\'")
        return (
            f"host={self._folder} port=5432 user=postgres dbname='{value}' options='' "
            "sslmode=disable gssencmode=disable client_encoding=utf8 connect_timeout=10"
        )

    def _initialize(self) -> None:
        socket = self._folder / ".s.PGSQL.5432"
        if len(str(socket).encode()) > _SOCKET_BYTES:
            raise ServerError(f"{self._folder} is too long a path for a socket.", hint="Set TMPDIR to a short one.")
        run = runner(self._account)
        options = ["--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"]
        told = run([str(self._installation.bin / "initdb"), *options, "-D", str(self._data)])
        if told.returncode != 0:
            raise ServerError(f"PostgreSQL could not make a cluster:\n{told.stdout.strip()}")
        # A bare machine may know no time zones by name; GMT is compiled in.
        zone = "UTC" if accepts(self._installation.bin, self._account, run, "timezone", "UTC") else "GMT"
        self._configure(_SETTINGS | {"unix_socket_directories": str(self._folder), "timezone": zone})

    def _configure(self, settings: dict[str, str]) -> None:
        lines = "".join(f"{name} = '{value}'\n" for name, value in settings.items())
        with writing(self._data), (self._data / "postgresql.conf").open("a", encoding="utf-8") as configuration:
            configuration.write(lines)

    def _prepare(self) -> Capabilities:
        with self._connect("postgres") as database:
            if not database.fetch("SELECT FROM pg_available_extensions WHERE name = 'timescaledb'"):
                return capabilities_of(database)
        self._stop(signal.SIGINT)
        self._configure({"shared_preload_libraries": "timescaledb"} | TIMESCALE_SETTINGS)
        with self._connect("postgres") as database:
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
        until = time.monotonic() + _STARTING_S
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > until:
                self._stop(signal.SIGQUIT)
                raise ServerError(f"PostgreSQL did not start.{self._log_tail()}")
            time.sleep(0.02)

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
