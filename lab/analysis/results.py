"""The analysis of an experiment, computed once; reports and discoveries read their numbers from here.

The work is linear in the number of trials: their references are looked up once (`lab.analysis.measured`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from lab.analysis.candidate import Candidate, candidates
from lab.analysis.decision import Decision, decide
from lab.analysis.forecast import Sizes, StepForecast, forecasts, matched
from lab.analysis.full_size import Rest, rest_of
from lab.analysis.locks import locks_of
from lab.analysis.measured import References, compare_samples, completed, references, undeclared
from lab.analysis.parameters import by_parameter
from lab.analysis.reads import read_results, unclear
from lab.analysis.recommendation import Recommendation, is_at_ease, recommend
from lab.analysis.rows import (
    ParameterResult,
    StepResult,
    TableResult,
    TrialResult,
    cost_of,
    differences,
    label,
    reason,
    saving,
)
from lab.analysis.sensitivity import Variation, variations
from lab.analysis.writes import write_results
from lab.units import counted
from lab.values import Completed, Constraints, Experiment, Failed, Outcome

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, kw_only=True)
class Results:
    """An experiment and its analysis: the input of every renderer, which computes nothing."""

    experiment: Experiment
    trials: tuple[TrialResult, ...]
    """One per outcome, in the order of the run."""
    steps: tuple[StepResult, ...]
    tables: tuple[TableResult, ...]
    """The tables of every trial except the second trials of the baseline."""
    by_scenario: Mapping[str, tuple[TrialResult, ...]]
    """The trials that were measured to the end, without the second ones of the baseline."""
    by_parameter: tuple[ParameterResult, ...]
    parameter_scale: Mapping[str, int]
    """By parameter, the scale of the datasets with other values of it; absent if there is none."""
    read_gaps: Mapping[str, float]
    """By server, the largest ratio that a query's time differs by between two baselines; absent where none was timed."""
    noise: Mapping[str, float]
    """By server, the difference of its two baselines in percent; absent if there was only one."""
    candidates: tuple[Candidate, ...]
    """Every trial that has right answers, a baseline and a full size, in the order of the run."""
    decision: Decision
    variations: tuple[Variation, ...]
    """What would be first if a number were another one; none without a pick."""
    advice: Recommendation
    """The decision in words."""
    broken: tuple[str, ...]
    """In words, every trial that failed or whose answers differ, on any dataset."""
    broken_outcomes: tuple[Failed | Completed, ...]
    """Their outcomes."""
    cautions: tuple[str, ...]
    """In words, what makes a number weaker: a new table whose growth nobody declares, reads that two baselines differ in."""
    rest: Rest | None
    """The part of the profiled database that the workload does not model; None if nothing was loaded."""
    over_target: bool
    """Whether the profiled database is larger than the target already; False without a target."""
    at_ease: bool
    """Whether no target is set, or the profiled database stays under it as it is."""

    @property
    def pick(self) -> Candidate | None:
        """The candidate that the decision takes; None where it takes none."""
        return self.decision.pick

    @property
    def measured(self) -> tuple[TrialResult, ...]:
        """The trials that were measured to the end, without the second ones of the baseline."""
        return tuple(row for row in self.trials if row.repeat == 1)

    @property
    def missing(self) -> tuple[TrialResult, ...]:
        """The trials that have no numbers."""
        return tuple(row for row in self.trials if row.trial is None)

    @property
    def unfinished(self) -> str | None:
        """That planned trials have no outcome, in words that follow the run's name; None where all have one."""
        have, planned = len(self.trials), len(self.experiment.plan.trials)
        if self.experiment.finished is not None and have >= planned:
            return None
        how = "was interrupted" if self.experiment.finished is None else "is incomplete"
        return f"{how}: {have} of {counted(planned, 'trial')} have an outcome"

    @property
    def reads_timed(self) -> bool:
        """Whether any trial's reads were."""
        return any(row.reads for row in self.trials)

    @property
    def writes_measured(self) -> bool:
        """Whether any trial's writes were."""
        return any(row.writes for row in self.trials)

    @property
    def has_files(self) -> bool:
        """Whether any trial needs files outside of its database."""
        return any(row.outside_bytes for row in self.trials)

    @property
    def locks_measured(self) -> bool:
        """Whether the locks of any statement are known."""
        steps = (step for row in self.trials if row.trial for step in row.trial.steps)
        return any(statement.locks is not None for step in steps for statement in step.statements)

    @property
    def strategies(self) -> tuple[Candidate, ...]:
        """The candidates without the controls."""
        return tuple(candidate for candidate in self.candidates if candidate.is_strategy)

    @property
    def checks(self) -> int:
        """Answers that were compared, over all trials."""
        return sum(row.trial.verification.checks for row in self.trials if row.trial)

    def frame(self) -> pd.DataFrame:
        """savings.csv as a data frame, for notebooks: one row per trial, NA where nothing was measured."""
        from lab.analysis.frame import savings  # noqa: PLC0415 - loading pandas takes longer than a report

        return savings(self.trials, self.experiment.workload)


