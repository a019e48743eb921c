"""The application's reads (Q1-Q5). Every strategy must return the same answers to them, under the same table names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from data_gen.snapshots import COMPETITOR_COLUMNS, HOME_COLUMNS
from lab.workload import Read

MARKET = (
    "id, snapshot_id, betpawa_market_id, betpawa_market_name, line, handicap_type, handicap_home, handicap_away,"
    " outcomes, market_groups, unavailable_at"
)


def _list(table: str, columns: Sequence[str]) -> Mapping[str, str]:
    """Columns to read. A payload is read whole, but hashed by the server: fifty events have some 30 MB of payloads."""
    return {
        f"{table}.{name}": "md5(s.raw_response::text)" if name == "raw_response" else f"s.{name}" for name in columns
    }


_LISTS = {
    "snapshot": _list("odds_snapshots", HOME_COLUMNS),
    "competitor_snapshot": _list("competitor_odds_snapshots", COMPETITOR_COLUMNS),
}
_UPCOMING = "SELECT id FROM events WHERE kickoff > %s ORDER BY kickoff, id LIMIT 50"
_LATEST = "SELECT max(id) FROM odds_snapshots WHERE event_id IN ({events}) GROUP BY event_id, bookmaker_id"
_LATEST_COMPETITOR = (
    "SELECT max(c.id) FROM competitor_odds_snapshots c JOIN competitor_events e ON e.id = c.competitor_event_id"
    " WHERE e.betpawa_event_id IN ({events}) GROUP BY c.competitor_event_id"
)
_MARKETS = f"SELECT {MARKET} FROM market_odds WHERE snapshot_id IN ({_LATEST}) ORDER BY id"
_COMPETITOR_MARKETS = (
    f"SELECT {MARKET} FROM competitor_market_odds WHERE snapshot_id IN ({_LATEST_COMPETITOR}) ORDER BY id"
)
_SNAPSHOTS = f"SELECT {{{{snapshot}}}} FROM odds_snapshots s WHERE s.id IN ({_LATEST}) ORDER BY s.id"
_COMPETITOR_SNAPSHOTS = (
    "SELECT {{competitor_snapshot}} FROM competitor_odds_snapshots s"
    f" WHERE s.id IN ({_LATEST_COMPETITOR}) ORDER BY s.id"
)
_PARTS = {
    "snapshots": _SNAPSHOTS,
    "markets": _MARKETS,
    "competitor snapshots": _COMPETITOR_SNAPSHOTS,
    "competitor markets": _COMPETITOR_MARKETS,
}

_HISTORY = """
SELECT s.id, s.captured_at, m.betpawa_market_id, m.line, m.outcomes
FROM odds_snapshots s JOIN market_odds m ON m.snapshot_id = s.id
WHERE s.event_id = %s AND m.betpawa_market_id = %s AND {line}
ORDER BY s.captured_at, s.id, m.id
"""
_COMPETITOR_HISTORY = """
SELECT s.id, s.captured_at, e.source, m.betpawa_market_id, m.line, m.outcomes
FROM competitor_odds_snapshots s
JOIN competitor_events e ON e.id = s.competitor_event_id
JOIN competitor_market_odds m ON m.snapshot_id = s.id
WHERE e.betpawa_event_id = %s AND m.betpawa_market_id = %s AND {line}
ORDER BY s.captured_at, s.id, m.id
"""
OVER_UNDER = "5000"
"""Over/Under, full time: a market of every event, with several lines."""


def reads(now: datetime, events: Sequence[int]) -> tuple[Read, ...]:
    """Q1 at `now`, and Q2-Q5 for each of `events`."""
    return (*_event_list(now), *(read for event in events for read in _of_event(event)))


def _event_list(now: datetime) -> tuple[Read, ...]:
    events = _UPCOMING.replace("SELECT id", "SELECT id, name, kickoff")
    upcoming = Read(name="Q1 events", sql=events, params=(now,))
    return (upcoming, *_latest("Q1", _UPCOMING, now))


def _latest(name: str, events: str, param: object) -> tuple[Read, ...]:
    """Latest snapshots of the chosen events with all their markets, both sides."""
    return tuple(
        Read(name=f"{name} {part}", sql=sql.format(events=events), params=(param,), lists=_LISTS)
        for part, sql in _PARTS.items()
    )


def _of_event(event: int) -> tuple[Read, ...]:
    any_line, one_line = "true", "m.line = 2.5"
    histories = (
        ("Q3 history", _HISTORY, one_line),
        ("Q4 competitor history", _COMPETITOR_HISTORY, one_line),
        ("Q5 margins", _HISTORY, any_line),
        ("Q5 competitor margins", _COMPETITOR_HISTORY, any_line),
    )
    return _latest(f"Q2 event {event}", "%s", event) + tuple(
        Read(name=f"{name}, event {event}", sql=sql.format(line=line), params=(event, OVER_UNDER))
        for name, sql, line in histories
    )
