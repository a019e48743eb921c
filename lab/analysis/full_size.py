"""A trial at full size: its bytes with their interval, and what becomes of them as the database goes on growing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from lab.analysis.interval import Estimate, unsupported_bytes
from lab.analysis.projection import Lineage, Scale, Target, full, scale, unmodelled_tables
from lab.units import counted
from lab.values import CaseFacts, Completed, LoadedTemplate, ScenarioFacts


class TargetStatus(StrEnum):
    """Whether the interval lies below, across or above the target. Without an interval, never `UNDER`."""

    UNDER = "under"
    PERHAPS = "perhaps"
    OVER = "over"


@dataclass(frozen=True, kw_only=True)
class SizedTrial:
    """A scenario on one server, at both sizes."""

    facts: ScenarioFacts
    lineage: Lineage
    template: LoadedTemplate
    trial: Completed
    smaller: Completed | None
    error: float | None
    """Half of the interval that chance and noise make, as a share of what grows; None without a second size."""


@dataclass(frozen=True, kw_only=True)
class FullSizeProjection:
    """One trial at the case's full size."""

    scale: Scale
    size: Estimate
    untouched: int
    """Bytes of `size` that are not imitated, and so stay as they are: other tables, system catalogs."""
    kinds: Mapping[tuple[str, str], int]
    """Bytes by table and kind; with `untouched` they sum to those of `size`."""
    tables: Mapping[str, int]
    """Bytes by table."""
    bytes_per_unit: float | None
    """For each of the rows that the workload counts in, of those that are kept."""
    bytes_per_day: int | None
    """Growth afterwards, None where the growth of the database is not known."""
    steady_bytes: int | None
    """Under the retention in force; None where there is none and it grows without end, or where growth is not known."""
    days_to_target: float | None
    """Until the target is passed; None where it is passed already, never will be, or growth is not known."""
    target_eta: str
    """The same in words."""
    status: TargetStatus


@dataclass(frozen=True, kw_only=True)
class Rest:
    """What no strategy touches, because the workload does not imitate it."""

    tables: tuple[str, ...]
    bytes: int
    """Of these tables, and of system catalogs."""
    per_day: float


def rest_of(case: CaseFacts, template: LoadedTemplate) -> Rest:
    """The part of the profiled database that is not in the template."""
    names = unmodelled_tables(case, template)
    size = (case.system_bytes or 0) + sum(case.tables[name].total_bytes or 0 for name in names)
    return Rest(tables=names, bytes=size, per_day=sum(case.tables[name].bytes_per_day or 0.0 for name in names))


def project(case: CaseFacts, sized: SizedTrial, control: SizedTrial | None) -> FullSizeProjection | None:
    """One scenario at full size, and as it grows; None where the profile does not tell what its retention keeps."""
    target = full(sized.lineage, case, sized.template, sized.trial, keeps_days=sized.facts.keeps_days)
    if target is None:
        return None
    factors = scale(target, sized.trial, sized.lineage, sized.smaller)
    rest = rest_of(case, sized.template)
    size = _estimate(factors, sized, rest.bytes)
    pace = _pace(case, sized, control, rest.per_day)
    steady = _steady(target, sized, factors, pace, rest)
    days, eta = _time_to_target(size.bytes, pace, steady, rest.per_day, case.target_bytes)
    units = sum(target.rows.get(table, 0.0) for table in sized.lineage.workload.unit_tables)
    return FullSizeProjection(
        scale=factors,
        size=size,
        untouched=rest.bytes,
        kinds=factors.projected_kinds(sized.trial.footprint),
        tables=factors.projected_tables(sized.trial.footprint),
        bytes_per_unit=size.bytes / units if units else None,
        bytes_per_day=None if pace is None else round(pace),
        steady_bytes=steady,
        days_to_target=days,
        target_eta=eta,
        status=_status(size, case.target_bytes),
    )


def _estimate(factors: Scale, sized: SizedTrial, rest: int) -> Estimate:
    size = factors.projected(sized.trial.footprint) + rest
    if sized.error is None:
        return Estimate(bytes=size, low=None, high=None)
    half = round(sized.error * factors.marginal(sized.trial.footprint) + unsupported_bytes(sized.trial, factors))
    return Estimate(bytes=size, low=size - half, high=size + half)


def _pace(case: CaseFacts, sized: SizedTrial, control: SizedTrial | None, rest: float) -> float | None:
    """Bytes a day: the growth of imitated tables, scaled by the strategy's bytes for the same rows, and that of the others."""
    if case.growth_bytes_per_day is None or control is None:
        return None
    after, before = _of_all_rows(case, sized), _of_all_rows(case, control)
    return None if after is None or not before else rest + (case.growth_bytes_per_day - rest) * after / before


def _of_all_rows(case: CaseFacts, sized: SizedTrial) -> float | None:
    """Bytes that all rows of the full database would take, as they are stored once they are not the newest any more."""
    if not sized.trial.rows.get(sized.lineage.workload.reference):
        return None
    everything = replace(sized.trial, rows=sized.template.rows)
    target = full(sized.lineage, case, sized.template, everything, keeps_days=None)
    return None if target is None else _settled(target, sized)


def _settled(target: Target, sized: SizedTrial) -> float:
    """Bytes that grow with the rows of the target, once none of them is the newest any more."""
    settled = Target(rows=target.rows, newest_rows=dict.fromkeys(target.rows, 0.0))
    return scale(settled, sized.trial, sized.lineage, sized.smaller).marginal(sized.trial.footprint)


def _steady(target: Target, sized: SizedTrial, factors: Scale, pace: float | None, rest: Rest) -> int | None:
    """What does not grow, the retention's days of growth, and what the newest rows take more than they will later."""
    if sized.facts.keeps_days is None or pace is None:
        return None
    constant = factors.projected(sized.trial.footprint) - _settled(target, sized)
    imitated = constant + sized.facts.keeps_days * (pace - rest.per_day)
    return round(imitated + rest.bytes)


def _time_to_target(
    size: int, pace: float | None, steady: int | None, rest: float, target: int
) -> tuple[float | None, str]:
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


def _status(size: Estimate, target: int) -> TargetStatus:
    if size.high is not None and size.high < target:
        return TargetStatus.UNDER
    if (size.bytes if size.low is None else size.low) >= target:
        return TargetStatus.OVER
    return TargetStatus.PERHAPS
