"""Whole runs in which a scenario of the test's own breaks something."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from lab import runs
from lab.cli.progress import words
from lab.registry import Registered
from lab.runner import pipeline
from lab.scenario import Category, Database, Scenario
from lab.servers import Options
from lab.values import Completed, Experiment, Failed, Outcome
from lab.values.events import Event
from tests.thin import BYTES, thin_odds

Fault = Callable[[Database], None]
Hears = Callable[[str], None]


def ignore(_: object) -> None:
    pass


@dataclass(frozen=True, kw_only=True)
class Ran:
    """A run that came to its end, and what it said on the way."""

    said: str
    experiment: Experiment

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        return self.experiment.outcomes

    @property
    def failed(self) -> list[Failed]:
        return [outcome for outcome in self.outcomes if isinstance(outcome, Failed)]

    def require_one_failure(self, says: str) -> None:
        """`breaks` failed in its step and says that; the rest completed, and weighs the same before and after."""
        assert [outcome.scenario for outcome in self.outcomes] == [
            "baseline",
            "breaks",
            "drop_raw_response",
            "baseline",
        ]
        assert [(failure.scenario, failure.step) for failure in self.failed] == [("breaks", "do it")], self.failed
        assert re.search(says, self.failed[0].error), self.failed[0].error
        first, _, last = (outcome.footprint for outcome in self.outcomes if isinstance(outcome, Completed))
        assert first == last
        assert self.experiment.finished


@dataclass(kw_only=True)
class Breaking:
    """Runs a baseline, the scenario `breaks` that a test gives, and one more scenario."""

    results: Path
    entries: dict[str, Registered]

    def run(self, fault: Fault, options: Options, *, server: str = "container", meanwhile: Hears = ignore) -> Ran:
        """`fault` works inside the scenario's step; `meanwhile` hears how far the run has come."""
        self.entries["breaks"] = _scenario(fault)
        said: list[str] = []

        def hear(event: Event) -> None:
            for text in words(event):
                said.append(text)
                meanwhile(text)

        request = pipeline.RunRequest(
            scenarios=("breaks", "drop_raw_response"),
            workload=thin_odds(),
            size_bytes=BYTES,
            seed=1,
            server=server,
            results=self.results,
            options=options,
            jobs=1,
            read_seconds=0,
            write_seconds=0,
        )
        folders: list[Path] = []
        pipeline.run(request, hear, folders.append)
        return Ran(said="\n".join(said), experiment=runs.load(folders[0]))


def _scenario(fault: Fault) -> Registered:
    def apply(database: Database) -> None:
        with database.step("do it"):
            fault(database)

    scenario = Scenario(title="Breaks", category=Category.CONTROL, hypothesis="It breaks.", apply=apply)
    return Registered(name="breaks", family="breaks", description="Breaks.", scenario=scenario)
