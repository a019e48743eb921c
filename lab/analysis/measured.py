"""The references of a trial: the baseline of its server, its template, and the same scenario at the second size."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from lab.analysis import reads, writes
from lab.analysis.full_size import FullSizeProjection, SizedTrial, project
from lab.analysis.interval import error, gap, mean_square
from lab.analysis.projection import Lineage
from lab.units import joined
from lab.values import BASELINE, SIZE, Completed, Experiment, LoadedTemplate


@dataclass(frozen=True, kw_only=True)
class References:
    """Everything that a trial is compared with, looked up once for the whole experiment."""

    experiment: Experiment
    baselines: Mapping[str, tuple[Completed, ...]]
    """By server, in the order of the run; a server whose baseline failed has none."""
    templates: Mapping[str, LoadedTemplate]
    smaller: Mapping[tuple[str, str], Completed]
    """By scenario and server, the trial at the second size."""
    noise: Mapping[str, float]
    """By server, the difference of its two baselines in percent of the first; absent if one is missing."""
    gaps: Mapping[tuple[str, str, int], float]
    """By scenario, server and repeat, the gap between the second size and the trial; absent without a second size."""
    pooled: float | None
    """Mean square of these gaps over all servers, because all hold the same data; None without a gap."""
    widest: float | None
    """The largest of these gaps; None without a gap."""
    smaller_scale: int | None
    """The scale of the second size."""
    read_gaps: reads.Gaps
    """By server and query, how much the time of a query differs between identical databases."""
    write_gaps: reads.Gaps
    """The same of writes."""

    def control(self, server: str) -> Completed | None:
        """The first baseline of a server; None where it failed: then nothing on that server has a saving."""
        return next(iter(self.baselines.get(server, ())), None)

    def sized(self, trial: Completed) -> SizedTrial:
        """The trial with its template and the same scenario at the second size."""
        scalable = _is_scalable(self.experiment, trial)
        return SizedTrial(
            facts=self.experiment.scenarios[trial.scenario],
            lineage=lineage_of(self.experiment, trial.scenario),
            template=self.templates[trial.server],
            trial=trial,
            smaller=self.smaller.get((trial.scenario, trial.server)) if scalable else None,
            error=self._error(trial) if scalable else None,
        )

    def projection(self, sized: SizedTrial) -> FullSizeProjection | None:
        """The trial at the case's full size; None if the profile does not say how much its retention keeps."""
        control = self.control(sized.trial.server)
        return project(self.experiment.case, sized, self.sized(control) if control else None)

    def _error(self, trial: Completed) -> float | None:
        """Half of the interval, as a share of the growing bytes; None for a run without a second size.

        A draw of few events can leave a scenario nothing to do at the second size: no payload is old enough to be archived.
        Such a trial counts as the one with the widest gap.
        """
        if self.widest is None or self.pooled is None or self.smaller_scale is None:
            return None
        own = self.gaps.get(_key(trial), self.widest)
        sampling = error(own, self.pooled, draws=self.experiment.plan.dataset.scale, fewer=self.smaller_scale)
        return sampling + self.noise.get(trial.server, 0.0) / 100


def lineage_of(experiment: Experiment, scenario: str) -> Lineage:
    """With which table's rows each table of a scenario grows."""
    return Lineage(workload=experiment.workload, origins=experiment.scenarios[scenario].origins)


def undeclared(experiment: Experiment) -> Iterator[str]:
    """In words, every new table whose growth its scenario does not declare."""
    tables = {trial.scenario: trial.undeclared for trial in completed(experiment) if trial.undeclared}
    for scenario, names in tables.items():
        yield (
            f"{scenario} makes {joined(names)} and does not declare how {'it grows' if len(names) == 1 else 'they grow'}."
            f" The full size assumes: with the number of {experiment.workload.scale}s. Declare it in `origins`, or in"
            " `grows_with_scale` where that is right."
        )


def completed(experiment: Experiment) -> Iterator[Completed]:
    """The trials that were measured to the end."""
    return (outcome for outcome in experiment.outcomes if isinstance(outcome, Completed))


def compare_samples(experiment: Experiment) -> None:
    """Compare those of all trials at once, so that each trial finds its own compared."""
    pairs = [pair for trial in completed(experiment) for pair in (*reads.samples(trial), *writes.samples(trial))]
    if pairs:
        from lab.analysis.significance import compared  # noqa: PLC0415 - loading scipy takes longer than a report

        compared(pairs)


def references(experiment: Experiment) -> References:
    """The references of all trials, looked up in one pass."""
    smaller = _smaller(experiment)
    baselines = _baselines(experiment)
    gaps = _gaps(experiment, smaller)
    return References(
        experiment=experiment,
        baselines=baselines,
        templates={template.server: template for template in reversed(experiment.templates)},
        smaller=smaller,
        noise=_noise(experiment, baselines),
        gaps=gaps,
        pooled=mean_square(gaps.values()) if gaps else None,
        widest=max(gaps.values(), default=None),
        smaller_scale=next(
            (auxiliary.dataset.scale for auxiliary in experiment.auxiliary_trials if auxiliary.purpose == SIZE), None
        ),
        read_gaps=reads.read_gaps(baselines),
        write_gaps=writes.write_gaps(baselines),
    )


def _baselines(experiment: Experiment) -> dict[str, tuple[Completed, ...]]:
    by_server: defaultdict[str, list[Completed]] = defaultdict(list)
    for trial in completed(experiment):
        if trial.scenario == BASELINE:
            by_server[trial.server].append(trial)
    return {server: tuple(trials) for server, trials in by_server.items()}


def _smaller(experiment: Experiment) -> dict[tuple[str, str], Completed]:
    outcomes = [auxiliary.outcome for auxiliary in experiment.auxiliary_trials if auxiliary.purpose == SIZE]
    return {
        (trial.scenario, trial.server): trial
        for trial in reversed(outcomes)
        if isinstance(trial, Completed) and _is_scalable(experiment, trial)
    }


def _noise(experiment: Experiment, baselines: Mapping[str, tuple[Completed, ...]]) -> dict[str, float]:
    floors = {}
    for template in experiment.templates:
        totals = [trial.footprint.total for trial in baselines.get(template.server, ())]
        if len(totals) > 1:
            floors[template.server] = 100 * abs(totals[1] - totals[0]) / totals[0]
    return floors


def _gaps(experiment: Experiment, smaller: Mapping[tuple[str, str], Completed]) -> dict[tuple[str, str, int], float]:
    return {
        _key(trial): gap(trial, second, lineage_of(experiment, trial.scenario))
        for trial in completed(experiment)
        if (second := smaller.get((trial.scenario, trial.server))) and _is_scalable(experiment, trial)
    }


def _is_scalable(experiment: Experiment, trial: Completed) -> bool:
    """Whether it can be projected: not if a strategy leaves no row of the reference table, or no growing bytes."""
    grows = any(piece.growing for piece in trial.footprint.pieces)
    return grows and bool(trial.rows.get(experiment.workload.reference))


def _key(trial: Completed) -> tuple[str, str, int]:
    return trial.scenario, trial.server, trial.repeat
