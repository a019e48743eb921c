"""Every trial by the digest of all that decides its outcome, in the user's cache folder.

A trial that was measured is never measured again: a second search costs nothing, and one that was interrupted goes on.
A file that is damaged counts as missing. An existing server is never looked up: others may have changed it since.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

from lab import files
from lab.errors import InputError
from lab.servers import Server, cache
from lab.values import Capabilities, Failed, MadeTrial, TrialRequest

_SOURCES = (".py", ".json", ".sql", ".mjs")


@dataclass(frozen=True, kw_only=True)
class _Identity:
    """All that decides an outcome."""

    request: TrialRequest
    origin: str
    capabilities: Capabilities
    code: str


@dataclass(frozen=True, kw_only=True)
class TrialCache:
    """The trials that were made with one state of the lab's sources."""

    code: str
    """As `code_digest`."""
    folder: Path = field(default_factory=lambda: cache.folder() / "trials")

    def get(self, request: TrialRequest, server: Server) -> MadeTrial | None:
        """The trial as it was measured; None if it was not."""
        file = self._file(request, server)
        if not server.private or not file.exists():
            return None
        with suppress(InputError):
            made: MadeTrial = files.validated(MadeTrial, files.read_json(file, again="it"), file, again="it")
            return made
        return None

    def put(self, request: TrialRequest, server: Server, made: MadeTrial) -> None:
        """Keep a trial; one that failed is not kept, because it may succeed the next time. A full disk keeps nothing."""
        if server.private and not isinstance(made.outcome, Failed):
            with suppress(OSError, InputError):
                self.folder.mkdir(parents=True, exist_ok=True)
                files.write(self._file(request, server), files.to_json(MadeTrial, made))

    def _file(self, request: TrialRequest, server: Server) -> Path:
        identity = _Identity(request=request, origin=server.origin, capabilities=server.capabilities, code=self.code)
        return self.folder / f"{_sha256(files.to_json(_Identity, identity).encode())}.json"


def code_digest(packages: Iterable[str]) -> str:
    """Of the sources of these packages: what they generate, how they measure, what the scenarios do."""
    digest = hashlib.sha256()
    for package in packages:
        spec = find_spec(package)
        roots = (spec.submodule_search_locations if spec else None) or ()
        for file in sorted(file for root in roots for file in Path(root).rglob("*") if file.suffix in _SOURCES):
            digest.update(file.name.encode() + _sha256(file.read_bytes()).encode())
    return digest.hexdigest()


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
