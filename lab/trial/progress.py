"""A trial in progress."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from lab.scenario import Scenario
from lab.trial.apply import Recorder
from lab.trial.template import Bench
from lab.trial.watch import Exclusive
from lab.values import StepRecord, TrialRequest


@dataclass(kw_only=True)
class Trial:
    """A trial in progress and its current step, for the outcome of a failed trial."""

    request: TrialRequest
    scenario: Scenario
    bench: Bench
    clone: str
    outside: Path
    """The folder for files outside of the database."""
    exclusive: Exclusive
    on_step: Callable[[str], None]
    part: str = "connect"
    notes: list[str] = field(default_factory=list)
    """What could not be measured."""
    recorder: Recorder | None = None

    def begin(self, part: str) -> None:
        """Name what comes next."""
        self.part = part
        self.on_step(part)

    @property
    def doing(self) -> str:
        """The step or part, for the outcome of a failed trial."""
        return self.recorder.doing if self.part == "apply" and self.recorder else self.part

    @property
    def steps(self) -> tuple[StepRecord, ...]:
        """Those of the scenario that are done."""
        return tuple(self.recorder.steps) if self.recorder else ()
