"""A trial at full size: its bytes with their interval, and how they develop as the database keeps growing."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from lab.analysis.interval import Estimate, unsupported_bytes
from lab.analysis.outside import Outside, outside_bytes
from lab.analysis.projection import Lineage, Scale, TargetRows, full, scale, unmodelled_tables, valued_shares
from lab.units import counted
from lab.values import KINDS, CaseFacts, Completed, LoadedTemplate, ScenarioFacts


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
    """Half of the interval due to sampling and noise, as a share of the growing bytes; None in a run without a second size."""


@dataclass(frozen=True, kw_only=True)
class FullSizeProjection:
    """One trial at the case's full size."""

    scale: Scale
    size: Estimate
    untouched: int
    """Bytes of `size` that the workload does not model and no strategy changes: other tables, system catalogs."""
    kinds: Mapping[tuple[str, str], int]
    """Bytes by table and kind; with `untouched` they sum to those of `size`."""
    tables: Mapping[str, int]
    """Bytes by table."""
    bytes_per_unit: float | None
    """Bytes per kept row of the tables that the workload counts in."""
    bytes_per_day: int | None
    """Growth after the strategy; None if the growth of the database is not known."""
    steady_bytes: int | None
    """The size at which the retention levels off; None without a retention, or if growth is not known."""
    days_to_target: float | None
    """Days until the size passes the target; None if it has passed, never will, or growth is not known."""
    target_eta: str
    """The same in words."""
    status: TargetStatus | None
    """None without a target."""
    rest_per_day: float
    """Growth of the tables that the workload does not model: no retention of a strategy stops it."""
    outside: int | None
    """Bytes of the files outside of the database, which are no part of `size`; None where nobody looked, or it is not known
    how many rows they hold."""
    outside_per_day: int | None
    """Their growth; None as `outside`, or if the growth of the database is not known."""
    distance: float | None
    """How much larger the imitated baseline is than the profiled database, as a share of what the workload models; negative
    where it is smaller, None without a baseline. The interval of `size` includes it."""

    def size_after(self, days: int) -> Estimate | None:
        """The size after so many days of growth; its interval moves with it. None if growth is not known."""
        if self.bytes_per_day is None:
            return None
        grown = self.size.bytes + days * self.bytes_per_day
        if self.steady_bytes is not None:
            grown = min(grown, max(self.size.bytes, self.steady_bytes) + round(days * self.rest_per_day))
        return self.size.shifted(grown - self.size.bytes)

    @property
    def by_kind(self) -> Mapping[str, int]:
        """Bytes by kind, over all tables; with `untouched` they sum to those of `size`."""
        return {kind: sum(size for (_, of), size in self.kinds.items() if of == kind) for kind in KINDS}

    def after(self, days: float, target: int) -> int:
        """Bytes after so many days, on the straight line that passes `target` after `days_to_target`.

        Under a retention the line begins at its steady size. Where the target is never passed, the line is level.
        """
        begin = max(self.size.bytes, self.steady_bytes or 0)
        return round(begin + (target - begin) * days / self.days_to_target) if self.days_to_target else begin


@dataclass(frozen=True, kw_only=True)
class Rest:
    """The part of the database that no strategy changes, because the workload does not model it."""

    tables: tuple[str, ...]
    bytes: int
    """Bytes of these tables and of the system catalogs."""
    per_day: float


def rest_of(case: CaseFacts, template: LoadedTemplate) -> Rest:
    """The part of the profiled database that is not in the template."""
    names = unmodelled_tables(case, template)
    size = (case.system_bytes or 0) + sum(case.tables[name].total_bytes or 0 for name in names)
    return Rest(tables=names, bytes=size, per_day=math.fsum(case.tables[name].bytes_per_day or 0.0 for name in names))


def project(case: CaseFacts, sized: SizedTrial, control: SizedTrial | None) -> FullSizeProjection | None:
    """One scenario at full size, and its growth; None if the profile does not say how much its retention keeps."""
    counts = full(
        sized.lineage,
        case,
        sized.template,
        sized.trial,
        keeps_days=sized.facts.keeps_days,
        leaves_after_days=sized.facts.leaves_after_days,
    )
    if counts is None:
        return None
    factors = scale(counts, sized.trial, sized.lineage, sized.smaller)
    rest = rest_of(case, sized.template)
    distance = None if control is None else _distance(case, control, rest.bytes)
    size = _estimate(factors, sized, rest.bytes, distance or 0.0)
    pace = _pace(case, sized, control, rest.per_day)
    steady = _steady(counts, sized, factors, pace, rest)
    days, eta = _time_to_target(size.bytes, pace, steady, rest.per_day, case.target_bytes)
    outside = outside_bytes(case, sized.facts, sized.trial, factors)
    units = math.fsum(counts.rows.get(table, 0.0) for table in sized.lineage.workload.unit_tables)
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
        rest_per_day=rest.per_day,
        outside=outside.bytes if outside else None,
        outside_per_day=_outside_pace(case, outside, control, rest.per_day),
        distance=distance,
    )