def analyse(experiment: Experiment, constraints: Constraints | None = None) -> Results:
    """Analyse an experiment whose references resolve, as `lab.runs` guarantees for every run that it reads.

    It is judged by its own constraints, or by others; its case then has the target of these.
    """
    constraints = constraints or experiment.constraints
    experiment = replace(experiment, case=replace(experiment.case, target_bytes=constraints.target_bytes))
    context = references(experiment)
    compare_samples(experiment)
    trials = [_trial(context, outcome) for outcome in experiment.outcomes]
    competing = tuple(candidates(trials, context.noise))
    decision = decide(competing, constraints)
    varied = variations(competing, decision, experiment)
    ranks = {id(candidate.trial): rank for rank, candidate in enumerate(decision.ranking, 1)}
    foretold = _forecasts(context, trials)
    broken = tuple(_broken(experiment))
    return Results(
        experiment=experiment,
        trials=tuple(replace(row, rank=ranks.get(id(row.trial)), forecast=foretold.get(id(row))) for row in trials),
        steps=tuple(_steps(experiment)),
        tables=tuple(table for row in trials if row.repeat == 1 for table in _tables(row)),
        by_scenario=_by_scenario(trials),
        by_parameter=by_parameter(experiment),
        parameter_scale={
            auxiliary.purpose: auxiliary.dataset.scale for auxiliary in reversed(experiment.auxiliary_trials)
        },
        read_gaps={
            server: max(gap for (place, _), gap in context.read_gaps.items() if place == server)
            for server, _ in context.read_gaps
        },
        noise=context.noise,
        candidates=competing,
        decision=decision,
        variations=varied,
        advice=recommend(decision, experiment.case, varied, compared=any(rival.is_strategy for rival in competing)),
        broken=tuple(f"{outcome.scenario}{_wrong(outcome)}" for outcome in broken),
        broken_outcomes=broken,
        cautions=(*undeclared(experiment), *unclear(context.read_gaps)),
        rest=rest_of(experiment.case, experiment.templates[0]) if experiment.templates else None,
        over_target=constraints.target_bytes is not None and experiment.case.database_bytes >= constraints.target_bytes,
        at_ease=is_at_ease(experiment.case, constraints),
    )


def _trial(context: References, outcome: Outcome) -> TrialResult:
    facts = context.experiment.scenarios[outcome.scenario]
    if isinstance(outcome, Completed):
        return _measured(context, outcome)
    return TrialResult(
        outcome=outcome,
        facts=facts,
        sized=None,
        control=None,
        saving_percent=None,
        cost=cost_of(()),
        projection=None,
        reason=reason(outcome),
        reads=None,
        writes=None,
        locks=None,
        forecast=None,
        rank=None,
    )


