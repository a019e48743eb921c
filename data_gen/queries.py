"""The application's reads (Q1-Q10). Every strategy must return the same answers to them, under the same table names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from data_gen.snapshots import COMPETITOR_COLUMNS, HOME_COLUMNS
from lab.workload import Heavy, Read

MARKET = (
    "id, snapshot_id, betpawa_market_id, betpawa_market_name, line, handicap_type, handicap_home, handicap_away,"
    " outcomes, market_groups, unavailable_at"
)


def _list(table: str, columns: Sequence[str]) -> Mapping[str, str | Heavy]:
    """Columns to read. A payload is compared by its hash: fifty events have some 30 MB of payloads."""
    payload = Heavy(asked="s.raw_response", compared="md5(s.raw_response::text)")
    return {f"{table}.{name}": payload if name == "raw_response" else f"s.{name}" for name in columns}


def _profile(table: str) -> Mapping[str, str | Heavy]:
    """A day, its rows, and the bytes that its payloads take. These are the strategy's own, so only their number is compared."""
    return {
        f"{table}.captured_at": "s.captured_at::date AS day",
        f"{table}.id": "count(*)",
        f"{table}.raw_response": Heavy(asked="sum(pg_column_size(s.raw_response))", compared="count(s.raw_response)"),
    }


_LISTS = {
    "snapshot": _list("odds_snapshots", HOME_COLUMNS),
    "competitor_snapshot": _list("competitor_odds_snapshots", COMPETITOR_COLUMNS),
    "profile": _profile("odds_snapshots"),
    "competitor_profile": _profile("competitor_odds_snapshots"),
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


_SNAPSHOT_LIST = """
SELECT {snapshot}, coalesce(n.markets, 0)
FROM odds_snapshots s
LEFT JOIN (SELECT snapshot_id, count(*) AS markets FROM market_odds GROUP BY snapshot_id) n ON n.snapshot_id = s.id
WHERE s.event_id = %s ORDER BY s.captured_at DESC, s.id LIMIT 100
"""
_ALERTS = """
SELECT count(*) FROM (
  SELECT e.id
  FROM (SELECT event_id, max(id) AS id FROM odds_snapshots GROUP BY event_id) l
  JOIN market_odds m ON m.snapshot_id = l.id
  JOIN events e ON e.id = l.event_id
  WHERE m.unavailable_at IS NOT NULL AND e.kickoff > %s
  UNION
  SELECT e.id
  FROM (SELECT competitor_event_id, max(id) AS id FROM competitor_odds_snapshots GROUP BY competitor_event_id) l
  JOIN competitor_market_odds m ON m.snapshot_id = l.id
  JOIN competitor_events c ON c.id = l.competitor_event_id
  JOIN events e ON e.id = c.betpawa_event_id
  WHERE m.unavailable_at IS NOT NULL AND e.kickoff > %s
) alerts
"""
_SCRAPES = "SELECT status, count(*) FROM event_scrape_status WHERE created_at >= %s GROUP BY status ORDER BY status"
_SCRAPE_DAYS = 7
_PROFILES = {
    "snapshots": "{profile} FROM odds_snapshots s",
    "competitor snapshots": "{competitor_profile} FROM competitor_odds_snapshots s",
}


def reads(now: datetime, events: Sequence[int]) -> tuple[Read, ...]:
    """Q1 at `now`, Q2-Q5 for each of `events`, Q6 for the middle one of them, and Q7-Q10 at `now`."""
    return (
        *_event_list(now),
        *(read for event in events for read in _of_event(event)),
        *_snapshot_list(events[len(events) // 2]),
        Read(name="Q7 alerts", query="Q7", sql=_ALERTS, params=(now, now)),
        *_latest("Q8", "SELECT id FROM events WHERE kickoff > %s", now - timedelta(hours=2)),
        Read(name="Q9 scrapes", query="Q9", sql=_SCRAPES, params=(_without_zone(now - timedelta(days=_SCRAPE_DAYS)),)),
        *(
            Read(name=f"Q10 {part}", query="Q10", sql=f"SELECT {columns} GROUP BY day ORDER BY day", lists=_LISTS)
            for part, columns in _PROFILES.items()
        ),
    )


def _event_list(now: datetime) -> tuple[Read, ...]:
    events = _UPCOMING.replace("SELECT id", "SELECT id, name, kickoff")
    return (Read(name="Q1 events", query="Q1", sql=events, params=(now,)), *_latest("Q1", _UPCOMING, now))


def _latest(query: str, events: str, param: object, subject: str = "") -> tuple[Read, ...]:
    """Latest snapshots of the chosen events with all their markets, both sides."""
    return tuple(
        Read(
            name=" ".join(word for word in (query, subject, part) if word),
            query=query,
            sql=sql.format(events=events),
            params=(param,),
            lists=_LISTS,
            subject=subject,
        )
        for part, sql in _PARTS.items()
    )


def _of_event(event: int) -> tuple[Read, ...]:
    any_line, one_line = "true", "m.line = 2.5"
    histories = (
        ("Q3", "history", _HISTORY, one_line),
        ("Q4", "competitor history", _COMPETITOR_HISTORY, one_line),
        ("Q5", "margins", _HISTORY, any_line),
        ("Q5", "competitor margins", _COMPETITOR_HISTORY, any_line),
    )
    return _latest("Q2", "%s", event, f"event {event}") + tuple(
        Read(
            name=f"{query} {name}, event {event}",
            query=query,
            sql=sql.format(line=line),
            params=(event, OVER_UNDER),
            subject=f"event {event}",
        )
        for query, name, sql, line in histories
    )


def _snapshot_list(event: int) -> tuple[Read, ...]:
    count = "SELECT count(*) FROM odds_snapshots WHERE event_id = %s"
    return (
        Read(name="Q6 snapshot list", query="Q6", sql=_SNAPSHOT_LIST, params=(event,), lists=_LISTS),
        Read(name="Q6 number of snapshots", query="Q6", sql=count, params=(event,)),
    )


def _without_zone(moment: datetime) -> datetime:
    """As a column without a time zone holds it."""
    return moment.astimezone(UTC).replace(tzinfo=None)
