"""The frozen values that travel between the steps of a run; standard library only.

Bytes are bytes on disk, seconds are wall-clock seconds, and what was not measured is `None`, never 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal


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


EXTENSION_CATALOG = "(timescaledb catalog)"
"""The extension's own tables in a footprint: bytes that the strategy brings, which do not grow with the data."""


@dataclass(frozen=True, kw_only=True)
class TableFootprint:
    """Bytes of one table with its partitions or chunks, by kind; the kinds sum to `pg_total_relation_size`."""

    table: str
    relations: int
    """How many tables were rolled up into this one: 1, or 1 + partitions or chunks."""
    heap: int
    maps: int
    """Free-space and visibility maps of the heap."""
    toast: int
    """The TOAST table with its maps and its index."""
    indexes: int
    fixed: int
    """The part of these bytes that stays when the data grows: all maps, and the first page of each index."""

    @property
    def total(self) -> int:
        """Bytes of all kinds."""
        return self.heap + self.maps + self.toast + self.indexes


@dataclass(frozen=True, kw_only=True)
class Footprint:
    """Bytes of every user table of a database, largest first."""

    tables: tuple[TableFootprint, ...]

    @property
    def total(self) -> int:
        """Bytes of all tables."""
        return sum(table.total for table in self.tables)

    def of(self, name: str) -> TableFootprint | None:
        """The footprint of the table `name`, None where there is none."""
        return next((table for table in self.tables if table.table == name), None)


@dataclass(frozen=True, kw_only=True)
class Statement:
    """One statement as executed, and how many times in a row."""

    sql: str
    times: int


@dataclass(frozen=True, kw_only=True)
class StepRecord:
    """What one named part of applying a scenario did and cost."""

    name: str
    statements: tuple[Statement, ...]
    seconds: float
    cpu_seconds: float | None
    """User and system time of the server process that did it, None where that process cannot be seen."""
    wal_bytes: int
    peak_bytes: int | None
    """Largest size the database's folder was seen at during the step (WAL apart), None where it cannot be seen."""
    footprint: Footprint
    """After the step."""
    apart: bool = False
    """Whether it is a measurement on the side, which does not belong to the strategy's own cost."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a query (or a whole table) answered: number of rows and a digest of them in order."""

    name: str
    rows: int | None
    """None where it could not be asked; `digest` then holds the server's words."""
    digest: str


class Verdict(StrEnum):
    """What verification found."""

    EXACT = "exact"
    AS_DECLARED = "as declared"
    DIFFERS = "differs"


@dataclass(frozen=True, kw_only=True)
class Mismatch:
    """One answer that is not what it should be."""

    name: str
    expected: str
    found: str


@dataclass(frozen=True, kw_only=True)
class Verification:
    """Whether a trial still answers what its template answers, save for what the scenario gives up on purpose."""

    verdict: Verdict
    checks: int
    """Answers that were compared; those without a row do not count."""
    given_up: tuple[str, ...]
    mismatches: tuple[Mismatch, ...]


@dataclass(frozen=True, kw_only=True)
class Completed:
    """A scenario that was applied, measured and verified (its verdict may still say that answers differ)."""

    scenario: str
    server: str
    repeat: int
    """1, or 2 for the second trial of the baseline."""
    steps: tuple[StepRecord, ...]
    footprint: Footprint
    """After settling."""
    database_bytes: int
    """`pg_database_size`: the footprint and the system catalogs."""
    rows: Mapping[str, int]
    """Rows of each table as its readers see it, after the scenario."""
    verification: Verification
    lost: tuple[str, ...]
    """Keys, constraints, indexes, defaults and types that the template's tables had and these have not."""
    notes: tuple[str, ...]
    kind: Literal["completed"] = "completed"


@dataclass(frozen=True, kw_only=True)
class Skipped:
    """A scenario that could not run here, or found nothing to do; it has no numbers."""

    scenario: str
    server: str | None
    reason: str
    kind: Literal["skipped"] = "skipped"


@dataclass(frozen=True, kw_only=True)
class Failed:
    """A scenario that broke: where, why, and what had been measured until then."""

    scenario: str
    server: str
    step: str
    error: str
    steps: tuple[StepRecord, ...]
    kind: Literal["failed"] = "failed"


Outcome = Completed | Skipped | Failed


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
    capabilities: Capabilities
    settings: Mapping[str, str]
    rows: Mapping[str, int]
    digest: str
    """SHA-256 of the COPY streams."""
    load_seconds: float
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
