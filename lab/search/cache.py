"""Every trial by the digest of all that decides its outcome, in the user's cache folder.

A trial that was measured is never measured again: a second search costs nothing, and one that was interrupted goes on.
A file that is damaged counts as missing. An existing server is never looked up: others may have changed it since.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from importlib.util import find_spec
from pathlib import Path

from lab import files
from lab.errors import InputError
from lab.runner.environment import environment
from lab.runner.pipeline import sha256
from lab.servers import Server, cache
from lab.values import Capabilities, Environment, Failed, TrialRecord, TrialRequest

_SOURCES = (".py", ".json", ".sql", ".mjs")
_ELSEWHERE = "An interrupted search will begin anew. Let XDG_CACHE_HOME name a folder that this account may write to."
_UNREADABLE = "Let this account read it, or move it away: sources decide which trials can be taken from the cache."


@dataclass(frozen=True, kw_only=True)
class _Identity:
    """All that decides an outcome."""

    request: TrialRequest
    origin: str
    capabilities: Capabilities
    code: str
    environment: Environment


def _lasting() -> Environment:
    """Of the environment what decides numbers: not the other work of this minute, nor what `code` says more exactly."""
    return replace(environment(), lab="", commit=None, load_average=None)


@dataclass(frozen=True, kw_only=True)
class TrialCache:
    """The trials that were made with one state of the lab's sources, in one environment."""

    code: str
    """As `code_digest`."""
    folder: Path = field(default_factory=lambda: cache.folder() / "trials")
    environment: Environment = field(default_factory=_lasting)

    def check(self) -> None:
        """Make its folder. Errors: `InputError` where no trial can be kept there."""
        files.check_writable(self.folder, what="Trials", hint=_ELSEWHERE)

    def get(self, request: TrialRequest, server: Server) -> TrialRecord | None:
        """The trial as it was measured; None if it was not, or if it cannot be read."""
        if not server.private:
            return None
        file = self._file(request, server)
        with suppress(InputError):
            record: TrialRecord = files.validated(TrialRecord, files.read_json(file, again="it"), file, again="it")
            return record
        return None

    def put(self, request: TrialRequest, server: Server, record: TrialRecord) -> None:
        """Keep a trial; one that failed is not kept, because it may succeed the next time. A full disk keeps nothing."""
        if server.private and not isinstance(record.outcome, Failed):
            with suppress(OSError, InputError):
                self.folder.mkdir(parents=True, exist_ok=True)
                files.write(self._file(request, server), files.to_json(TrialRecord, record))

    def _file(self, request: TrialRequest, server: Server) -> Path:
        identity = _Identity(
            request=request,
            origin=server.origin,
            capabilities=server.capabilities,
            code=self.code,
            environment=self.environment,
        )
        return self.folder / f"{sha256(files.to_json(_Identity, identity))}.json"


def code_digest(packages: Iterable[str]) -> str:
    """Of the sources of these packages: what they generate, how they measure, what the scenarios do.

    Errors: `InputError` where a source cannot be read.
    """
    digest = hashlib.sha256()
    for package in packages:
        spec = find_spec(package)
        for root in (spec.submodule_search_locations if spec else None) or ():
            for file in _sources(Path(root)):
                digest.update(os.fsencode(file.relative_to(root)) + files.digest(file, hint=_UNREADABLE).encode())
    return digest.hexdigest()


def _sources(root: Path) -> Iterator[Path]:
    """The files whose names are those of sources; a folder or a pipe of such a name is no source, for Python neither."""
    return (file for file in sorted(root.rglob("*")) if file.suffix in _SOURCES and file.is_file())
