"""All parts of a discovery, from its inputs."""

from __future__ import annotations

from collections.abc import Iterator

from lab.analysis.drivers import drivers
from lab.analysis.recommendation import rule
from lab.discovery.checklist import checklist
from lab.discovery.findings import findings
from lab.discovery.findings.payload import payload
from lab.discovery.housekeeping import cheap_wins
from lab.discovery.inputs import DiscoveryInputs
from lab.discovery.opportunities import opportunities
from lab.discovery.phases import phases
from lab.discovery.risks import risks
from lab.discovery.values import Discovery
from lab.units import bytes_text, counted

_TOP = 3


def discover(inputs: DiscoveryInputs) -> Discovery:
    """Everything that follows from the inputs; the same inputs give the same discovery."""
    advice, strategy = inputs.advice, inputs.recommended
    return Discovery(
        warnings=tuple(_warnings(inputs)),
        drivers=drivers(inputs.profile)[:_TOP],
        findings=findings(inputs),
        cheap_wins=cheap_wins(inputs),
        opportunities=opportunities(inputs),
        rule=rule(inputs.results.decision.constraints) if inputs.results else "",
        headline=advice.headline
        if advice
        else f"There is no recommendation yet, because nothing was measured. {inputs.measuring}",
        reasons=(*advice.reasons, *(f"It gives up: {loss}." for loss in advice.losses)) if advice else (),
        expected=strategy.expected if strategy else None,
        phases=phases(inputs),
        risks=risks(inputs),
        checklist=checklist(inputs),
        accomplishments=tuple(_accomplishments(inputs)),
        decisions=tuple(_decisions(inputs)),
        issues=(*_warnings(inputs), *_issues(inputs)),
    )


def _warnings(inputs: DiscoveryInputs) -> Iterator[str]:
    """Contradictions between the inputs, and a recommendation that needs a decision first."""
    run, profile = inputs.experiment, inputs.profile
    if inputs.limits:
        yield inputs.limits
    if run is None:
        return
    yield from _undecided_losses(inputs)
    if inputs.is_other_database:
        yield (
            f"The profile describes {profile.name} ({bytes_text(profile.database_bytes)}), but the run imitates"
            f" {run.case.case} ({bytes_text(run.case.database_bytes)}). Every saving is of the latter."
        )
    if run.case.target_bytes != profile.forecast.target_bytes:
        of_profile, of_run = (
            "none" if target is None else bytes_text(target)
            for target in (profile.forecast.target_bytes, run.case.target_bytes)
        )
        yield f"The target of the profile is {of_profile}, but the target of the run is {of_run}."
    if run.finished is None:
        yield f"The run was interrupted: {len(run.outcomes)} of {len(run.plan.trials)} trials have an outcome."


def _undecided_losses(inputs: DiscoveryInputs) -> Iterator[str]:
    """A recommendation that gives up a column which somebody reads, or may read, needs a decision first."""
    strategy, need = inputs.recommended, payload(inputs)
    if strategy is None or need.conclusion == "no":
        return
    losses = [loss.words for loss in strategy.candidate.facts.losses if loss.column == inputs.payload]
    if losses:
        gives_up = f"`{strategy.name}` gives up {' and '.join(losses)}."
        yield f"{gives_up} {need.question} {need.conclusion.capitalize()}. {need.words}"


def _accomplishments(inputs: DiscoveryInputs) -> Iterator[str]:
    profile, run = inputs.profile, inputs.results
    tables, size = counted(len(profile.tables), "table"), bytes_text(profile.database_bytes)
    yield f"Profiled {tables} of a database of {size} ({profile.source} {profile.taken})."
    for usage in inputs.usages:
        files = sum(usage.files.values())
        yield f"Searched {counted(files, 'file')} for `{usage.column}`: {counted(len(usage.hits), 'place')}."
    if run:
        trials = sum(row.trial is not None for row in run.trials)
        strategies = counted(len(inputs.strategies), "strategy", "strategies")
        yield f"Measured {strategies} in {counted(trials, 'trial')}, and verified {run.checks} answers."


def _decisions(inputs: DiscoveryInputs) -> Iterator[str]:
    if inputs.results:
        yield rule(inputs.results.decision.constraints)
    strategy = inputs.recommended
    for loss in strategy.candidate.facts.given_up if strategy else ():
        yield f"To be decided by a person: may {loss} be given up?"
    yield "To be decided by a person: how far back must rows be kept?"


def _issues(inputs: DiscoveryInputs) -> Iterator[str]:
    yield from inputs.profile.missing
    if inputs.results is None:
        yield f"There is no run, so no strategy has numbers. {inputs.measuring}"
    else:
        yield from (f"Broken: {line}" for line in inputs.results.broken)
    if not inputs.usages:
        yield "No application sources were searched. Pass --usage SRC."
    for usage in inputs.usages:
        yield from (
            f"`{usage.column}`: {skipped.path} was not searched ({skipped.reason})." for skipped in usage.skipped
        )
