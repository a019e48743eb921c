"""A run, from its plan to everything that was measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lab.values.footprint import Footprint
from lab.values.outcome import Outcome


@dataclass(frozen=True, kw_only=True)
class DatasetSpec:
    """Everything a worker needs to make the same rows again, to the byte."""

    case: str
    events: int
    seed: int
    change_rate: float
    """Scale of how often prices change; 1.0 is the case's documented default."""


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
    category: str
    description: str
    hypothesis: str
    given_up: tuple[str, ...]
    deletes_rows: bool
    costs: tuple[str, ...]
    origins: Mapping[str, str]
    """New table to the table whose rows it grows with."""


@dataclass(frozen=True, kw_only=True)
class CaseFacts:
    """The published full-size database that the run projects to."""

    case: str
    database_bytes: int
    target_bytes: int
    growth_bytes_per_day: int | None
    """None where it was not published."""
    table_rows: Mapping[str, int]


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
    python: str
    machine: str
    cores: int
    memory_bytes: int


@dataclass(frozen=True, kw_only=True)
class RateTrial:
    """A scenario on a smaller dataset whose prices change at another rate, to see how much depends on that rate."""

    dataset: DatasetSpec
    baseline: Footprint | None
    """Of the template; None where it could not be loaded."""
    outcome: Outcome


@dataclass(frozen=True, kw_only=True)
class Experiment:
    """One execution of a plan, raw; everything that is reported is derived from it."""

    format: int
    run: str
    started: str
    """UTC, ISO 8601."""
    finished: str | None
    plan: Plan
    case: CaseFacts
    environment: Environment
    templates: tuple[LoadedTemplate, ...]
    scenarios: Mapping[str, ScenarioFacts]
    outcomes: tuple[Outcome, ...]
    rate_trials: tuple[RateTrial, ...]
    calibration: tuple[str, ...] = ()
    """How the case was made from a profile: what was taken from it, what assumed; empty for a published case."""
