"""All parts of a discovery from its inputs, and what they add up to."""

from __future__ import annotations

from collections.abc import Iterator

from lab.analysis.drivers import drivers
from lab.discovery.answers import answers
from lab.discovery.answers.payload import payload
from lab.discovery.checks import checks
from lab.discovery.inputs import RUN, DiscoveryInputs
from lab.discovery.opportunities import opportunities
from lab.discovery.phases import phases
from lab.discovery.risks import risks
from lab.discovery.values import Discovery
from lab.units import bytes_text, counted

_TOP = 3


def discover(inputs: DiscoveryInputs) -> Discovery:
    """Everything that follows from the inputs; the same inputs give the same discovery."""
    advice, chosen = inputs.advice, inputs.chosen
    return Discovery(
        warnings=tuple(_warnings(inputs)),
        drivers=drivers(inputs.profile)[:_TOP],
        answers=answers(inputs),
        opportunities=opportunities(inputs),
        headline=advice.headline if advice else f"Nothing is recommended yet: nothing was measured; {RUN} does.",
        reasons=(*advice.reasons, *(f"It gives up: {loss}." for loss in advice.losses)) if advice else (),
        expected=chosen.expected if chosen else None,
        phases=phases(inputs),
        risks=risks(inputs),
        checks=checks(inputs),
        accomplishments=tuple(_accomplishments(inputs)),
        decisions=tuple(_decisions(inputs)),
        issues=(*_warnings(inputs), *_issues(inputs)),
    )


def _warnings(inputs: DiscoveryInputs) -> Iterator[str]:
    """What makes the parts of the document speak of different things."""
    run, profile = inputs.experiment, inputs.profile
    if run is None:
        return
    yield from _given_up(inputs)
    if inputs.is_other_database:
        yield (
            f"The profile is of {profile.name} ({bytes_text(profile.database_bytes)}), and the run imitates"
            f" {run.case.case} ({bytes_text(run.case.database_bytes)}): every saving is of the latter."
        )
    if run.case.target_bytes != profile.forecast.target_bytes:
        targets = (bytes_text(profile.forecast.target_bytes), bytes_text(run.case.target_bytes))
        yield f"The profile's target is {targets[0]}, and the run's is {targets[1]}."
    if run.finished is None:
        yield f"The run was interrupted: {len(run.outcomes)} of {len(run.plan.trials)} trials have an outcome."


def _given_up(inputs: DiscoveryInputs) -> Iterator[str]:
    """A recommendation that gives up what somebody reads, or may read, is none without a decision."""
    chosen, need = inputs.chosen, payload(inputs)
    lost = [loss.words for loss in chosen.candidate.facts.losses if loss.column == inputs.payload] if chosen else []
    if chosen and lost and need.verdict != "no":
        yield f"`{chosen.name}` gives up {' and '.join(lost)}. Is it needed? {need.verdict.capitalize()}: {need.words}"


def _accomplishments(inputs: DiscoveryInputs) -> Iterator[str]:
    profile, run = inputs.profile, inputs.results
    tables, whole = counted(len(profile.tables), "table"), bytes_text(profile.database_bytes)
    yield f"{tables} of {whole} profiled ({profile.source} {profile.taken})."
    for usage in inputs.usages:
        files = sum(usage.files.values())
        yield f"{counted(files, 'file')} looked through for `{usage.column}`: {counted(len(usage.hits), 'place')}."
    if run:
        trials = sum(row.trial is not None for row in run.trials)
        strategies = counted(len(inputs.strategies), "strategy", "strategies")
        yield f"{strategies} measured in {counted(trials, 'trial')}, {run.checks} answers checked."


def _decisions(inputs: DiscoveryInputs) -> Iterator[str]:
    yield (
        "By rule: of what brings the database under the target, losing nothing goes before giving up columns, that before"
        " deleting rows, and then the smaller one goes first."
    )
    chosen = inputs.chosen
    for loss in chosen.candidate.facts.given_up if chosen else ():
        yield f"Open, for a person: may {loss} be given up?"
    yield "Open, for a person: how far back must rows be kept?"


def _issues(inputs: DiscoveryInputs) -> Iterator[str]:
    yield from inputs.profile.missing
    if inputs.results is None:
        yield f"No run: no strategy has numbers; {RUN}."
    else:
        yield from (f"Broken: {line}" for line in inputs.results.broken)
    if not inputs.usages:
        yield "No sources were looked through: `lab usage SRC`, or --usage."
    for usage in inputs.usages:
        yield from (f"`{usage.column}`: {passed.path} was not searched ({passed.reason})." for passed in usage.skipped)
