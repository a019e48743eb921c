"""How a saving depends on a parameter of the workload, such as how often prices change."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from lab.analysis.rows import ParameterResult, saving
from lab.values import SIZE, AuxiliaryTrial, Completed, Experiment, Footprint, Verdict


def by_parameter(experiment: Experiment) -> tuple[ParameterResult, ...]:
    """One row per verified trial at another value: saving of the tables of details, of their parents, and of all."""
    return tuple(
        _result(experiment, auxiliary, auxiliary.template.footprint, auxiliary.outcome)
        for auxiliary in experiment.auxiliary_trials
        if auxiliary.purpose != SIZE
        and isinstance(auxiliary.outcome, Completed)
        and auxiliary.template
        and auxiliary.outcome.verification.verdict is not Verdict.DIFFERS
    )


def _result(
    experiment: Experiment, auxiliary: AuxiliaryTrial, before: Footprint, outcome: Completed
) -> ParameterResult:
    after, parents = outcome.footprint, experiment.workload.parents
    origins = experiment.scenarios[outcome.scenario].origins
    return ParameterResult(
        scenario=outcome.scenario,
        parameter=auxiliary.purpose,
        value=auxiliary.dataset.parameters[auxiliary.purpose],
        details=_saving_of(parents.keys(), origins, after, before),
        parents=_saving_of(parents.values(), origins, after, before),
        all=saving(after.total, before.total),
    )


def _saving_of(
    tables: Collection[str], origins: Mapping[str, str], after: Footprint, before: Footprint
) -> float | None:
    """The saving of a group of tables, with the new tables that hold their rows; None if they are empty before."""
    now, then = (
        sum(table.total for table in footprint.tables if origins.get(table.table, table.table) in tables)
        for footprint in (after, before)
    )
    return saving(now, then) if then else None
