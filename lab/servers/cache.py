"""A cache of folders: filled once per user, read by every later run."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import platformdirs

_FILLING_S = 3600.0  # another process may still be filling a younger draft


def kept(name: str, make: Callable[[Path], None]) -> Path:
    """The folder of that name in the user's cache; if it is missing, `make` fills a new one.

    Two processes may do so at the same time: each fills a draft, and one draft gets the name.
    Errors: `OSError` where the cache is not writable; those of `make`.
    """
    target = folder() / name
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{name}-", dir=target.parent) as beside:
            draft = Path(beside, "draft")
            draft.mkdir()
            make(draft)
            try:
                draft.rename(target)
            except OSError:
                if not target.exists():  # else another process was faster
                    raise
    return target


def clean() -> Iterator[str]:
    """Remove drafts whose process was killed; yields a line for each. Skips an unreadable cache."""
    with suppress(OSError):
        for draft in sorted(folder().glob(".*-*")):
            if time.time() - draft.stat().st_mtime > _FILLING_S:
                shutil.rmtree(draft, ignore_errors=True)
                yield f"folder {draft}"


def folder() -> Path:
    """The cache's folder; `XDG_CACHE_HOME` moves it."""
    return platformdirs.user_cache_path("storage-lab", appauthor=False)
