"""A run, from its plan to all measurements."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from lab.values.constraints import Constraints
from lab.values.declared import Category, DeclaredLoss, Note, Requirement, Shape
from lab.values.footprint import Footprint
from lab.values.outcome import Outcome
from lab.values.parameters import Setting
from lab.values.search import CombinationForecast, SearchRecord
from lab.values.workload import WorkloadFacts

BASELINE = "baseline"
"""The scenario that does nothing; every other scenario is compared with it."""

SIZE = "size"
"""Purpose of an auxiliary trial that shows how much depends on the amount of data."""


@dataclass(frozen=True, kw_only=True)
class DatasetSpec:
    """Which rows to generate; together with its workload and case it reproduces the same rows, to the byte."""

    workload: str
    """Its name."""
    case: str
    """The published or profiled database that it imitates."""
    scale: int
    """Its size in the unit of `WorkloadFacts.scale`, such as the number of events."""
    seed: int
    parameters: Mapping[str, float] = field(hash=False)
    """By name, such as 'change rate'."""


@dataclass(frozen=True, kw_only=True)
class Capabilities:
    """What one server can do; printed with every number measured on it."""

    postgres: str
    lz4: bool
    timescaledb: str | None
    """Version of the extension in the database, or the version that can be created there; None where there is neither."""
    timescaledb_edition: str | None
    """'community' (has the columnstore), 'apache' (has not), None without the extension."""


@dataclass(frozen=True, kw_only=True)
class PlannedTrial:
    """A planned trial: a scenario (or combination) on one kind of server, or the reason why it cannot run."""

    scenario: str
    server: str | None
    repeat: int = 1
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The plan of a run; raw input of the experiment."""

    dataset: DatasetSpec
    size_bytes: int
    jobs: int
    """Trials at once."""
    trials: tuple[PlannedTrial, ...]
    constraints: Constraints = field(default_factory=Constraints)
    """As asked for; without a target, that of the case holds."""
    forecasts: tuple[CombinationForecast, ...] = ()
    """Of the search that chose the scenarios, in the order of its trials; empty where none came before."""
    search: SearchRecord | None = None
    """How far that search came; None where none came before, and in older runs."""


@dataclass(frozen=True, kw_only=True)
class ScenarioFacts:
    """The facts about a scenario that a report needs without importing it."""

    title: str
    category: Category
    description: str
    hypothesis: str
    given_up: tuple[str, ...]
    deletes_rows: bool
    keeps_days: int | None
    """How many days of rows are kept; None where rows are not deleted by age."""
    costs: tuple[str, ...]
    origins: Mapping[str, str]
    """New table to the table whose rows it grows with."""
    losses: tuple[DeclaredLoss, ...] = ()
    """The same as `given_up`, as values."""
    changes: Mapping[str, Shape] = field(default_factory=dict)
    """Each table that it changes, to what has its name afterwards."""
    requires: tuple[Requirement, ...] = ()
    empties_after_days: int | None = None
    """After how many days columns are emptied; None where none is emptied by age."""
    settings: tuple[Setting, ...] = ()
    """Its parameters with their values; of a combination, those of all parts."""
    recurring: tuple[str, ...] = ()
    """The statements that must be executed again and again."""
    archives: tuple[str, ...] = ()
    """Columns, as 'table.column', whose older values lie in files outside of the database."""
    archives_after_days: int | None = None
    """After how many days they are moved there; None where none is."""

    @property
    def archive_words(self) -> str:
        """What the database alone no longer answers, in words; empty where nothing is archived."""
        if not self.archives:
            return ""
        old = "some rows" if self.archives_after_days is None else f"rows older than {self.archives_after_days} days"
        columns = " and ".join(self.archives)
        return f"The database alone no longer has {columns} of {old}: a client reads that from files outside of it."

    @property
    def leaves_after_days(self) -> int | None:
        """After how many days values leave their rows, for files or for good; None where they do not, by age."""
        return min((days for days in (self.empties_after_days, self.archives_after_days) if days), default=None)


@dataclass(frozen=True, kw_only=True)
class TableFacts:
    """The figures of a profile for one table at full size; None is not known."""

    rows: int | None
    total_bytes: int | None
    data_bytes: int | None
    """Heap, maps and TOAST."""
    index_bytes: int | None
    newest_rows: int | None
    """Rows of the newest day with rows."""
    rows_kept: Mapping[int, int]
    """For some numbers of days, the rows that a retention of that many days keeps."""
    bytes_per_day: float | None = None
    """Growth over the last week."""
    json_columns: Mapping[str, int] | None = None
    """Bytes of each JSON column of known size; None in runs from before they were recorded."""


@dataclass(frozen=True, kw_only=True)
class CaseFacts:
    """The full-size database that the run projects to, according to its profile."""

    case: str
    database_bytes: int
    target_bytes: int | None
    """None where no target is imposed."""
    growth_bytes_per_day: int | None
    """None where it is not known."""
    tables: Mapping[str, TableFacts]
    system_bytes: int | None = None
    """Bytes outside user tables, such as the system catalogs; None where only rounded figures are known."""


@dataclass(frozen=True, kw_only=True)
class LoadedTemplate:
    """The data loaded into one server, and its footprint before any trial."""

    server: str
    origin: str
    """What ran the server: an image, programs, or an existing server."""
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
    """The frequency governor of the CPU, such as 'powersave'."""
    cores: int
    memory_bytes: int
    load_average: float | None
    """Over the minute before the run."""
    storage: str | None = None
    """The file system that embedded servers lie on, such as 'ext4' or, in memory, 'tmpfs'; None where it is not known."""
    libraries: Mapping[str, str] = field(default_factory=dict, hash=False)
    """Name to version, of those that a trial's data and numbers depend on; empty in a run that did not record them."""


@dataclass(frozen=True, kw_only=True)
class AuxiliaryTrial:
    """A scenario on a smaller dataset than the run's; only bytes are compared, and at the second size what steps took."""

    purpose: str
    """`SIZE`, or the parameter of the workload in which its dataset differs."""
    dataset: DatasetSpec
    template: LoadedTemplate | None
    """None where it could not be loaded."""
    outcome: Outcome
    """Its steps are stored at the second size only, and there without statements and footprints."""


@dataclass(frozen=True, kw_only=True)
class Experiment:
    """One execution of a plan, raw; every report is derived from it."""

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
    """How the case was derived from a profile: what the profile gave, what is assumed; empty for a published case."""
    outcomes: tuple[Outcome, ...] = ()
    """In the order of the plan; an interrupted run has fewer."""
    auxiliary_trials: tuple[AuxiliaryTrial, ...] = ()

    @property
    def constraints(self) -> Constraints:
        """What the run was asked to keep to, with the target of its case where no other was asked for."""
        return self.plan.constraints.with_target(self.case.target_bytes)
