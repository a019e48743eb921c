"""A trial at full size: its bytes with their interval, and what becomes of them as the database goes on growing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from lab.analysis.interval import Estimate, untold
from lab.analysis.projection import Scale, Target, full, scale, strangers
from lab.units import counted
from lab.values import CaseFacts, Completed, LoadedTemplate, ScenarioFacts

MARKETS = ("market_odds", "competitor_market_odds")


class Standing(StrEnum):
    """Where the interval lies to the target: across it nobody knows. Without an interval nothing is known to be under it."""

    UNDER = "under"
    PERHAPS = "perhaps"
    OVER = "over"


@dataclass(frozen=True, kw_only=True)
class Measured:
    """A scenario on one server, at both sizes."""

    facts: ScenarioFacts
    template: LoadedTemplate
    trial: Completed
    smaller: Completed | None
    error: float | None
    """Half of the interval that chance and noise make, as a share of what grows; None without a second size."""


@dataclass(frozen=True, kw_only=True)
class Outlook:
    """One trial at the case's full size."""

    scale: Scale
    size: Estimate
    untouched: int
    """Bytes of `size` that are not imitated, and so stay as they are: other tables, system catalogs."""
    kinds: Mapping[tuple[str, str], int]
    """Bytes by table and kind; with `untouched` they sum to those of `size`."""
    bytes_per_market_row: float | None
    """Of the market rows that are kept."""
    bytes_per_day: int | None
    """Growth afterwards, None where the growth of the database is not known."""
    steady_bytes: int | None
    """Under the retention in force; None where there is none and it grows without end, or where growth is not known."""
    days_to_target: float | None
    """Until the target is passed; None where it is passed already, never will be, or growth is not known."""
    until: str
    """The same in words."""
    standing: Standing


@dataclass(frozen=True, kw_only=True)
class Rest:
    """What no strategy touches, because the workload does not imitate it."""

    tables: tuple[str, ...]
    bytes: int
    """Of these tables, and of system catalogs."""
    per_day: float


def rest_of(case: CaseFacts, template: LoadedTemplate) -> Rest:
    """The part of the profiled database that is not in the template."""
    names = strangers(case, template)
    size = case.system_bytes + sum(case.tables[name].total_bytes or 0 for name in names)
    return Rest(tables=names, bytes=size, per_day=sum(case.tables[name].bytes_per_day or 0.0 for name in names))


def outlook(case: CaseFacts, one: Measured, control: Measured | None) -> Outlook | None:
    """One scenario at full size, and as it grows; None where the profile does not tell what its retention keeps."""
    target = full(case, one.facts, one.template, one.trial)
    if target is None:
        return None
    made = scale(target, one.trial, one.facts.origins, one.smaller)
    rest = rest_of(case, one.template)
    size = _estimate(made, one, rest.bytes)
    pace = _pace(case, one, control, rest.per_day)
    steady = _steady(target, one, made, pace, rest)
    days, until = _until(size.bytes, pace, steady, rest.per_day, case.target_bytes)
    markets = sum(target.rows.get(table, 0.0) for table in MARKETS)
    return Outlook(
        scale=made,
        size=size,
        untouched=rest.bytes,
        kinds=made.projected_kinds(one.trial.footprint),
        bytes_per_market_row=size.bytes / markets if markets else None,
        bytes_per_day=None if pace is None else round(pace),
        steady_bytes=steady,
        days_to_target=days,
        until=until,
        standing=_standing(size, case.target_bytes),
    )


def _estimate(made: Scale, one: Measured, rest: int) -> Estimate:
    size = made.projected(one.trial.footprint) + rest
    if one.error is None:
        return Estimate(bytes=size, low=None, high=None)
    half = round(one.error * made.marginal(one.trial.footprint) + untold(one.trial, made))
    return Estimate(bytes=size, low=size - half, high=size + half)


def _pace(case: CaseFacts, one: Measured, control: Measured | None, rest: float) -> float | None:
    """Bytes a day: the imitated tables' growth, as much smaller as the same rows are after the strategy, and the others'."""
    if case.growth_bytes_per_day is None or control is None:
        return None
    after, before = _of_all_rows(case, one), _of_all_rows(case, control)
    return None if after is None or not before else rest + (case.growth_bytes_per_day - rest) * after / before


def _of_all_rows(case: CaseFacts, one: Measured) -> float | None:
    """Bytes that all rows of the full database would take, as they are stored once they are not the newest any more."""
    target = full(case, replace(one.facts, keeps_days=None), one.template, replace(one.trial, rows=one.template.rows))
    if target is None:
        return None
    settled = Target(rows=target.rows, newest_rows=dict.fromkeys(target.rows, 0.0))
    return scale(settled, one.trial, one.facts.origins, one.smaller).marginal(one.trial.footprint)


def _steady(target: Target, one: Measured, made: Scale, pace: float | None, rest: Rest) -> int | None:
    """What does not grow, so many days of growth, and what the newest rows take more than they will."""
    if one.facts.keeps_days is None or pace is None:
        return None
    settled = Target(rows=target.rows, newest_rows=dict.fromkeys(target.rows, 0.0))
    later = scale(settled, one.trial, one.facts.origins, one.smaller).marginal(one.trial.footprint)
    imitated = made.projected(one.trial.footprint) - later + one.facts.keeps_days * (pace - rest.per_day)
    return round(imitated + rest.bytes)


def _until(size: int, pace: float | None, steady: int | None, rest: float, target: int) -> tuple[float | None, str]:
    """Under a retention only what it does not touch, `rest` bytes a day, grows on."""
    if size >= target:
        return None, "over already"
    if pace is None:
        return None, "growth not known"
    begin, lasting = (max(size, steady), rest) if steady is not None and steady < target else (size, pace)
    if lasting <= 0:
        return None, "never"
    days = (target - begin) / lasting
    return days, f"in {counted(round(days), 'day')}"


def _standing(size: Estimate, target: int) -> Standing:
    if size.high is not None and size.high < target:
        return Standing.UNDER
    if (size.bytes if size.low is None else size.low) >= target:
        return Standing.OVER
    return Standing.PERHAPS
