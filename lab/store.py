"""experiment.json: read, written, and nothing else writes into `results/`.

Everything is kept raw and written after every outcome, in a file that is replaced as a whole, so that a crash at any
moment leaves the last complete state.
"""

from __future__ import annotations

import json
import os
from datetime import datetime
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from lab.errors import InputError
from lab.values import Experiment

FORMAT = 1
FILE = "experiment.json"
_ADAPTER = TypeAdapter(Experiment)


def new_run(results: Path, case: str, size: str, at: datetime) -> Path:
    """Make the folder of a new run; `InputError` where `results` cannot be written."""
    stem = f"{at:%Y%m%d-%H%M%S}-{case}-{size}"
    try:
        results.mkdir(parents=True, exist_ok=True)
        for number in range(1, 100):
            folder = results / (stem if number == 1 else f"{stem}-{number}")
            try:
                folder.mkdir()
            except FileExistsError:
                continue
            return folder
    except OSError as error:
        raise InputError(
            f"Results cannot be written to {results}: {error.strerror}.", hint="Name another folder with --out."
        ) from error
    raise InputError(f"{results} already holds a hundred runs of this second.", hint="Name another folder with --out.")


def save(folder: Path, experiment: Experiment) -> None:
    """Write experiment.json as a whole."""
    write(folder / FILE, _ADAPTER.dump_json(experiment, indent=1).decode() + "\n")


def write(path: Path, text: str) -> None:
    """Write one file of a run so that a reader sees the old or the new text, never a part."""
    part = path.with_name(f".{path.name}.part")
    try:
        with part.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise InputError(
            f"{path} cannot be written: {error.strerror}.", hint="Free space or name another folder with --out."
        ) from error


def load(run: Path) -> Experiment:
    """Read the experiment of a run, given its folder or the file itself.

    Errors: `InputError` where it is missing, damaged, or of another format.
    """
    path = run / FILE if run.is_dir() else run
    try:
        raw = json.loads(path.read_bytes())
        found = raw["format"]
    except OSError as error:
        raise InputError(
            f"There is no experiment at {path}: {error.strerror}.", hint="`lab compare` lists the runs."
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{path} is damaged: {error!r}.", hint="Restore it, or measure again with `lab run`."
        ) from error
    if found != FORMAT:
        raise InputError(
            f"{path} has format {found}; this lab reads {FORMAT}.", hint="Use the lab that wrote it, or measure again."
        )
    return _validated(raw, path)


def _validated(raw: object, path: Path) -> Experiment:
    try:
        return _ADAPTER.validate_python(raw)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise InputError(
            f"{path} is damaged at {where}: {first['msg']}.", hint="Restore it, or measure again with `lab run`."
        ) from error


def runs(results: Path) -> list[Path]:
    """Folders under `results` that hold an experiment, oldest first."""
    return sorted(path.parent for path in results.glob(f"*/{FILE}"))
