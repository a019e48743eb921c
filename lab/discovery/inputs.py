"""The inputs of a discovery, and what all its parts derive from them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property

from lab.analysis.candidate import Candidate
from lab.analysis.forecast import StepForecast
from lab.analysis.recommendation import Recommendation
from lab.analysis.results import Results
from lab.discovery.plan import Library, PlanFile, plan_files, removal_steps
from lab.discovery.values import Expected, Proposal
from lab.usage.values import Usage
from lab.values import (
    Category,
    ColumnProfile,
    Completed,
    DatabaseCheck,
    Dependant,
    ExecutedStatement,
    Experiment,
    GuaranteeKind,
    Profile,
    StepRecord,
    TableProfile,
)

PAYLOAD = "raw_response"
_SAME = 0.02
"""A database in use changes its size all the time: a difference of at most this share counts as none."""
KEYS = frozenset({GuaranteeKind.PRIMARY_KEY, GuaranteeKind.FOREIGN_KEY})
"""Guarantees that identify a row for other tables and for the application."""
RUN = "`lab run --profile FILE`"
_NOTHING_MEASURES = "The lab cannot measure strategies on this database."


@dataclass(frozen=True, kw_only=True)
class DiscoveryInputs:
    """The inputs; `results` is None without a run, `usages` is empty without sources."""

    profile: Profile
    usages: tuple[Usage, ...] = ()
    results: Results | None = None
    proposals: tuple[Proposal, ...] = ()
    """What the lab could measure: one strategy for each file in `scenarios/`."""
    check: DatabaseCheck | None = None
    """The answers of a database to the requirements of a strategy."""
    plan_folder: str = "DISCOVERY-plan"
    """The folder of the plan's files, as the document names it."""
    library: Library = field(default_factory=Library)
    """What this lab can do for the recommended strategy in the place of a client."""

    limits: str = ""
    """Why no strategy can be measured on the database; empty where the lab can imitate it."""

    @property
    def measuring(self) -> str:
        """What measures strategies, or why nothing does."""
        return _NOTHING_MEASURES if self.limits else f"{RUN} measures."

    @property
    def measure(self) -> str:
        """What to do for numbers, or why there will be none."""
        return _NOTHING_MEASURES if self.limits else f"Measure with {RUN}, then pass --run."

    @property
    def applicable_check(self) -> DatabaseCheck | None:
        """The check, if it is of the recommended strategy and of the profile's database."""
        check, strategy = self.check, self.recommended
        applies = check and strategy and check.strategy == strategy.name and check.database == self.profile.name
        return check if applies else None

    @property
    def dependants(self) -> tuple[Dependant, ...] | None:
        """What depends on the database's tables; None if neither the check nor the profile tells."""
        return self.applicable_check.dependants if self.applicable_check else self.profile.dependants

    @cached_property
    def files(self) -> tuple[PlanFile, ...]:
        """The files of the recommended strategy; none without one, and for a run that recorded no requirements."""
        strategy = self.recommended
        if strategy is None:
            return ()
        facts, dependants = strategy.candidate.facts, self.dependants or ()
        library = replace(self.library, parents=strategy.experiment.workload.parents)
        return plan_files(strategy.trial, facts, dependants, strategy.removal_steps, library)

    def has_file(self, name: str) -> bool:
        """Whether the plan has the file of that name."""
        return any(file.name == name for file in self.files)

    def propose(self, category: Category) -> str:
        """The command that measures the strategies of a category."""
        names = [proposal.name for proposal in self.proposals if proposal.category is category]
        return f"`lab run {' '.join(f'-s {name}' for name in names)}`" if names else RUN

    @property
    def experiment(self) -> Experiment | None:
        """The run, as measured."""
        return self.results.experiment if self.results else None

    @property
    def advice(self) -> Recommendation | None:
        """What the run recommends."""
        return self.results.advice if self.results else None

    @cached_property
    def strategies(self) -> tuple[MeasuredStrategy, ...]:
        """Every strategy that was measured and projected, without controls, in the order of the run."""
        results = self.results
        return (
            tuple(MeasuredStrategy(results=results, candidate=strategy) for strategy in results.strategies)
            if results
            else ()
        )

    @cached_property
    def recommended(self) -> MeasuredStrategy | None:
        """The recommended strategy; None without a run, or if no strategy of the run suffices."""
        pick = self.results.pick if self.results else None
        return next((strategy for strategy in self.strategies if strategy.candidate is pick), None)

    @property
    def is_other_database(self) -> bool:
        """Whether the run imitates another database than the profile's, or the same database at another size."""
        run, profile = self.experiment, self.profile
        if run is None:
            return False
        near = abs(run.case.database_bytes / profile.database_bytes - 1) <= _SAME
        return run.case.case != profile.name or not near

    @property
    def payload(self) -> str:
        """The name of the column with whole responses."""
        return next((series.payload for series in self.profile.series if series.payload), PAYLOAD)

    @property
    def payload_usage(self) -> Usage | None:
        """How the sources use that column; None if no sources were given."""
        return next((usage for usage in self.usages if usage.column == self.payload), None)

    def columns(self, *, named: str | None = None) -> Iterator[tuple[TableProfile, ColumnProfile]]:
        """The JSON columns of known size: all, or those of one name."""
        for table in self.profile.tables:
            for column in table.columns:
                matches = named in (None, column.name) and column.is_json
                if matches and column.stored_bytes is not None:
                    yield table, column


