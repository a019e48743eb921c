"""PostgreSQL with TimescaleDB's Community edition, compiled to WebAssembly, in one process per database."""

from __future__ import annotations

import errno
import os
import shutil
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

import psutil

from lab.errors import ServerError
from lab.postgres.database import Database
from lab.postgres.sql import quoted
from lab.servers.gauge import FolderGauge
from lab.servers.pglite.cluster_template import cluster_template
from lab.servers.pglite.instance import Instance
from lab.servers.pglite.machine_code import FLAGS, machine_code
from lab.servers.pglite.packages import ASSETS, modules, node
from lab.servers.server import DatabaseRecord, Gauge
from lab.servers.workspace import Workspace, writing
from lab.values.events import Message, Progress

_OID = "1"  # of template1, the only database of a data directory that is used


class PgliteServer:
    """A data directory per database, served by a Node process from the first connection until sealed or dropped."""

    kind = "pglite"
    origin = "PostgreSQL compiled to WebAssembly, in Node"
    private = True
    concurrent = False
    shares_wal = False

    def __init__(self, workspace: Workspace, progress: Progress) -> None:
        self._workspace = workspace
        self._program = _program(workspace, modules(workspace, progress))
        self._catalogue = DatabaseRecord()
        self._instances: dict[str, Instance] = {}
        self._entering = threading.Lock()
        progress(Message(text="starting pglite"))
        command = [str(node()), *FLAGS, str(self._program)]
        self._command = [*command, str(machine_code(workspace, command, progress))]
        self._template = cluster_template(workspace, self._command)
        self.capabilities = self._template.capabilities

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._catalogue.closed

    def create(self, name: str) -> None:
        """Make an empty database, as a copy of a prepared one, which takes a tenth of the time."""
        self._copy(self._template.data, name)

    def connect(self, name: str) -> Database:
        """Open an autocommit connection; one at a time."""
        self._catalogue.require_open(name)
        return self._instances[name].connect()

    def copy_in(self, database: Database, table: str, columns: Sequence[str], chunks: Iterable[bytes]) -> None:
        """Load `chunks` of COPY text format into the table, all rows or none."""
        names = ", ".join(quoted(column) for column in columns)
        statement = f"COPY {quoted(table)} ({names}) FROM '/dev/copy'"
        pipe = self._serving(database).pipe
        # Inside a transaction, because a producer that fails just ends the pipe, which looks like the end of the data.
        with database.transaction(), ThreadPoolExecutor(1) as other:
            loading = other.submit(database.execute, statement)
            with _writing(pipe, loading) as out:
                for chunk in chunks:
                    out.write(chunk)
            loading.result()

    def seal(self, name: str) -> None:
        """Checkpoint and stop the database for good."""
        self._catalogue.require_open(name)
        self._instances[name].seal()
        self._catalogue.seal(name)

    def clone(self, template: str, name: str) -> None:
        """Copy the template's data directory."""
        self._catalogue.require_template(template)
        self._copy(self._instances[template].data, name)

    def drop(self, name: str) -> None:
        """Kill the database's process and delete its data."""
        self._catalogue.require(name)
        self._discard(name)
        self._catalogue.remove(name)

    def holds(self, name: str) -> bool:
        """Whether the database is there."""
        return self._catalogue.holds(name)

    @contextmanager
    def gauge(self, name: str, working: Database) -> Iterator[Gauge]:
        """The folder of the database's relation files, and the Node process that runs the engine."""
        self._catalogue.require(name)
        yield FolderGauge(self._instances[name].data / "base" / _OID, self._serving(working).process)

    def free_bytes(self) -> int | None:
        """Free disk of the temporary folder."""
        return psutil.disk_usage(str(self._workspace.path)).free

    def close(self) -> None:
        """Kill all processes and delete all data."""
        self._catalogue.close()
        for instance in self._all():
            instance.remove()
        self._workspace.remove(self._program.parent)

    def _copy(self, source: Path, name: str) -> None:
        """Enter the instance before it is filled, so that `close` finds it in any state."""
        with self._catalogue.adding(name):
            with self._entering:
                self._catalogue.require_running()
                instance = self._instances[name] = self._new_instance()
            try:
                instance.fill(source)
            except BaseException:
                self._discard(name)
                raise

    def _discard(self, name: str) -> None:
        self._instances[name].remove()
        with self._entering:
            del self._instances[name]

    def _serving(self, database: Database) -> Instance:
        for instance in self._all():
            if instance.serves(database):
                return instance
        raise ServerError("The database of this connection is gone.")

    def _all(self) -> list[Instance]:
        with self._entering:
            return list(self._instances.values())

    def _new_instance(self) -> Instance:
        return Instance(self._workspace, self._command)


def _program(workspace: Workspace, node_modules: Path) -> Path:
    # Node looks for modules beside the program that asks for them.
    folder = workspace.folder("pglite")
    with writing(folder):
        (folder / "node_modules").symlink_to(node_modules)
        return Path(shutil.copy(ASSETS / "server.mjs", folder))


@contextmanager
def _writing(pipe: Path, loading: Future[int]) -> Iterator[BinaryIO]:
    """The pipe's writing end, once COPY has opened the reading end; a failure of COPY shows in the future's result."""
    with suppress(BrokenPipeError), os.fdopen(_open_for_writing(pipe, loading), "wb") as out:
        yield out


def _open_for_writing(pipe: Path, loading: Future[int]) -> int:
    while not loading.done():
        try:
            descriptor = os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
        except OSError as error:
            if error.errno not in {errno.ENXIO, errno.ENOENT}:  # nobody reads yet; the database was removed
                raise
            time.sleep(0.002)
        else:
            os.set_blocking(descriptor, True)
            return descriptor
    loading.result()
    raise ServerError("COPY ended before it read anything.")
