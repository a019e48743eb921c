"""A run, from its plan to everything that was measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from lab.values.declared import Category, DeclaredLoss, Note, Requirement, Shape
from lab.values.footprint import Footprint
from lab.values.outcome import Outcome
from lab.values.workload import WorkloadFacts

BASELINE = "baseline"
"""The scenario that does nothing: every other is compared with it."""

SIZE = "size"
"""Purpose of an auxiliary trial that shows how much depends on the amount of data."""


@dataclass(frozen=True, kw_only=True)
class DatasetSpec:
    """Which rows to generate: with its workload and case, everything that makes the same rows again, to the byte."""

    workload: str
    """Its name."""
    case: str
    """The published or profiled database that it imitates."""
    scale: int
    """How large it is, in what `WorkloadFacts.scale` names: the number of events."""
    seed: int
    parameters: Mapping[str, float] = field(hash=False)
    """By name, such as 'change rate'."""


@dataclass(frozen=True, kw_only=True)
class Capabilities:
    """What one server can do; printed with every number measured on it."""

    postgres: str
    lz4: bool
    timescaledb: str | None
    """Version of the extension that can be created there, None where it is not installed."""
    timescaledb_edition: str | None
    """'community' (has the columnstore), 'apache' (has not), None without the extension."""


@dataclass(frozen=True, kw_only=True)
class PlannedTrial:
    """One trial to make: a scenario (or combination) on one kind of server, or the reason why not."""

    scenario: str
    server: str | None
    repeat: int = 1
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a run will do; raw input of the experiment."""

    dataset: DatasetSpec
    size_bytes: int
    jobs: int
    """Trials at once."""
    trials: tuple[PlannedTrial, ...]


@dataclass(frozen=True, kw_only=True)
class ScenarioFacts:
    """What a report must know about a scenario without importing it."""

    title: str
    category: Category
    description: str
    hypothesis: str
    given_up: tuple[str, ...]
    deletes_rows: bool
    keeps_days: int | None
    """How many days of rows are kept; None where rows do not go by their age."""
    costs: tuple[str, ...]
    origins: Mapping[str, str]
    """New table to the table whose rows it grows with."""
    losses: tuple[DeclaredLoss, ...] = ()
    """The same as `given_up`, as values."""
    changes: Mapping[str, Shape] = field(default_factory=dict)
    """Each table that it touches, to what stands under its name afterwards."""
    requires: tuple[Requirement, ...] = ()


@dataclass(frozen=True, kw_only=True)
class TableFacts:
    """What a profile knows of one table at full size; None is what it does not know."""

    rows: int | None
    total_bytes: int | None
    data_bytes: int | None
    """Heap, maps and TOAST."""
    index_bytes: int | None
    newest_rows: int | None
    """Rows of the newest day that has any."""
    rows_kept: Mapping[int, int]
    """Number of days to the rows that a retention of as many days keeps; others are not known."""
    bytes_per_day: float | None = None
    """Growth over the last week."""


@dataclass(frozen=True, kw_only=True)
class CaseFacts:
    """The full-size database that the run projects to, as its profile tells."""

    case: str
    database_bytes: int
    target_bytes: int
    growth_bytes_per_day: int | None
    """None where it is not known."""
    tables: Mapping[str, TableFacts]
    system_bytes: int | None = None
    """What is no table, such as the system's catalogs; None where only rounded figures are known."""


@dataclass(frozen=True, kw_only=True)
class LoadedTemplate:
    """What was loaded into one server, and what it weighed before any trial."""

    server: str
    origin: str
    """What stood behind the server: an image, programs, somebody's server."""
    capabilities: Capabilities
    settings: Mapping[str, str]
    rows: Mapping[str, int]
    digest: str
    """SHA-256 of the COPY streams."""
    footprint: Footprint


@dataclass(frozen=True, kw_only=True)
class Environment:
    """The machine and the software that the numbers were measured with."""

    lab: str
    """Its version."""
    commit: str | None
    """Of the lab's checkout, with '-dirty' where files were changed; None where it was installed."""
    python: str
    machine: str
    """System and architecture."""
    kernel: str | None
    cpu: str | None
    """Its model."""
    cpu_governor: str | None
    """How the clock of the CPU is set, such as 'powersave'."""
    cores: int
    memory_bytes: int
    load_average: float | None
    """Over the minute before the run."""


@dataclass(frozen=True, kw_only=True)
class AuxiliaryTrial:
    """A scenario on a smaller dataset than the run's: bytes are compared, and nothing is timed."""

    purpose: str
    """`SIZE`, or the parameter of the workload in which its dataset differs."""
    dataset: DatasetSpec
    template: LoadedTemplate | None
    """None where it could not be loaded."""
    outcome: Outcome
    """Without its steps: only the end is compared."""


@dataclass(frozen=True, kw_only=True)
class Experiment:
    """One execution of a plan, raw; everything that is reported is derived from it."""

    format: int
    run: str
    started: str
    """UTC, ISO 8601."""
    finished: str | None
    plan: Plan
    workload: WorkloadFacts
    case: CaseFacts
    environment: Environment
    templates: tuple[LoadedTemplate, ...]
    scenarios: Mapping[str, ScenarioFacts]
    calibration: tuple[Note, ...] = ()
    """How the case was made from a profile: what was taken from it, what assumed; empty for a published case."""
    outcomes: tuple[Outcome, ...] = ()
    """In the order of the plan; a run that was interrupted has fewer."""
    auxiliary_trials: tuple[AuxiliaryTrial, ...] = ()
