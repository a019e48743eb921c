"""How long rows are kept, and how long they could be kept under the target; how long they must be, its users say."""

from __future__ import annotations

from collections.abc import Iterator

from lab.discovery.inputs import DiscoveryInputs
from lab.discovery.values import Answer
from lab.units import bytes_text
from lab.values import Profile, Retention, TableProfile


def retention(inputs: DiscoveryInputs) -> Answer:
    """Retention in use against needed."""
    tables = list(_captured(inputs.profile))
    ages = [_age(table, table.rows or 0, cut) for table in tables for cut in table.retention if cut.rows_older]
    longest = max((cut.days for table in tables for cut in table.retention if cut.rows_older), default=None)
    seen = any(cut.rows_older is not None for table in tables for cut in table.retention)
    return Answer(
        question="Retention in use against needed?",
        verdict="partly" if seen else "unknown",
        words=f"{_in_use(longest, seen=seen)} {_fits(inputs)}",
        evidence=(*ages, *_room(inputs)),
        missing=tuple(_missing(seen=seen)),
    )


def _captured(profile: Profile) -> Iterator[TableProfile]:
    """Snapshots and their market rows, else all tables: a small table may be old under any retention."""
    names = {name for series in profile.series for name in (series.snapshots, series.markets)}
    return (table for table in profile.tables if table.rows and (not names or table.table in names))


def _in_use(longest: int | None, *, seen: bool) -> str:
    if longest is not None:
        return f"In use: none of {longest} days or fewer, because older rows are there."
    return (
        "In use: nothing is older than the periods looked at." if seen else "In use: unknown, no ages in the profile."
    )


def _missing(*, seen: bool) -> Iterator[str]:
    if not seen:
        yield "How old the rows are: `lab profile DSN`."
    yield "How far back anybody reads is in no profile: ask those who use the history."


def _age(table: TableProfile, rows: int, cut: Retention) -> str:
    share, older = (
        100 * (cut.rows_older or 0) / rows,
        "" if cut.bytes_older is None else f", {bytes_text(cut.bytes_older)}",
    )
    return f"{table.table}: {cut.rows_older:,} of {rows:,} rows ({share:.0f} %{older}) are older than {cut.days} days."


def _fits(inputs: DiscoveryInputs) -> str:
    target, pace = inputs.profile.forecast.target_bytes, inputs.profile.bytes_per_day
    if not pace:
        return "What fits the target is unknown: the profile states no growth."
    return f"Under {bytes_text(target)} at {bytes_text(pace)} a day: about {target / pace:.1f} days, unless rows get smaller."


def _room(inputs: DiscoveryInputs) -> Iterator[str]:
    """Days under the target with the recommended strategy."""
    chosen = inputs.chosen
    if chosen and chosen.candidate.bytes_per_day:
        target, pace = chosen.experiment.case.target_bytes, chosen.candidate.bytes_per_day
        yield (
            f"With `{chosen.name}`, {bytes_text(pace)} a day: about {target / pace:.0f} days of rows"
            f" under {bytes_text(target)}."
        )