def _distance(case: CaseFacts, control: SizedTrial, rest: int) -> float | None:
    """How far the imitation is from the profiled database, as a share of the modelled bytes."""
    counts = full(control.lineage, case, control.template, control.trial, keeps_days=None)
    modelled = case.database_bytes - rest
    if counts is None or modelled <= 0:
        return None
    factors = scale(counts, control.trial, control.lineage, control.smaller)
    return factors.projected(control.trial.footprint) / modelled - 1


def _estimate(factors: Scale, sized: SizedTrial, rest: int, distance: float) -> Estimate:
    """The interval is that of the sampling, and the distance between the imitation and the database on both sides of it."""
    modelled = factors.projected(sized.trial.footprint)
    size = modelled + rest
    if sized.error is None:
        return Estimate(bytes=size, low=None, high=None)
    half = round(
        sized.error * factors.marginal(sized.trial.footprint)
        + unsupported_bytes(sized.trial, factors)
        + abs(distance) * modelled
    )
    return Estimate(bytes=size, low=size - half, high=size + half)


def _pace(case: CaseFacts, sized: SizedTrial, control: SizedTrial | None, rest: float) -> float | None:
    """Bytes per day: the growth of modelled tables, scaled by the strategy's bytes per row, plus that of the others."""
    if case.growth_bytes_per_day is None or control is None:
        return None
    after, before = _of_all_rows(case, sized), _of_all_rows(case, control)
    return None if after is None or not before else rest + (case.growth_bytes_per_day - rest) * after / before


def _outside_pace(case: CaseFacts, outside: Outside | None, control: SizedTrial | None, rest: float) -> int | None:
    """Bytes per day that the files outside grow by, as `_pace`."""
    if outside is not None and not outside.bytes:
        return 0
    if outside is None or case.growth_bytes_per_day is None or control is None:
        return None
    before = _of_all_rows(case, control)
    return round((case.growth_bytes_per_day - rest) * outside.all_rows / before) if before else None


def _of_all_rows(case: CaseFacts, sized: SizedTrial) -> float | None:
    """Bytes of all rows of the full database in their final storage, as if none of them were the newest.

    A retention stores every new row at first. What loses rows of any age never stores that part of the new ones.
    """
    if not sized.trial.rows.get(sized.lineage.workload.reference):
        return None
    everything = sized.trial if sized.facts.keeps_days is None else replace(sized.trial, rows=sized.template.rows)
    counts = full(sized.lineage, case, sized.template, everything, keeps_days=None)
    return None if counts is None else _settled(counts, sized)


def _settled(counts: TargetRows, sized: SizedTrial) -> float:
    """Bytes that grow with the rows of the full database, as if none of them were the newest; values that expire do not grow."""
    emptied = dict.fromkeys(valued_shares(sized.trial), 0.0)
    settled = TargetRows(rows=counts.rows, newest_rows=dict.fromkeys(counts.rows, 0.0), valued=emptied)
    return scale(settled, sized.trial, sized.lineage, sized.smaller).marginal(sized.trial.footprint)


def _steady(counts: TargetRows, sized: SizedTrial, factors: Scale, pace: float | None, rest: Rest) -> int | None:
    """Constant bytes, plus the retention's days of growth, plus the extra bytes of the newest rows."""
    if sized.facts.keeps_days is None or pace is None:
        return None
    constant = factors.projected(sized.trial.footprint) - _settled(counts, sized)
    imitated = constant + sized.facts.keeps_days * (pace - rest.per_day)
    return round(imitated + rest.bytes)


def _time_to_target(
    size: int, pace: float | None, steady: int | None, rest: float, target: int | None
) -> tuple[float | None, str]:
    """Under a retention, only the tables that it does not touch keep growing, by `rest` bytes per day."""
    if target is None:
        return None, "no target"
    if size >= target:
        return None, "over already"
    if pace is None:
        return None, "growth not known"
    begin, lasting = (max(size, steady), rest) if steady is not None and steady < target else (size, pace)
    if lasting <= 0:
        return None, "never"
    days = (target - begin) / lasting
    return days, f"in {counted(round(days), 'day')}"


def _status(size: Estimate, target: int | None) -> TargetStatus | None:
    if target is None:
        return None
    if size.high is not None and size.high < target:
        return TargetStatus.UNDER
    if size.least >= target:
        return TargetStatus.OVER
    return TargetStatus.PERHAPS
