"""All parts of a discovery from its inputs, and what they add up to."""

from __future__ import annotations

from collections.abc import Iterator

from lab.analysis.drivers import drivers
from lab.discovery.answers import answers, payload
from lab.discovery.checks import checks
from lab.discovery.known import RUN, Known
from lab.discovery.opportunities import opportunities
from lab.discovery.phases import phases
from lab.discovery.risks import risks
from lab.discovery.values import Discovery
from lab.units import bytes_text, counted

_TOP = 3


def discover(known: Known) -> Discovery:
    """Everything that follows from the inputs; the same inputs give the same discovery."""
    advice, one = known.advice, known.chosen
    return Discovery(
        warnings=tuple(_warnings(known)),
        drivers=drivers(known.profile)[:_TOP],
        answers=answers(known),
        opportunities=opportunities(known),
        headline=advice.headline if advice else f"Nothing is recommended yet: nothing was measured; {RUN} does.",
        reasons=(*advice.reasons, *(f"What would be lost: {loss}." for loss in advice.losses)) if advice else (),
        expected=one.expected if one else None,
        phases=phases(known),
        risks=risks(known),
        checks=checks(known),
        accomplishments=tuple(_accomplishments(known)),
        decisions=tuple(_decisions(known)),
        issues=(*_warnings(known), *_issues(known)),
    )


def _warnings(known: Known) -> Iterator[str]:
    """What makes the parts of the document speak of different things."""
    run, profile = known.experiment, known.profile
    if run is None:
        return
    yield from _given_up(known)
    if known.strangers:
        yield (
            f"The profile is of {profile.name} ({bytes_text(profile.database_bytes)}), and the run imitates"
            f" {run.case.case} ({bytes_text(run.case.database_bytes)}): every saving is of the latter."
        )
    if run.case.target_bytes != profile.forecast.target_bytes:
        targets = (bytes_text(profile.forecast.target_bytes), bytes_text(run.case.target_bytes))
        yield f"The profile's target is {targets[0]}, and the run's is {targets[1]}."
    if run.finished is None:
        yield f"The run was interrupted: {len(run.outcomes)} of {len(run.plan.trials)} trials have an outcome."


def _given_up(known: Known) -> Iterator[str]:
    """A recommendation that gives up what somebody reads, or may read, is none without a decision."""
    one, need = known.chosen, payload(known)
    lost = [loss.words for loss in one.candidate.facts.losses if loss.column == known.payload] if one else []
    if one and lost and need.verdict != "no":
        yield f"`{one.name}` gives up {' and '.join(lost)}. Is it needed? {need.verdict.capitalize()}: {need.words}"


def _accomplishments(known: Known) -> Iterator[str]:
    profile, run = known.profile, known.results
    tables, whole = counted(len(profile.tables), "table"), bytes_text(profile.database_bytes)
    yield f"{tables} of {whole} profiled ({profile.source} {profile.taken})."
    for usage in known.usages:
        files = sum(usage.files.values())
        yield f"{counted(files, 'file')} looked through for `{usage.column}`: {counted(len(usage.hits), 'place')}."
    if run:
        trials = sum(row.trial is not None for row in run.trials)
        strategies = counted(len(known.strategies), "strategy", "strategies")
        yield f"{strategies} measured in {counted(trials, 'trial')}, {run.checks} answers checked."


def _decisions(known: Known) -> Iterator[str]:
    yield (
        "By rule: of what brings the database under the target, losing nothing goes before giving up columns, that before"
        " deleting rows, and then the smaller one goes first."
    )
    one = known.chosen
    for loss in one.candidate.facts.given_up if one else ():
        yield f"Open, for a person: may {loss} be given up?"
    yield "Open, for a person: how far back must rows be kept?"


def _issues(known: Known) -> Iterator[str]:
    yield from known.profile.missing
    if known.results is None:
        yield f"No run: no strategy has numbers; {RUN}."
    else:
        yield from (f"Broken: {line}" for line in known.results.broken)
    if not known.usages:
        yield "No sources were looked through: `lab usage SRC`, or --usage."
    for usage in known.usages:
        yield from (f"`{usage.column}`: {one.path} was not looked at ({one.reason})." for one in usage.skipped)
