"""The scraper's cycles and how much each stored, derived from the rows of each day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from data_gen.calibration.facts import RUNS, SCRAPES, Facts
from data_gen.calibration.notes import Notes
from data_gen.case import CYCLE, CYCLE_BUSY, Case, Session
from data_gen.facts import COMPETITORS, HOME

_DAY = timedelta(days=1)
_MOST = _DAY // CYCLE

Spans = Sequence[tuple[datetime, int]]
"""Start and number of cycles of each session."""


def sessions(facts: Facts, base: Case, notes: Notes) -> tuple[Session, ...]:
    """One session for each day with cycles; it ends with the day. The base's sessions where days are unknown."""
    days = facts.days(RUNS) or facts.days(HOME)
    spans = _spans(facts, base, notes)
    return tuple(
        Session(start=start, cycles=cycles, competitor_inserts=inserts)
        for (start, cycles), inserts in zip(spans, _inserts(facts, base, notes, tuple(days)), strict=True)
    )


def last_capture(session: Session) -> datetime:
    """When the last batch of a session was stored."""
    return session.start + (session.cycles - 1) * CYCLE + CYCLE_BUSY


def share_before(moment: datetime, sessions: Sequence[Session]) -> float:
    """Share of the cycles that start before a moment."""
    before = sum(max(min(-((session.start - moment) // CYCLE), session.cycles), 0) for session in sessions)
    return before / sum(session.cycles for session in sessions)


def moment_after(share: float, sessions: Sequence[Session]) -> datetime:
    """Start of the first cycle after that share of all cycles."""
    starts = [session.start + number * CYCLE for session in sessions for number in range(session.cycles)]
    place = round(share * len(starts))
    return starts[place] if place < len(starts) else starts[-1] + CYCLE


def _spans(facts: Facts, base: Case, notes: Notes) -> Spans:
    runs, snapshots = facts.days(RUNS), facts.days(HOME)
    if runs:
        notes.take("Cycles", f"{facts.rows(RUNS)} on {len(runs)} days, as {RUNS} has rows")
        _note_crowded(runs, notes)
        return _ending(runs, 1.0)
    if snapshots:
        per_cycle = base.workload.events_per_cycle * base.workload.home_inserts
        notes.take("Days", f"{len(snapshots)}, as {HOME} has rows")
        notes.assume("Cycles", f"one for every {per_cycle:.0f} rows of {HOME}, as in case {base.case}")
        return _ending(snapshots, per_cycle)
    return _shifted(facts, base, notes)


def _ending(days: Mapping[datetime, int], rows_per_cycle: float) -> Spans:
    """The number of cycles that the rows of each day imply; the last cycle is at the day's end."""
    cycles = {start: min(max(round(rows / rows_per_cycle), 1), _MOST) for start, rows in days.items()}
    return [(start + _DAY - CYCLE_BUSY - (number - 1) * CYCLE, number) for start, number in cycles.items()]


def _note_crowded(runs: Mapping[datetime, int], notes: Notes) -> None:
    if crowded := [start for start, rows in runs.items() if rows > _MOST]:
        minutes = CYCLE.seconds // 60
        notes.assume("Cycles", f"{minutes} minutes apart; on {len(crowded)} days {RUNS} has more than fit")


def _shifted(facts: Facts, base: Case, notes: Notes) -> Spans:
    """The base's sessions, moved by whole days to the last known moment."""
    days = (facts.last_known - base.last_captured) // _DAY
    moved = f", moved by {days} days" if days else ""
    notes.assume("Days and their cycles", f"those of case {base.case}{moved}")
    return [(session.start + days * _DAY, session.cycles) for session in base.workload.sessions]


def _inserts(facts: Facts, base: Case, notes: Notes, days: Sequence[datetime]) -> list[float]:
    """Competitor snapshots for each event-scrape on each of these days.

    Where the days are unknown, the mean varies from session to session as it does in the base.
    """
    stored, scrapes = facts.days(COMPETITORS), facts.days(SCRAPES)
    if days and stored and scrapes:
        notes.take("Competitor snapshots per event-scrape", f"by day, as {COMPETITORS} and {SCRAPES} have rows")
        return [stored.get(day, 0) / scrapes[day] if scrapes.get(day) else 0.0 for day in days]
    own = base.workload.sessions
    inserts = sum(session.cycles * session.competitor_inserts for session in own)
    usual = inserts / sum(session.cycles for session in own)
    value = notes.choose("Competitor snapshots per event-scrape", _mean_inserts(facts, base), usual)
    return [value] * len(days) if days else [session.competitor_inserts * value / usual for session in own]


def _mean_inserts(facts: Facts, base: Case) -> float | None:
    exact, to_home = facts.ratio(COMPETITORS, SCRAPES), facts.ratio(COMPETITORS, HOME)
    if exact is not None or to_home is None:
        return exact
    return to_home * base.workload.home_inserts
