"""The record in a run's folder: the process that owns the run, and the processes that it started."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from lab.servers.processes import Identity, namespace

FILE = "owner.json"
_BYTES = 1 << 20
"""Largest size of a record; the lab never writes a larger one."""


class OddRecordError(Exception):
    """The folder holds no valid record of a run; the message says why."""


@dataclass(frozen=True, kw_only=True)
class Record:
    """The owner of a run, and the processes to end with it."""

    owner: Identity
    children: tuple[Identity, ...]
    namespace: str
    """Where those pids count, as `processes.namespace()` says it."""

    @classmethod
    def read(cls, run: Path) -> Self | None:
        """The record of that run; None where there is none yet.

        Errors: `OddRecordError` where the folder or the record is not as a lab makes it.
        """
        try:
            if not stat.S_ISDIR(run.lstat().st_mode):
                raise OddRecordError("it is not a folder")
            return cls._parsed(_content(run / FILE))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, RecursionError) as error:
            raise OddRecordError(f"its {FILE} cannot be read ({type(error).__name__})") from error

    @classmethod
    def _parsed(cls, content: bytes) -> Self:
        raw = json.loads(content)
        if not isinstance(raw, dict) or not isinstance(raw.get("children"), list):
            raise OddRecordError(f"its {FILE} is not a record of a run")
        return cls(
            owner=Identity.parsed(raw.get("owner")),
            children=tuple(Identity.parsed(child) for child in raw["children"]),
            namespace=str(raw.get("namespace", namespace())),  # earlier records name none
        )


def write(run: Path, owner: Identity, children: Iterable[Identity]) -> None:
    """Replace the whole record; does nothing if the folder is gone."""
    record = {
        "owner": asdict(owner),
        "children": [asdict(child) for child in children],
        "namespace": namespace(),
    }
    with suppress(FileNotFoundError):
        draft = run / f"{FILE}.new"
        draft.write_text(json.dumps(record), encoding="utf-8")
        draft.replace(run / FILE)


def _content(path: Path) -> bytes:
    # Check that it is a regular file before opening it, because reading a pipe would never end.
    status = path.lstat()
    if not stat.S_ISREG(status.st_mode) or status.st_size > _BYTES or status.st_uid != os.geteuid():
        raise OddRecordError(f"its {FILE} is not a small file of this user")
    return path.read_bytes()
