"""Computes days, growth, retention and the forecast from the ages of rows; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from lab.units import bytes_text
from lab.values import Day, Forecast, Growth, Profile, Retention, TableProfile

WEEK = 7
PERIODS = (7, 14, 30)

Weights = Mapping[int | None, float]
"""Rows or bytes by age in whole days; negative in the future, None where the age is unknown."""


def days(rows: Weights, sizes: Weights, now: datetime) -> tuple[Day, ...]:
    """Days with rows, oldest first."""
    ages = sorted((age for age, count in rows.items() if age is not None and count), reverse=True)
    return tuple(_day(age, rows[age], sizes.get(age, 0.0), now) for age in ages)


def _day(age: int, rows: float, size: float, now: datetime) -> Day:
    return Day(start=(now - timedelta(days=age + 1)).isoformat(), rows=round(rows), bytes=round(size))


def growth(rows: Weights, sizes: Weights) -> Growth:
    """Mean growth per day, over the last week and since the first row; ignores rows in the future."""
    past = [age for age, count in rows.items() if age is not None and age >= 0 and count]
    if not past:
        return Growth(rows_per_day_week=None, bytes_per_day_week=None, rows_per_day=None, bytes_per_day=None, days=None)
    span = max(past) + 1
    week = min(WEEK, span)
    return Growth(
        rows_per_day_week=_sum(rows, 0, week) / week,
        bytes_per_day_week=_sum(sizes, 0, week) / week,
        rows_per_day=_sum(rows, 0, span) / span,
        bytes_per_day=_sum(sizes, 0, span) / span,
        days=float(span),
    )


def retention(rows: Weights, sizes: Weights) -> tuple[Retention, ...]:
    """Rows and bytes older than each period; rows of unknown age are in neither part."""
    return tuple(
        Retention(
            days=period,
            rows_older=round(_sum(rows, period, None)),
            bytes_older=round(_sum(sizes, period, None)),
            rows_kept=round(_sum(rows, None, period)),
        )
        for period in PERIODS
    )


def _sum(weights: Weights, first: int | None, end: int | None) -> float:
    """Sum over ages in [first, end)."""
    ages = (age for age in weights if age is not None)
    return sum(weights[age] for age in ages if (first is None or age >= first) and (end is None or age < end))


def per_day(growths: Sequence[Growth | None]) -> float | None:
    """Bytes a day of all tables together; None where no table's growth is known."""
    paces = [growth.bytes_per_day_week for growth in growths if growth and growth.bytes_per_day_week is not None]
    return sum(paces) if paces else None


def unknown_bytes(tables: Sequence[TableProfile]) -> int:
    """Bytes of unknown growth: tables without ages, and undated rows of other tables."""
    return round(sum((table.total_bytes or 0) * _undated(table) for table in tables))


def _undated(table: TableProfile) -> float:
    """Share of a table's rows whose age is unknown; 0 for an empty table."""
    if table.rows == 0:
        return 0.0
    return (table.undated_rows or 0) / table.rows if table.rows and table.growth else 1.0


def forecast(
    database_bytes: int,
    bytes_per_day: float | None,
    target_bytes: int | None,
    now: datetime,
    *,
    gaps: Sequence[str] = (),
) -> Forecast:
    """When the target is passed at the pace of the last week; `gaps` names everything that the pace does not include."""
    excludes = f" The pace excludes data of unknown growth: {' and '.join(gaps)}." if gaps else ""
    if target_bytes is None:
        pace = "unknown" if bytes_per_day is None else f"{'at least ' if gaps else ''}{bytes_text(bytes_per_day)} a day"
        words = f"No target is set. The growth is {pace}.{excludes}"
        return Forecast(target_bytes=None, bytes_per_day=bytes_per_day, passes=None, words=words)
    target = bytes_text(target_bytes)
    passes = None
    if database_bytes >= target_bytes:
        words = f"The database exceeds the target of {target} already, by {bytes_text(database_bytes - target_bytes)}."
    elif bytes_per_day is None:
        words = "The growth is unknown, and so is the day on which the target is passed."
    else:
        passes, words = _passing(
            target_bytes - database_bytes, target, bytes_per_day, now, "a pace of at least " if gaps else ""
        )
        words += excludes
    return Forecast(target_bytes=target_bytes, bytes_per_day=bytes_per_day, passes=passes, words=words)


def with_target(profile: Profile, target_bytes: int) -> Profile:
    """The same profile with another target."""
    unknown = (
        unknown_bytes(profile.tables) if profile.source == "measured" else 0
    )  # what is published is the whole growth
    gaps = [f"{bytes_text(unknown)} of tables"] if unknown else []
    now = datetime.fromisoformat(profile.now)
    return replace(
        profile, forecast=forecast(profile.database_bytes, profile.bytes_per_day, target_bytes, now, gaps=gaps)
    )


def _passing(left: float, target: str, bytes_per_day: float, now: datetime, least: str) -> tuple[str | None, str]:
    if bytes_per_day < 1:
        return None, "Nothing was added in the last 7 days, so no day is known on which the target is passed."
    days = left / bytes_per_day
    pace = f"at {least}{bytes_text(bytes_per_day)} a day, if nothing is deleted"
    if days > 36_500:
        return None, f"The target of {target} is more than a hundred years away {pace}."
    day = (now + timedelta(days=days)).date().isoformat()
    return day, f"The target of {target} is passed on {day}, in {days:.0f} days, {pace}."
