"""What a discovery is made of, and what follows from it for all its parts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from lab.analysis.recommendation import Candidate, Recommendation
from lab.analysis.results import Results
from lab.discovery.plan import PlanFile, plan_files
from lab.discovery.values import Expected, Proposal
from lab.usage.values import Usage
from lab.values import (
    Category,
    ColumnProfile,
    Completed,
    DatabaseCheck,
    Dependant,
    Experiment,
    GuaranteeKind,
    Profile,
    Statement,
    StepRecord,
    TableProfile,
    Verdict,
)

PAYLOAD = "raw_response"
_SAME = 0.02
"""A database that is used is never twice of the same size: so much more or less is taken for the same."""
KEYS = frozenset({GuaranteeKind.PRIMARY_KEY, GuaranteeKind.FOREIGN_KEY})
"""Guarantees by which other rows and the application find a row."""
RUN = "`lab run --profile FILE`"


@dataclass(frozen=True, kw_only=True)
class DiscoveryInputs:
    """The inputs; without a run `results` is None, without sources `usages` is empty."""

    profile: Profile
    usages: tuple[Usage, ...] = ()
    results: Results | None = None
    proposals: tuple[Proposal, ...] = ()
    """What the lab could measure, one strategy of each file of scenarios."""
    check: DatabaseCheck | None = None
    """What a database answered to the requirements of a strategy."""
    plan_folder: str = "DISCOVERY-plan"
    """Where the plan's files are, as the document names it."""

    @property
    def checked(self) -> DatabaseCheck | None:
        """The check, where it is of the recommended strategy and of the profile's database."""
        check, chosen = self.check, self.chosen
        ours = check and chosen and check.strategy == chosen.name and check.database == self.profile.name
        return check if ours else None

    @property
    def dependants(self) -> tuple[Dependant, ...] | None:
        """What depends on the database's tables, None where neither the check nor the profile tells."""
        return self.checked.dependants if self.checked else self.profile.dependants

    @cached_property
    def files(self) -> tuple[PlanFile, ...]:
        """The SQL of the recommended strategy; empty without one, and for a run that recorded no requirements."""
        chosen = self.chosen
        return plan_files(chosen.trial, chosen.candidate.facts, self.dependants or ()) if chosen else ()

    def propose(self, category: Category) -> str:
        """The command that measures a strategy of that category."""
        names = [proposal.name for proposal in self.proposals if proposal.category is category]
        return f"`lab run {' '.join(f'-s {name}' for name in names)}`" if names else RUN

    @property
    def experiment(self) -> Experiment | None:
        """The run as it was measured."""
        return self.results.experiment if self.results else None

    @property
    def advice(self) -> Recommendation | None:
        """What the run recommends."""
        return self.results.advice if self.results else None

    @cached_property
    def strategies(self) -> tuple[Measured, ...]:
        """Every strategy that was measured to the end beside a baseline, in the order of the run; no controls."""
        results = self.results
        return (
            tuple(Measured(results=results, candidate=strategy) for strategy in results.strategies) if results else ()
        )

    @cached_property
    def chosen(self) -> Measured | None:
        """The recommended one; None without a run, or where nothing that it measured is enough."""
        return next(
            (strategy for strategy in self.strategies if self.advice and strategy.name == self.advice.scenario), None
        )

    @property
    def is_other_database(self) -> bool:
        """Whether the run imitates another database than the profile's, or the same one when its size was another."""
        run, profile = self.experiment, self.profile
        if run is None:
            return False
        near = abs(run.case.database_bytes / profile.database_bytes - 1) <= _SAME
        return run.case.case != profile.name or not near

    @property
    def payload(self) -> str:
        """Name of the column with whole responses."""
        return next((series.payload for series in self.profile.series if series.payload), PAYLOAD)

    @property
    def payload_usage(self) -> Usage | None:
        """Who reads it, None where no sources were given."""
        return next((usage for usage in self.usages if usage.column == self.payload), None)

    def columns(self, *, named: str | None = None) -> Iterator[tuple[TableProfile, ColumnProfile]]:
        """The JSON columns that were weighed, all or those of one name."""
        for table in self.profile.tables:
            for column in table.columns:
                wanted = named in (None, column.name) and column.type in ("json", "jsonb")
                if wanted and column.stored_bytes is not None:
                    yield table, column


@dataclass(frozen=True, kw_only=True)
class Measured:
    """A strategy in its run."""

    results: Results
    candidate: Candidate

    @property
    def experiment(self) -> Experiment:
        """The run that it was measured in."""
        return self.results.experiment

    @property
    def name(self) -> str:
        """Of the scenario."""
        return self.trial.scenario

    @property
    def trial(self) -> Completed:
        """As measured."""
        return self.candidate.trial

    @property
    def is_right(self) -> bool:
        """Whether its answers were as declared."""
        return self.trial.verification.verdict is not Verdict.DIFFERS

    @property
    def is_smaller(self) -> bool:
        """Whether it saves more than two baselines differ by."""
        return self.expected.percent > (self.noise or 0.0)

    @cached_property
    def before(self) -> dict[str, int]:
        """Bytes of each table at full size, as it was."""
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
        """What belongs to the strategy, without auxiliary measurements."""
        return tuple(step for step in self.trial.steps if not step.auxiliary)

    @property
    def held(self) -> Iterator[dict[str, int]]:
        """Bytes of each table at full size before each step, as far as steps before it made them smaller."""
        footprints = [self.candidate.control.footprint, *(step.footprint for step in self.steps[:-1])]
        return (self.candidate.before.scale.projected_tables(footprint) for footprint in footprints)

    @property
    def statements(self) -> tuple[Statement, ...]:
        """Of all steps, in order."""
        return tuple(statement for step in self.steps for statement in step.statements)

    @property
    def noise(self) -> float | None:
        """Percent between the two baselines of its server."""
        return self.candidate.noise_percent

    @property
    def makes_chunks(self) -> bool:
        """Whether it makes hypertables."""
        return any("create_hypertable" in statement.sql for statement in self.statements)

    @property
    def expected(self) -> Expected:
        """What it saves at full size."""
        size = self.candidate.projection.size
        return Expected(
            before=self.candidate.before.size.bytes,
            after=self.candidate.bytes_now,
            percent=self.candidate.saving_percent,
            noise_percent=self.noise,
            interval=None if size.low is None or size.high is None else (size.low, size.high),
            real=self.experiment.case.database_bytes,
        )
