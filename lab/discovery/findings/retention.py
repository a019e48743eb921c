"""How long rows are kept, and how long they could be kept under the target. How long they must be kept, users decide."""

from __future__ import annotations

from collections.abc import Iterator

from lab.discovery.inputs import DiscoveryInputs
from lab.discovery.values import Finding
from lab.units import bytes_text
from lab.values import Profile, Retention, TableProfile


def retention(inputs: DiscoveryInputs) -> Finding:
    """The retention in use, and the days of rows that fit the target."""
    tables = list(_captured(inputs.profile))
    ages = [_age(table, table.rows or 0, cut) for table in tables for cut in table.retention if cut.rows_older]
    longest = max((cut.days for table in tables for cut in table.retention if cut.rows_older), default=None)
    has_ages = any(cut.rows_older is not None for table in tables for cut in table.retention)
    return Finding(
        question="Which retention is in use, and which is needed?",
        conclusion="partly" if has_ages else "unknown",
        words=f"{_in_use(longest, has_ages=has_ages)} {_fits(inputs)}",
        evidence=(*ages, *_room(inputs)),
        missing=tuple(_missing(has_ages=has_ages)),
    )


def _captured(profile: Profile) -> Iterator[TableProfile]:
    """Snapshots and their market rows, or all tables without them: a lookup table is old under any retention."""
    names = {name for series in profile.series for name in (series.snapshots, series.markets)}
    return (table for table in profile.tables if table.rows and (not names or table.table in names))


def _in_use(longest: int | None, *, has_ages: bool) -> str:
    if longest is not None:
        return f"No retention of {longest} days or fewer is in use, because older rows exist."
    return (
        "No row is older than the periods of the profile."
        if has_ages
        else "The retention in use is unknown, because the profile has no ages."
    )


def _missing(*, has_ages: bool) -> Iterator[str]:
    if not has_ages:
        yield "The ages of the rows are unknown. `lab profile DSN` reads them."
    yield "No profile tells how far back anybody reads. Ask the users of the history."


def _age(table: TableProfile, rows: int, cut: Retention) -> str:
    share = 100 * (cut.rows_older or 0) / rows
    older = "" if cut.bytes_older is None else f", {bytes_text(cut.bytes_older)}"
    return f"{table.table}: {cut.rows_older:,} of {rows:,} rows ({share:.0f} %{older}) are older than {cut.days} days."


def _fits(inputs: DiscoveryInputs) -> str:
    target, pace = inputs.profile.forecast.target_bytes, inputs.profile.bytes_per_day
    if target is None:
        return "No target is set, so no number of days has to fit."
    if not pace:
        return "How many days fit the target is unknown, because the profile states no growth."
    return f"At {bytes_text(pace)} a day, {bytes_text(target)} hold about {target / pace:.1f} days, unless rows get smaller."


def _room(inputs: DiscoveryInputs) -> Iterator[str]:
    """Days under the target with the recommended strategy."""
    strategy = inputs.recommended
    target = strategy.experiment.case.target_bytes if strategy else None
    if strategy and target is not None and (pace := strategy.candidate.bytes_per_day):
        yield (
            f"With `{strategy.name}` and {bytes_text(pace)} a day, {bytes_text(target)} hold about"
            f" {target / pace:.0f} days of rows."
        )
