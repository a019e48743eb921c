"""experiment.json: read, written, and nothing else writes into `results/`.

Everything is kept raw and written after every outcome, in a file that is replaced as a whole, so that a crash at any
moment leaves the last complete state.
"""

from __future__ import annotations

import errno
import os
import tempfile
from contextlib import suppress
from datetime import datetime
from itertools import count
from pathlib import Path

from lab import document
from lab.errors import InputError
from lab.values import Experiment

FORMAT = 1
FILE = "experiment.json"
_HINTS = {errno.ENOSPC: "Free space, or write elsewhere.", errno.ENOENT: "Make its folder first, or write elsewhere."}
CASE = "case.json"
"""The case that a run imitated, where it is not a published one."""


def check_writable(results: Path) -> None:
    """Make the folder of all runs; `InputError` where it cannot be made or written to."""
    try:
        results.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=results):
            pass
    except OSError as error:
        raise InputError(
            f"Results cannot be written to {results}: {error.strerror}.", hint="Name another folder with --out."
        ) from error


def new_run(results: Path, case: str, size: str, at: datetime) -> Path:
    """Make the folder of a new run; `InputError` where `results` cannot be written."""
    check_writable(results)
    stem = f"{at:%Y%m%d-%H%M%S}-{case}-{size}"
    names = (stem if number == 1 else f"{stem}-{number}" for number in count(1))
    for folder in (results / name for name in names):
        with suppress(FileExistsError):
            folder.mkdir()
            return folder
    raise AssertionError("Numbers do not end.")


def save(folder: Path, experiment: Experiment) -> None:
    """Write experiment.json as a whole."""
    write(folder / FILE, document.text(Experiment, experiment))


def write(path: Path, text: str) -> None:
    """Write one file, to the byte, so that a reader sees the old or the new text, never a part."""
    target = path.resolve()  # a link stays a link
    part = target.with_name(f".{target.name}.part")
    try:
        with part.open("w", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        part.replace(target)
    except OSError as error:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        hint = _HINTS.get(error.errno or 0, "Write elsewhere.")
        raise InputError(f"{path} cannot be written: {error.strerror}.", hint=hint) from error


def read(path: Path) -> str:
    """The text of a document, to the byte; empty where there is none yet.

    Errors: `InputError` where it is not a text file.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return file.read()
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read: {error}.", hint="Name a text file in UTF-8.") from error


def load(run: Path) -> Experiment:
    """Read the experiment of a run, given its folder or the file itself.

    Errors: `InputError` where it is missing, damaged, or of another format.
    """
    path = run / FILE if run.is_dir() else run
    if not path.exists():
        raise InputError(f"There is no experiment at {path}.", hint="Name the folder of a run, as `lab run` prints it.")
    return document.load(Experiment, path, expected=FORMAT, again="`lab run`")


def runs(results: Path) -> list[Path]:
    """Folders under `results` that hold an experiment, oldest first."""
    return sorted(path.parent for path in results.glob(f"*/{FILE}"))
