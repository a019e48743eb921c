"""The request for one trial, as a worker receives it, and what it gives back."""

from __future__ import annotations

from dataclasses import dataclass

from lab.values.experiment import DatasetSpec, LoadedTemplate, PlannedTrial
from lab.values.outcome import Outcome


@dataclass(frozen=True, kw_only=True)
class TrialRequest:
    """Names and numbers only, so that any process of any host can make the trial and return its `Outcome`."""

    planned: PlannedTrial
    """The worker finds the scenario by its name."""
    dataset: DatasetSpec
    case_sha256: str
    """Of the text of the case that the dataset is made from: the name alone does not say which one was calibrated."""
    timed: bool
    """Whether the trial measures time and WAL, alone on its host; otherwise only bytes and answers count."""
    step_seconds: float
    """A step that takes longer is ended, and the trial fails."""
    read_seconds: float = 0.0
    """About how long the reads of a timed trial are measured; 0 leaves them out."""
    read_subjects: int | None = None
    """About how many subjects of the workload each read is measured; None: all of them."""
    write_seconds: float = 0.0
    """About how long the writes are measured; 0 leaves them out."""
    traffic: bool = False
    """Whether canaries come to the declared tables while the steps of a timed trial are executed."""
    memory_bytes: int | None = None
    """How much more memory the lab's process may take while the scenario works; None: half of what is free then."""


@dataclass(frozen=True, kw_only=True)
class TrialRecord:
    """A trial that was made, and the data that it was made on."""

    template: LoadedTemplate
    outcome: Outcome
    took: float
    """Seconds of the whole trial, without loading the data."""
