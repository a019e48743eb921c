"""The folder of a run, read and written; nothing else writes into `results/`.

`experiment.json` holds the plan and the circumstances. `outcomes/` and `auxiliary/` hold one file per trial, numbered in
the order of arrival and written once. Everything is kept raw, and each file is replaced as a whole, so that a crash at
any moment leaves every trial that had ended.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any

from lab import files, paths
from lab.errors import InputError
from lab.migration import from_format_1
from lab.values import AuxiliaryTrial, Completed, Experiment, Outcome, validation
from lab.values.validation import Problem

FORMAT = 2
# 1  Everything in experiment.json, which was rewritten after each outcome. Guarantees, losses and the origins of a
#    calibrated case were sentences; the system's bytes of a published case were 0.
# 2  One file per trial. Guarantees, losses and notes are values; the workload and more of the machine are recorded; a
#    time is a list of samples; what is not known is null.
FILE = "experiment.json"
CASE = "case.json"
"""The case that a run imitated, unless it is a published case."""
OUTCOMES, AUXILIARY = "outcomes", "auxiliary"
"""Folders with one file per trial, and with one per trial on another dataset."""
_TRIALS = ("outcomes", "auxiliary_trials")
"""Fields of an experiment that are not in experiment.json."""
_LONGEST = 50
"""Letters of a case's name in the name of a folder; with up to 4 bytes each, a name of 255 bytes holds them."""
_AGAIN = "`lab run`"
_REMOVE = "Restore it, or remove it to open the run without that trial."


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
    """The text as a part of a folder's name; a profile's name may contain any character."""
    return re.sub(r"[^\w.+-]+", "_", case)[:_LONGEST]


def save(folder: Path, experiment: Experiment) -> None:
    """Write a whole experiment into a new folder."""
    save_circumstances(folder, experiment)
    for number, outcome in enumerate(experiment.outcomes, 1):
        add_outcome(folder, number, outcome)
    for number, trial in enumerate(experiment.auxiliary_trials, 1):
        add_auxiliary(folder, number, trial)


def save_circumstances(folder: Path, experiment: Experiment) -> None:
    """Write experiment.json: all but the trials."""
    files.write(folder / FILE, files.to_json(Experiment, experiment, without=_TRIALS))


def add_outcome(folder: Path, number: int, outcome: Outcome) -> None:
    """Write the outcome of a trial, the `number`th of the run to end."""
    _add(folder / OUTCOMES, number, outcome, files.to_json(Outcome, outcome))


def add_auxiliary(folder: Path, number: int, trial: AuxiliaryTrial) -> None:
    """Write a trial on another dataset, the `number`th of the run that ended."""
    _add(folder / AUXILIARY, number, trial.outcome, files.to_json(AuxiliaryTrial, trial), trial.purpose)


def _add(folder: Path, number: int, outcome: Outcome, text: str, *words: str) -> None:
    folder.mkdir(exist_ok=True)
    parts = (*words, outcome.scenario, outcome.server)
    name = "-".join((f"{number:05}", *(_as_name(part) for part in parts if part)))
    files.write(folder / f"{name}.json", text)


def file_of(run: Path) -> Path:
    """experiment.json of a run, given its folder or the file itself."""
    return run / FILE if paths.is_folder(run) else run


def load(run: Path) -> Experiment:
    """Read the experiment of a run, given its folder or experiment.json; its trials are in the order of its plan.

    A run that was interrupted has fewer files. A file that is damaged is refused, and not left out: a report must not
    lack a trial without anybody's decision.

    Errors: `InputError` where a file is missing, damaged, of another format, or contradicts the others.
    """
    path = file_of(run)
    if paths.is_missing(path):
        raise InputError(f"There is no experiment at {path}.", hint="Name the folder of a run, as `lab run` prints it.")
    # Before the circumstances: of a run that goes on, these then hold the template of every trial that is read.
    outcome_files, auxiliary_files = _files(path.parent / OUTCOMES), _files(path.parent / AUXILIARY)
    planned = files.load(Experiment, path, expected=FORMAT, again=_AGAIN, older={1: from_format_1})
    _require_sound(path, validation.problems(planned), f"Restore it, or measure again with {_AGAIN}.")
    outcomes = [_trial(Outcome, file) for file in outcome_files]
    auxiliary = [_trial(AuxiliaryTrial, file) for file in auxiliary_files]
    for file, outcome in outcomes:
        _require_sound(file, validation.outcome_problems(outcome, planned), _REMOVE)
    for file, trial in auxiliary:
        _require_sound(file, validation.auxiliary_problems(trial, planned), _REMOVE)
    return _in_order(
        replace(
            planned,
            outcomes=(*planned.outcomes, *(outcome for _, outcome in outcomes)),
            auxiliary_trials=(*planned.auxiliary_trials, *(trial for _, trial in auxiliary)),
        )
    )


def _files(folder: Path) -> list[Path]:
    """In the order of their numbers; errors: `InputError` where the folder may not be entered."""
    try:
        return sorted(folder.glob("*.json"))
    except OSError as error:
        raise InputError(f"{folder} cannot be read: {error.strerror}.", hint="Ask its owner for access.") from error


def _trial(kind: Any, file: Path) -> tuple[Path, Any]:
    return file, files.validated(kind, files.read_json(file, again=_AGAIN), file, again=_AGAIN)


def _require_sound(path: Path, problems: Iterable[Problem], hint: str) -> None:
    if problem := next(iter(problems), None):
        raise InputError(f"{path} is damaged at {problem.place}: {problem.message}.", hint=hint)


def _in_order(experiment: Experiment) -> Experiment:
    """Trials in the order of the plan; those that were added to it later follow, in the order of arrival."""
    places = {(trial.scenario, trial.server, trial.repeat): place for place, trial in enumerate(experiment.plan.trials)}

    def place(outcome: Outcome) -> int:
        repeat = outcome.repeat if isinstance(outcome, Completed) else 1
        return places.get((outcome.scenario, outcome.server, repeat), len(places))

    return replace(
        experiment,
        outcomes=tuple(sorted(experiment.outcomes, key=place)),
        auxiliary_trials=tuple(
            sorted(
                experiment.auxiliary_trials,
                key=lambda trial: (
                    trial.purpose,
                    trial.dataset.parameters.get(trial.purpose, 0.0),
                    place(trial.outcome),
                ),
            )
        ),
    )


def digest(run: Path) -> str:
    """SHA-256 of a run, as `cat experiment.json outcomes/*.json auxiliary/*.json | sha256sum` prints it in its folder."""
    path = file_of(run)
    content = hashlib.sha256()
    for file in (path, *_files(path.parent / OUTCOMES), *_files(path.parent / AUXILIARY)):
        content.update(paths.read(file))
    return content.hexdigest()


def folders(results: Path) -> list[Path]:
    """Folders under `results` that hold an experiment, oldest first; none where `results` is not readable."""
    try:
        return sorted(path.parent for path in results.glob(f"*/{FILE}"))
    except OSError:
        return []
