"""What the container engine holds of the lab's: asked of the engine itself, not of the lab."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeAlias

from lab.servers import engine
from lab.servers.processes import Identity
from tests.conftest import require_images

SOCKET = "/var/run/docker.sock"
_ENVIRONMENT = dict(os.environ)  # a test may set DOCKER_HOST to what it breaks

NewContainers: TypeAlias = Callable[[], list[str]]
"""Names of the containers that were made since."""


@contextmanager
def leaving_nothing() -> Iterator[NewContainers]:
    """Names of the containers that this process makes inside; none of them, nor a volume, may be there at the end."""
    require_images()
    before = held_by(os.getpid())

    def new_containers() -> list[str]:
        return [name for kind, name in sorted(held_by(os.getpid()) - before) if kind == "container"]

    yield new_containers
    assert held_by(os.getpid()) == before


def held_by(pid: int) -> set[tuple[str, str]]:
    """Kind and name of the containers, running or not, and the volumes that a process which still runs has made."""
    return marked(engine.labels(Identity.of(pid)))


def marked(labels: dict[str, str]) -> set[tuple[str, str]]:
    """The same by its labels."""
    filters = [word for name, value in labels.items() for word in ("--filter", f"label={name}={value}")]
    containers = docker("ps", "--all", *filters, "--format", "{{.Names}}").split()
    volumes = docker("volume", "ls", *filters, "--format", "{{.Name}}").split()
    return {*(("container", name) for name in containers), *(("volume", name) for name in volumes)}


def docker(*arguments: str, stdin: str | None = None) -> str:
    """What the command `docker` prints, given that on its standard input."""
    done = subprocess.run(
        ["docker", *arguments], input=stdin, env=_ENVIRONMENT, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()
