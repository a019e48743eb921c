"""The folder of a run: experiment.json read and written; nothing else writes into `results/`.

Everything is kept raw and written after every outcome, in a file that is replaced as a whole, so that a crash at any
moment leaves the last complete state.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from itertools import count
from pathlib import Path

from lab import files
from lab.errors import InputError
from lab.values import Experiment

FORMAT = 1
FILE = "experiment.json"
CASE = "case.json"
"""The case that a run imitated, where it is not a published one."""


def new_run(results: Path, case: str, size: str, at: datetime) -> Path:
    """Make the folder of a new run; `InputError` where `results` cannot be written."""
    files.check_writable(results)
    stem = f"{at:%Y%m%d-%H%M%S}-{case}-{size}"
    names = (stem if number == 1 else f"{stem}-{number}" for number in count(1))
    for folder in (results / name for name in names):
        with suppress(FileExistsError):
            folder.mkdir()
            return folder
    raise AssertionError("Numbers do not end.")


def save(folder: Path, experiment: Experiment) -> None:
    """Write experiment.json as a whole."""
    files.write(folder / FILE, files.to_json(Experiment, experiment))


def load(run: Path) -> Experiment:
    """Read the experiment of a run, given its folder or the file itself.

    Errors: `InputError` where it is missing, damaged, or of another format.
    """
    path = run / FILE if run.is_dir() else run
    if not path.exists():
        raise InputError(f"There is no experiment at {path}.", hint="Name the folder of a run, as `lab run` prints it.")
    return files.load(Experiment, path, expected=FORMAT, again="`lab run`")


def folders(results: Path) -> list[Path]:
    """Folders under `results` that hold an experiment, oldest first."""
    return sorted(path.parent for path in results.glob(f"*/{FILE}"))
