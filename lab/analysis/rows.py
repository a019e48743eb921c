"""The typed rows of an analysed experiment; a value that was not measured or is not known is None, never 0."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from lab.analysis.forecast import StepForecast
from lab.analysis.full_size import FullSizeProjection, SizedTrial
from lab.analysis.locks import TrialLocks
from lab.analysis.reads import ReadResult
from lab.analysis.writes import WriteResult
from lab.values import Completed, Failed, Outcome, ScenarioFacts, Skipped, StepRecord, TableFootprint, Verdict


@dataclass(frozen=True, kw_only=True)
class MigrationCost:
    """The cost of applying a strategy, without auxiliary measurements."""

    seconds: float | None
    cpu_seconds: float | None
    wal_bytes: int | None
    peak_bytes: int | None
    """Largest size of the database's folder during the work, without WAL."""


@dataclass(frozen=True, kw_only=True)
class TrialResult:
    """The analysis of one outcome: its saving, cost and full size, or the reason why it has none."""

    outcome: Outcome
    facts: ScenarioFacts
    sized: SizedTrial | None
    """The trial at both sizes; None where it was not measured to the end."""
    control: Completed | None
    """The first baseline of its server; without it there is no saving."""
    saving_percent: float | None
    """1 - ratio of bytes; negative where it is larger than its baseline, None where its answers differ."""
    cost: MigrationCost
    projection: FullSizeProjection | None
    """None where its answers differ, or if the profile does not say how much its retention keeps."""
    reason: str | None
    """Why it has no numbers, or which answers differ."""
    reads: tuple[ReadResult, ...] | None
    """What each query of the application takes; None where none was timed."""
    writes: tuple[WriteResult, ...] | None
    """What each write of the application takes; None where none was measured."""
    locks: TrialLocks | None
    """For how long the application is kept from its tables; None where it was not measured to the end."""
    forecast: tuple[StepForecast, ...] | None
    """Its steps at full size, without auxiliary ones; None where they were not measured at a second size."""
    rank: int | None
    """1 is the best; None for controls, and for trials without verification, full size or a saving above the noise."""

    @property
    def trial(self) -> Completed | None:
        """As measured; None where it was not measured to the end."""
        return self.sized.trial if self.sized else None

    @property
    def label(self) -> str:
        """The scenario's name; the second trial of the baseline is marked."""
        return label(self.outcome)

    @property
    def bytes(self) -> int | None:
        """Of all tables, after settling."""
        return self.trial.footprint.total if self.trial else None

    @property
    def outside_bytes(self) -> int | None:
        """Of the files outside of the database, which `bytes` leaves out; None where nobody looked."""
        outside = self.trial.outside if self.trial else None
        return None if outside is None else sum(outside.values())

    @property
    def control_bytes(self) -> int | None:
        """Bytes of its baseline; None if the trial itself has no bytes."""
        return self.control.footprint.total if self.control and self.trial else None

    @property
    def verdict(self) -> Verdict | None:
        """The verdict of the verification."""
        return self.trial.verification.verdict if self.trial else None

    @property
    def repeat(self) -> int | None:
        """1, or 2 for the second trial of the baseline."""
        return self.trial.repeat if self.trial else None


@dataclass(frozen=True, kw_only=True)
class StepResult:
    """One step of a trial: the bytes of all tables after it, and its cost."""

    label: str
    server: str
    step: str
    bytes: int
    cost: MigrationCost


@dataclass(frozen=True, kw_only=True)
class TableResult:
    """One table after a strategy, by kind, beside the same table of its baseline."""

    scenario: str
    server: str
    footprint: TableFootprint
    share: float
    """Share of all tables of its trial."""
    control_bytes: int | None
    projected_bytes: int | None


@dataclass(frozen=True, kw_only=True)
class ParameterResult:
    """A verified trial at another value of a parameter of the workload: savings in percent."""

    scenario: str
    parameter: str
    value: float
    details: float | None
    """Of the tables of details, such as market rows; None where the workload has none."""
    parents: float | None
    """Of the tables whose rows own them, such as snapshots."""
    all: float


def label(outcome: Outcome) -> str:
    """The scenario's name; the second trial of the baseline is marked."""
    again = isinstance(outcome, Completed) and outcome.repeat > 1
    return f"{outcome.scenario} (again)" if again else outcome.scenario


def reason(outcome: Skipped | Failed) -> str:
    """Why an outcome has no numbers."""
    return outcome.reason if isinstance(outcome, Skipped) else f"at '{outcome.step}': {outcome.error}"


def differences(trial: Completed) -> str:
    """The differing answers in words; empty if none differs."""
    if trial.verification.verdict is not Verdict.DIFFERS:
        return ""
    mismatches = trial.verification.mismatches
    return "; ".join(f"{answer.name}: expected {answer.expected}, found {answer.found}" for answer in mismatches)


def saving(candidate: int, control: int) -> float:
    """1 - ratio of bytes, in percent; negative where the candidate is larger."""
    return 100 * (1 - candidate / control)


def cost_of(steps: Sequence[StepRecord]) -> MigrationCost:
    """The sums of seconds, CPU time and WAL of all steps, and their largest peak; all None without a step."""
    peaks = [step.peak_bytes for step in steps if step.peak_bytes is not None]
    wal = _sum([step.wal_bytes for step in steps])
    return MigrationCost(
        seconds=_sum([step.seconds for step in steps]),
        cpu_seconds=_sum([step.cpu_seconds for step in steps]),
        wal_bytes=None if wal is None else int(wal),
        peak_bytes=max(peaks) if peaks else None,
    )


def _sum(amounts: Sequence[float | None]) -> float | None:
    """The sum; None if an amount was not measured, or there is none."""
    measured = [amount for amount in amounts if amount is not None]
    return math.fsum(measured) if measured and len(measured) == len(amounts) else None
