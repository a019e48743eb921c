"""Servers to measure on: `open_server` starts a server, and a `Workspace` makes sure that it leaves nothing behind."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from lab.errors import InputError
from lab.servers import cache, external, workspace
from lab.servers.external import ExternalServer
from lab.servers.native import NativeServer
from lab.servers.pglite import PgliteServer, packages
from lab.servers.server import Gauge, Server
from lab.servers.workspace import Workspace, open_workspace
from lab.values.events import Progress

__all__ = [
    "DEFAULT_IMAGE",
    "KINDS",
    "PULL_S",
    "PULL_UNASKED_S",
    "Gauge",
    "Options",
    "Server",
    "Workspace",
    "clean",
    "downloads",
    "open_server",
    "open_workspace",
]

KINDS = ("container", "native", "pglite", "external")

DEFAULT_IMAGE = "timescale/timescaledb:2.29.2-pg17"
"""The Community edition on PostgreSQL 17, from Docker Hub."""

PULL_S = 900.0
"""Time limit of a pull in seconds, where the user asked for containers by name."""

PULL_UNASKED_S = 60.0
"""Time limit of a pull in seconds, where another server can stand in."""


@dataclass(frozen=True, kw_only=True)
class Options:
    """The user's options for servers; each kind of server uses its own."""

    postgres_bin: Path | None = None
    """Folder of a native server's programs; None searches the usual places."""
    image: str = DEFAULT_IMAGE
    pull_s: float = PULL_S
    """Time limit for pulling a missing image, in seconds."""
    port: int | None = None
    """The container's port on the engine's machine; None lets the engine choose a free port."""
    tmpfs_bytes: int | None = None
    """Size of the memory that holds the container's data; None keeps them in a volume."""
    dsn: str | None = field(default=None, repr=False)
    """Connection string of the external server; may contain a password."""


@contextmanager
def open_server(
    kind: str, *, workspace: Workspace, options: Options = Options(), progress: Progress
) -> Iterator[Server]:
    """A server of that kind for as long as the context lasts.

    Errors: `InputError` for an unknown kind or unusable options, `ServerError` where it does not start,
    `UnavailableError` where this machine cannot have it.
    """
    server = _start(kind, workspace, options, progress)
    try:
        yield server
    finally:
        server.close()


def _start(kind: str, workspace: Workspace, options: Options, progress: Progress) -> Server:
    if kind == "container":
        from lab.servers.container import ContainerServer  # noqa: PLC0415 - a fifth of a second that few need

        return ContainerServer(
            workspace,
            progress,
            image=options.image,
            pull_s=options.pull_s,
            port=options.port,
            tmpfs_bytes=options.tmpfs_bytes,
        )
    if kind == "native":
        return NativeServer(workspace, options.postgres_bin, progress)
    if kind == "pglite":
        return PgliteServer(workspace, progress)
    if kind == "external":
        return ExternalServer(workspace, options.dsn or "", progress)
    raise InputError(f"There is no kind of server called '{kind}'.", hint=f"Known: {', '.join(KINDS)}.")


def downloads(kinds: Sequence[str], options: Options, *, needs: bool) -> tuple[str, ...]:
    """What servers of these kinds would have to download; `needs` says whether any scenario needs an extension.

    Without one the first server that starts is enough, and pglite is not.
    """
    wanted = []
    if "container" in kinds:
        from lab.servers import engine  # noqa: PLC0415 - a fifth of a second that few need

        wanted += engine.wanted(options.image) if options.pull_s else []
    if "pglite" in kinds and (needs or kinds == ("pglite",)):
        wanted += packages.wanted()
    return tuple(wanted)


def clean(dsns: Iterable[str] = (), *, skipped: Callable[[str], None] = lambda _: None) -> list[str]:
    """Remove everything that dead runs of this user left on this machine, its container engine and those servers.

    Returns a line for each thing removed. Never touches anything of a living run. Calls `skipped` with a sentence for
    each thing that is left alone because its owner is not certain.
    """
    from lab.servers import engine  # noqa: PLC0415 - see above

    return [
        *workspace.clean(skipped),
        *cache.clean(),
        *engine.clean(skipped),
        *(line for dsn in dsns for line in external.clean(dsn)),
    ]
