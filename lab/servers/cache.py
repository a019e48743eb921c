"""Folders that are made once per user and read by every run afterwards."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import platformdirs

_FILLING_S = 3600.0  # a draft may be one that somebody is just filling


def kept(name: str, make: Callable[[Path], None]) -> Path:
    """The folder of that name in the user's cache; where it is missing, `make` fills an empty one.

    Two processes may do so at a time: each fills one beside, and one of them gets the name.
    Errors: `OSError` where the cache cannot be written to; those of `make`.
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
    """Remove what was being filled when its process was killed; yields what, in words.

    A cache that cannot be looked into holds nothing that could be removed.
    """
    with suppress(OSError):
        for draft in sorted(folder().glob(".*-*")):
            if time.time() - draft.stat().st_mtime > _FILLING_S:
                shutil.rmtree(draft, ignore_errors=True)
                yield f"folder {draft}"


def folder() -> Path:
    """Where they are kept; `XDG_CACHE_HOME` moves it."""
    return platformdirs.user_cache_path("storage-lab", appauthor=False)