@dataclass(frozen=True, kw_only=True)
class MeasuredStrategy:
    """A strategy as its run measured it."""

    results: Results
    candidate: Candidate

    @property
    def experiment(self) -> Experiment:
        """The run that measured it."""
        return self.results.experiment

    @property
    def name(self) -> str:
        """The scenario's name."""
        return self.trial.scenario

    @property
    def trial(self) -> Completed:
        """Its trial."""
        return self.candidate.trial

    @property
    def is_smaller(self) -> bool:
        """Whether it saves more than two baselines differ by."""
        return self.expected.percent > (self.noise or 0.0)

    @cached_property
    def before(self) -> dict[str, int]:
        """Bytes of each table at full size, before the strategy."""
        return dict(self.candidate.before.tables)

    @cached_property
    def after(self) -> dict[str, int]:
        """Bytes of each table at full size, after the strategy."""
        return dict(self.candidate.projection.tables)

    @property
    def factor(self) -> float:
        """How many times larger the full database is than the sample."""
        return sum(self.before.values()) / self.candidate.control.footprint.total

    @property
    def steps(self) -> tuple[StepRecord, ...]:
        """The steps of the strategy, without auxiliary measurements."""
        return tuple(step for step in self.trial.steps if not step.auxiliary)

    @cached_property
    def forecast(self) -> tuple[StepForecast | None, ...]:
        """For each step, what it takes at full size; None where that is not foretold."""
        row = next(row for row in self.results.trials if row.trial is self.trial)
        return row.forecast or (None,) * len(self.steps)

    @cached_property
    def removal_steps(self) -> frozenset[int]:
        """Positions of the steps that wait for phase 104."""
        return removal_steps(self.steps, self.candidate.facts)

    @property
    def bytes_before_steps(self) -> Iterator[dict[str, int]]:
        """For each step, the bytes of each table at full size before it; earlier steps may have made them smaller."""
        footprints = [self.candidate.control.footprint, *(step.footprint for step in self.steps[:-1])]
        return (self.candidate.before.scale.projected_tables(footprint) for footprint in footprints)

    @property
    def statements(self) -> tuple[ExecutedStatement, ...]:
        """The statements of all steps, in order."""
        return tuple(statement for step in self.steps for statement in step.statements)

    @property
    def noise(self) -> float | None:
        """Difference of the two baselines of its server, in percent; None if there was only one."""
        return self.candidate.noise_percent

    @property
    def makes_chunks(self) -> bool:
        """Whether it creates hypertables."""
        return any("create_hypertable" in statement.sql for statement in self.statements)

    @property
    def expected(self) -> Expected:
        """Its saving at full size."""
        size = self.candidate.projection.size
        return Expected(
            before=self.candidate.before.size.bytes,
            after=self.candidate.bytes_now,
            percent=self.candidate.saving_percent,
            noise_percent=self.noise,
            interval=None if size.low is None or size.high is None else (size.low, size.high),
            real=self.experiment.case.database_bytes,
        )