def _measured(context: References, trial: Completed) -> TrialResult:
    sized, control, wrong = context.sized(trial), context.control(trial.server), differences(trial)
    return TrialResult(
        outcome=trial,
        facts=sized.facts,
        sized=sized,
        control=control,
        saving_percent=saving(trial.footprint.total, control.footprint.total) if control and not wrong else None,
        cost=cost_of([step for step in trial.steps if not step.auxiliary]),
        projection=None if wrong else context.projection(sized),
        reason=wrong or None,
        reads=read_results(trial, context.read_gaps, context.experiment.workload.titles),
        writes=write_results(trial, context.write_gaps, context.experiment.workload.titles),
        locks=locks_of(trial),
        forecast=None,
        rank=None,
    )


def _forecasts(context: References, trials: list[TrialResult]) -> Mapping[int, tuple[StepForecast, ...]]:
    """The steps at full size, of every trial that took the same ones at the second size.

    A strategy that goes by the age of rows touches another share of a sample than of the full database.
    """
    if context.smaller_scale is None:
        return {}
    sizes = {row.trial.server: _sizes(row) for row in reversed(trials) if row.trial and row.trial is row.control}
    known = {}
    for row in trials:
        by_age = row.facts.keeps_days is not None or row.facts.leaves_after_days is not None
        size = sizes.get(row.trial.server) if row.trial else None
        pairs = matched(row.sized.trial, row.sized.smaller) if row.sized and row.sized.smaller and not by_age else ()
        if size and pairs:
            known[id(row)] = pairs, size
    return forecasts(known, draws=context.experiment.plan.dataset.scale, fewer=context.smaller_scale)


def _sizes(baseline: TrialResult) -> Sizes | None:
    sized, projection = baseline.sized, baseline.projection
    if not sized or not sized.smaller or not projection:
        return None
    larger, smaller = sized.trial.footprint.total, sized.smaller.footprint.total
    full = projection.size.bytes - projection.untouched
    return Sizes(larger=larger, smaller=smaller, full=full) if larger > smaller > 0 else None


def _steps(experiment: Experiment) -> Iterator[StepResult]:
    for trial in completed(experiment):
        for step in trial.steps:
            yield StepResult(
                label=label(trial),
                server=trial.server,
                step=step.name,
                bytes=step.footprint.total,
                cost=cost_of([step]),
            )


def _tables(row: TrialResult) -> Iterator[TableResult]:
    if row.trial is None:
        return
    sizes = row.projection.tables if row.projection else {}
    controls = {table.table: table.total for table in row.control.footprint.tables} if row.control else {}
    total = row.trial.footprint.total or 1  # an empty footprint: every share is 0
    for table in row.trial.footprint.tables:
        yield TableResult(
            scenario=row.trial.scenario,
            server=row.trial.server,
            footprint=table,
            share=table.total / total,
            control_bytes=controls.get(table.table),
            projected_bytes=sizes.get(table.table),
        )


def _by_scenario(trials: Iterable[TrialResult]) -> dict[str, tuple[TrialResult, ...]]:
    rows: defaultdict[str, list[TrialResult]] = defaultdict(list)
    for row in trials:
        if row.trial and row.repeat == 1:
            rows[row.trial.scenario].append(row)
    return {scenario: tuple(of_scenario) for scenario, of_scenario in rows.items()}


def _broken(experiment: Experiment) -> Iterator[Failed | Completed]:
    outcomes = (*experiment.outcomes, *(auxiliary.outcome for auxiliary in experiment.auxiliary_trials))
    yield from (outcome for outcome in outcomes if isinstance(outcome, Failed))
    yield from (outcome for outcome in outcomes if isinstance(outcome, Completed) and differences(outcome))


def _wrong(outcome: Failed | Completed) -> str:
    return f" {reason(outcome)}" if isinstance(outcome, Failed) else f": {differences(outcome)}"
