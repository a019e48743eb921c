"""Throwaway servers: `open_server` starts one, a `Workspace` makes sure that nothing of it stays behind."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from lab.errors import InputError
from lab.servers.native import NativeServer
from lab.servers.pglite import PgliteServer
from lab.servers.server import Server
from lab.servers.workspace import Workspace, clean, open_workspace

__all__ = ["Server", "Workspace", "clean", "open_server", "open_workspace"]


@contextmanager
def open_server(
    kind: str, *, workspace: Workspace, postgres_bin: Path | None = None, progress: Callable[[str], None]
) -> Iterator[Server]:
    """A server of that kind for as long as the context lasts.

    Errors: `InputError` for an unknown kind or unusable `postgres_bin`, `ServerError` where it does not start,
    `UnavailableError` where this machine cannot have it.
    """
    server = _start(kind, workspace, postgres_bin, progress)
    try:
        yield server
    finally:
        server.close()


def _start(kind: str, workspace: Workspace, postgres_bin: Path | None, progress: Callable[[str], None]) -> Server:
    if kind == "native":
        return NativeServer(workspace, postgres_bin, progress)
    if kind == "pglite":
        return PgliteServer(workspace, progress)
    raise InputError(f"There is no kind of server called '{kind}'.", hint="Known: native, pglite.")
