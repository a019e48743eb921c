"""PostgreSQL in its own container, from any image that behaves like the official ones."""

from __future__ import annotations

import platform
import secrets
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from docker.models.containers import Container
from docker.models.volumes import Volume
from testcontainers.core.config import ConnectionMode
from testcontainers.core.container import DockerContainer

from lab.errors import LabError, ServerError, UnavailableError
from lab.postgres.conninfo import address, own_server
from lab.postgres.database import Database
from lab.servers import engine
from lab.servers.cluster import Cluster
from lab.servers.probe import IDENTITY, capabilities_of, require_identity
from lab.servers.processes import wait_until_started
from lab.servers.settings import SERVER, TIMESCALE
from lab.servers.workspace import Workspace
from lab.values.events import Message, Progress

_STARTING_S = 120.0
_DYING_S = 1.0
_MEMORY = 2 << 30
"""Memory of the container, beside its tmpfs."""
_SHARED_MEMORY = 512 << 20
_KILLED = "was terminated by signal 9"
_PORT = 5432
_LOOPBACK = "127.0.0.1"
_LOCAL = ("localhost", _LOOPBACK, "::1")


class ContainerServer(Cluster):
    """One container with its data in a volume or in memory; both are removed with the server.

    A container that dies is started again. Its data survive in a volume, but not in memory.
    """

    kind = "container"

    def __init__(  # noqa: PLR0913 - a container has this many circumstances
        self,
        workspace: Workspace,
        progress: Progress,
        *,
        image: str,
        pull_s: float,
        port: int | None = None,
        tmpfs_bytes: int | None = None,
    ) -> None:
        super().__init__()
        self._client = engine.reach()
        self._labels = engine.labels(workspace.owner)
        self._port, self._tmpfs_bytes, self._progress = port, tmpfs_bytes, progress
        self._memory = _MEMORY + (tmpfs_bytes or 0)
        self._password = secrets.token_urlsafe(24)
        self._name = f"storage-lab-{self.token}"
        self._volume: Volume | None = None
        self._container: Container | None = None
        self._address = self._refusal = ""
        self._starting = threading.Lock()
        try:
            with engine.asking():
                self._image = engine.image(self._client, image, pull_s, progress)
                self._data = _data_folder(self._image.attrs["Config"])
                progress(Message(text=f"starting a container of {image}"))
                if tmpfs_bytes is None:
                    engine.uninterrupted(self._make_volume)
            with self._reach() as database:
                self.capabilities = capabilities_of(database)
        except UnavailableError:
            self.close()
            raise
        except LabError as error:
            self.close()
            raise UnavailableError(f"No server started from the image {image}: {error}") from error
        except BaseException:
            self.close()
            raise
        place = "a volume" if tmpfs_bytes is None else "memory"
        self.origin = f"image {image} ({self._image.short_id}), data in {place}"

    def holds(self, name: str) -> bool:
        """Whether the database exists; starts a container that died first."""
        self._ensure_running()
        return super().holds(name)

    def free_bytes(self) -> int | None:
        """Free disk of the volume or the memory that holds the data."""
        if self._container is None:
            return None
        with engine.asking():
            code, output = self._container.exec_run(["df", "-B1", "--output=avail", self._data])
        words = b"".join([output] if isinstance(output, bytes) else output).split()
        return int(words[-1]) if code == 0 and words else None  # a busy engine may drop what a command printed

    def close(self) -> None:
        """Remove the container and its data."""
        self._catalogue.close()
        with self._starting:
            left = [resource for resource in (self._container, self._volume) if resource]
            try:
                with engine.asking():
                    for resource in left:
                        engine.remove(resource)
                self._container = self._volume = None
            except ServerError as error:
                self._progress(Message(text=f"{_named(left)} may remain; `lab clean` removes them: {error}"))
            self._client.close()

    def _reach(self, database: str | None = None) -> Database:
        self._ensure_running()
        there = address(self._address, dbname=database or "postgres")
        return require_identity(Database.connect(there, diagnose=self._last_words), self._identity)

    def _ensure_running(self) -> None:
        with self._starting:
            self._catalogue.require_running()
            with engine.asking():
                if not self._runs():
                    self._start()

    def _runs(self) -> bool:
        if self._container is None:
            return False
        containers = self._client.containers.list(filters={"id": str(self._container.id)}, ignore_removed=True)
        return any(container.status == "running" for container in containers)

    def _start(self) -> None:
        if self._container:
            self._progress(Message(text=f"restarting the container {self._name}, which died"))
            engine.remove(self._container)
            if self._volume is None:
                self._catalogue.clear()  # its memory is gone
        box = self._box()
        engine.uninterrupted(lambda: self._make_container(box))
        try:
            self._address = self._address_of(box)
        except ConnectionError as error:  # it has ended already, and its port with it
            raise ServerError(f"PostgreSQL did not start in its container.{self._last_words()}") from error
        self._wait()

    def _make_volume(self) -> None:
        self._volume = engine.new_volume(self._client, self._name, self._labels)

    def _make_container(self, box: DockerContainer) -> None:
        try:
            box.start()
        finally:
            with suppress(RuntimeError):  # it was not even created
                self._container = box.get_wrapped_container()

    def _box(self) -> DockerContainer:
        box = DockerContainer(str(self._image.id), name=self._name)
        box.with_kwargs(
            labels=self._labels,
            mem_limit=self._memory,
            memswap_limit=self._memory,
            shm_size=_SHARED_MEMORY,
        )
        box.with_envs(POSTGRES_PASSWORD=self._password, NO_TS_TUNE="1", TIMESCALEDB_TELEMETRY="off")
        settings = SERVER | TIMESCALE | {"timezone": "UTC", IDENTITY: self._identity}
        box.with_command(
            ["postgres", *(word for name, value in settings.items() for word in ("-c", f"{name}={value}"))]
        )
        # Seen from outside only where the engine is elsewhere.
        at = _LOOPBACK if self._is_local(box) else "0.0.0.0"  # noqa: S104
        box.ports[f"{_PORT}/tcp"] = (at, self._port)  # type: ignore[assignment]
        if self._volume:
            box.with_volume_mapping(str(self._volume.name), self._data, "rw")
        else:
            box.tmpfs[self._data] = f"size={self._tmpfs_bytes}"
        return box

    def _is_local(self, box: DockerContainer) -> bool:
        """Whether the engine runs on this machine; testcontainers may take this machine for a container."""
        client = box.get_docker_client()
        plainly = client.get_connection_mode() is ConnectionMode.docker_host and client.host() in _LOCAL
        return plainly or self._client.info()["Name"] == platform.node()

    def _address_of(self, box: DockerContainer) -> str:
        client, local = box.get_docker_client(), self._is_local(box)
        mapped = local or client.get_connection_mode().use_mapped_port
        return own_server(
            host=_LOOPBACK if local else box.get_container_host_ip(),
            port=client.port(box.get_container_id(), _PORT) if mapped else str(_PORT),
            user="postgres",
            password=self._password,
            dbname="postgres",
        )

    def _wait(self) -> None:
        """Wait until the server answers on its port; the temporary server of a first start only listens on a socket."""
        if not wait_until_started(self._answers, self._runs, _STARTING_S):
            raise ServerError(f"PostgreSQL did not start in its container: {self._refusal}{self._last_words()}")

    def _answers(self) -> bool:
        try:
            with Database.connect(self._address):
                return True
        except ServerError as error:
            self._catalogue.require_running()
            self._refusal = str(error)
        return False

    def _last_words(self) -> str:
        """The end of the container's log, and how the container ended."""
        if self._container is None:
            return ""
        time.sleep(_DYING_S)  # its last words come just before its end
        try:
            with engine.asking():
                self._container.reload()
                state: Mapping[str, Any] = self._container.attrs["State"]
                log = self._container.logs(tail=15).decode(errors="replace").strip()
        except ServerError as error:
            return f"\n{error}"
        how = "" if state["Running"] else f"\nThe container ended with code {state['ExitCode']}."
        # The engine notices only where memory ended the container, not where it ended one process in it.
        memory = state["OOMKilled"] or _KILLED in log
        why = f"\nIt probably used up the container's memory of {self._memory >> 20} MB." if memory else ""
        return f"{how}{why}\nIts log ends with:\n{log}"


def _named(left: Sequence[Container | Volume]) -> str:
    return " and ".join(f"{engine.word(resource)} {resource.name}" for resource in left)


def _data_folder(config: Mapping[str, Any]) -> str:
    """Where an image keeps its data: the declared volume that holds PGDATA, or PGDATA itself."""
    environment = dict(entry.partition("=")[::2] for entry in config["Env"] or ())
    data = environment.get("PGDATA", "/var/lib/postgresql/data")
    declared = (str(folder) for folder in config["Volumes"] or () if Path(data).is_relative_to(folder))
    return next(declared, data)
