"""The folder of a run: experiment.json read and written; nothing else writes into `results/`.

Everything is kept raw and written after every outcome, in a file that is replaced as a whole, so that a crash at any
moment leaves the last complete state.
"""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import datetime
from itertools import count
from pathlib import Path

from lab import files, paths
from lab.errors import InputError
from lab.migration import from_format_1
from lab.values import Experiment, validation

FORMAT = 2
FILE = "experiment.json"
CASE = "case.json"
"""The case that a run imitated, where it is not a published one."""
_LONGEST = 50
"""Letters of a case's name in the name of a folder; with up to 4 bytes each, a name of 255 bytes holds them."""
_AGAIN = "`lab run`"


def new_run(results: Path, case: str, size: str, at: datetime) -> Path:
    """Make the folder of a new run; `InputError` where `results` cannot be written."""
    files.check_writable(results)
    stem = f"{at:%Y%m%d-%H%M%S}-{_as_name(case)}-{size}"
    names = (stem if number == 1 else f"{stem}-{number}" for number in count(1))
    for folder in (results / name for name in names):
        with suppress(FileExistsError):
            folder.mkdir()
            return folder
    raise AssertionError("Numbers do not end.")


def _as_name(case: str) -> str:
    """A part of a folder's name: a profile's name is whatever the database is called."""
    return re.sub(r"[^\w.-]+", "_", case)[:_LONGEST]


def save(folder: Path, experiment: Experiment) -> None:
    """Write experiment.json as a whole."""
    files.write(folder / FILE, files.to_json(Experiment, experiment))


def file_of(run: Path) -> Path:
    """experiment.json of a run, given its folder or the file itself."""
    return run / FILE if paths.is_folder(run) else run


def load(run: Path) -> Experiment:
    """Read the experiment of a run, given its folder or the file itself.

    Errors: `InputError` where it is missing, damaged, of another format, or contradicts itself.
    """
    path = file_of(run)
    if paths.is_missing(path):
        raise InputError(f"There is no experiment at {path}.", hint="Name the folder of a run, as `lab run` prints it.")
    experiment = files.load(Experiment, path, expected=FORMAT, again=_AGAIN, older={1: from_format_1})
    if problem := next(validation.problems(experiment), None):
        hint = f"Restore it, or measure again with {_AGAIN}."
        raise InputError(f"{path} is damaged at {problem.place}: {problem.message}.", hint=hint)
    return experiment


def folders(results: Path) -> list[Path]:
    """Folders under `results` that hold an experiment, oldest first; none where it cannot be looked into."""
    try:
        return sorted(path.parent for path in results.glob(f"*/{FILE}"))
    except OSError:
        return []
