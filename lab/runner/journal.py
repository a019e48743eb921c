"""The experiment as far as it has come: every entry is on disk before the next step begins."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from lab import runs
from lab.values import Completed, Experiment, LoadedTemplate, Outcome, SideTrial


@dataclass
class Journal:
    """The experiment as far as it has come, always on disk; several threads may write."""

    folder: Path
    experiment: Experiment
    closed: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, outcome: Outcome) -> None:
        """Keep an outcome."""
        with self._lock:
            self._save(replace(self.experiment, outcomes=(*self.experiment.outcomes, outcome)))

    def loaded(self, template: LoadedTemplate) -> None:
        """Keep what was loaded, once."""
        with self._lock:
            if template not in self.experiment.templates:
                self._save(replace(self.experiment, templates=(*self.experiment.templates, template)))

    def aside(self, trial_: SideTrial) -> None:
        """Keep a trial on another dataset."""
        with self._lock:
            self._save(replace(self.experiment, side_trials=(*self.experiment.side_trials, trial_)))

    def finish(self) -> None:
        """Put the outcomes into the order of the plan and mark the experiment as complete."""
        order = {(one.scenario, one.server, one.repeat): at for at, one in enumerate(self.experiment.plan.trials)}
        outcomes = sorted(self.experiment.outcomes, key=lambda one: order[one.scenario, one.server, _repeat(one)])
        aside = sorted(
            self.experiment.side_trials,
            key=lambda one: (one.purpose, one.dataset.change_rate, order[one.outcome.scenario, one.outcome.server, 1]),
        )
        ended = replace(self.experiment, outcomes=tuple(outcomes), side_trials=tuple(aside), finished=now().isoformat())
        self._save(ended)

    def close(self) -> None:
        """Take no more entries: what ends from now on was interrupted, not measured."""
        with self._lock:
            self.closed = True

    def _save(self, experiment: Experiment) -> None:
        if not self.closed:
            self.experiment = experiment
            runs.save(self.folder, experiment)


def _repeat(outcome: Outcome) -> int:
    return outcome.repeat if isinstance(outcome, Completed) else 1


def now() -> datetime:
    """The present in UTC, to the second."""
    return datetime.now(UTC).replace(microsecond=0)
