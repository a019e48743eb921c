"""PostgreSQL with TimescaleDB's Community edition, compiled to WebAssembly, in one process per database."""

from __future__ import annotations

import errno
import os
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from lab.database import Database
from lab.errors import ServerError
from lab.servers.pglite.instance import Instance
from lab.servers.pglite.packages import ASSETS, modules, node
from lab.servers.probe import capabilities_of, quoted
from lab.servers.server import Catalogue
from lab.servers.workspace import Workspace
from lab.values import Capabilities

_OID = "1"  # of template1, the only database of a data directory that is used


class PgliteServer:
    """A data directory per database, served by a Node process from the first connection until sealed or dropped."""

    kind = "pglite"

    def __init__(self, workspace: Workspace, progress: Callable[[str], None]) -> None:
        self._workspace = workspace
        self._program = _program(workspace, modules(workspace, progress))
        self._catalogue = Catalogue()
        self._instances: dict[str, Instance] = {}
        progress("starting pglite")
        self._pristine = self._new_instance()
        self.capabilities = _probe(self._pristine)

    def create(self, name: str) -> None:
        """Make an empty database: a copy of one that was made before, which takes a tenth of the time."""
        with self._catalogue.adding(name):
            self._instances[name] = self._new_instance(self._pristine.data)

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
        with self._catalogue.adding(name):
            self._instances[name] = self._new_instance(self._instances[template].data)

    def drop(self, name: str) -> None:
        """Kill the database's process and delete its data."""
        self._catalogue.remove(name)
        self._instances.pop(name).remove()

    def data_folder(self, name: str) -> Path:
        """The folder of that database's relation files."""
        self._catalogue.require(name)
        return self._instances[name].data / "base" / _OID

    def process(self, database: Database) -> int | None:
        """The Node process that runs the engine."""
        return self._serving(database).process

    def close(self) -> None:
        """Kill all processes and delete all data."""
        for instance in (*self._instances.values(), self._pristine):
            instance.remove()
        self._instances.clear()
        self._workspace.remove(self._program.parent)

    def _serving(self, database: Database) -> Instance:
        return next(instance for instance in self._instances.values() if instance.serves(database))

    def _new_instance(self, template: Path | None = None) -> Instance:
        return Instance(self._workspace, [str(node()), str(self._program)], template)


def _program(workspace: Workspace, node_modules: Path) -> Path:
    # Node looks for modules beside the program that asks for them.
    folder = workspace.folder("pglite")
    (folder / "node_modules").symlink_to(node_modules)
    return Path(shutil.copy(ASSETS / "server.mjs", folder))


def _probe(pristine: Instance) -> Capabilities:
    with pristine.connect() as database:
        version = database.value("SELECT default_version FROM pg_available_extensions WHERE name = 'timescaledb'")
        # Creating the extension would do as well, but would write into what every database is copied from.
        database.execute(f"LOAD 'timescaledb-{version}'")
        capabilities = capabilities_of(database)
        # Nobody can connect to them here, and each is 300 files that every copy would copy.
        database.execute("ALTER DATABASE template0 IS_TEMPLATE false")
        database.execute("DROP DATABASE template0")
        database.execute("DROP DATABASE postgres")
    pristine.seal()
    return capabilities


@contextmanager
def _writing(pipe: Path, loading: Future[int]) -> Iterator[BinaryIO]:
    """The pipe's writing end, once COPY has opened the other; a COPY that gives up is for its own result to tell."""
    with suppress(BrokenPipeError), os.fdopen(_open_for_writing(pipe, loading), "wb") as out:
        yield out


def _open_for_writing(pipe: Path, loading: Future[int]) -> int:
    while not loading.done():
        try:
            descriptor = os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
        except OSError as error:
            if error.errno != errno.ENXIO:  # nobody reads yet
                raise
            time.sleep(0.002)
        else:
            os.set_blocking(descriptor, True)
            return descriptor
    loading.result()
    raise ServerError("COPY ended before it read anything.")
