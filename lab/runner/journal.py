"""The unfinished experiment; every entry is on disk before the next step begins."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from lab import runs
from lab.values import AuxiliaryTrial, Experiment, LoadedTemplate, Outcome


@dataclass
class Journal:
    """The unfinished experiment, always on disk; several threads may write.

    Stores each trial in its own file, in the order of arrival; `lab.runs.load` sorts them by the plan.
    """

    folder: Path
    experiment: Experiment
    closed: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, outcome: Outcome) -> None:
        """Keep an outcome."""
        with self._lock:
            if not self.closed:
                outcomes = (*self.experiment.outcomes, outcome)
                runs.add_outcome(self.folder, len(outcomes), outcome)
                self.experiment = replace(self.experiment, outcomes=outcomes)

    def add_auxiliary(self, trial: AuxiliaryTrial) -> None:
        """Keep a trial on another dataset."""
        with self._lock:
            if not self.closed:
                trials = (*self.experiment.auxiliary_trials, trial)
                runs.add_auxiliary(self.folder, len(trials), trial)
                self.experiment = replace(self.experiment, auxiliary_trials=trials)

    def loaded(self, template: LoadedTemplate) -> None:
        """Keep what was loaded, once."""
        with self._lock:
            if template not in self.experiment.templates:
                self._save(replace(self.experiment, templates=(*self.experiment.templates, template)))

    def finish(self) -> None:
        """Mark the experiment as complete."""
        with self._lock:
            self._save(replace(self.experiment, finished=now().isoformat()))

    def close(self) -> None:
        """Take no more entries, because trials that end from now on were interrupted."""
        with self._lock:
            self.closed = True

    def _save(self, experiment: Experiment) -> None:
        if not self.closed:
            runs.save_circumstances(self.folder, experiment)
            self.experiment = experiment


def now() -> datetime:
    """The present in UTC, to the second."""
    return datetime.now(UTC).replace(microsecond=0)
