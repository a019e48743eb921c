"""The generator's parameters: from the profile where it gives them, else from a base case."""

from __future__ import annotations

from typing import Any

from data_gen.bisection import bisected
from data_gen.calibration.calendar import last_capture, moment_after, sessions, share_before
from data_gen.calibration.churn import list_churn
from data_gen.calibration.facts import RUNS, SCRAPES, Facts
from data_gen.calibration.index_set import index_set
from data_gen.calibration.notes import Notes
from data_gen.calibration.rate import change_rate
from data_gen.calibration.widths import widths
from data_gen.calibration.windows import Repeated
from data_gen.case import WINDOW_HOURS, Case, Session
from data_gen.events import DatasetPlan
from data_gen.facts import COMPETITOR_MARKETS, COMPETITORS, HOME, HOME_MARKETS
from lab.values import CHANGE_RATE, LIST_CHURN, Series

_PLATFORMS = ("sportybet", "bet9ja")
_EVENTS = 200
"""Enough events to show how the share of event-scrapes depends on the window."""
_TELLING = 0.02
"""Minimum share of snapshots with equal market rows to judge whether their documents are equal too."""

Parameters = dict[str, Any]


def imitating(facts: Facts, base: Case, notes: Notes) -> Case:
    """The base case with every value replaced that the profile gives."""
    days = sessions(facts, base, notes)
    first = base.first_captured if days == base.workload.sessions else days[0].start
    case = base.model_copy(update={"first_captured": first, "last_captured": last_capture(days[-1])})
    case = case.updated({"sessions": days, **_moments(days, facts, base, notes), **_amounts(facts, base, days, notes)})
    case = case.updated(_window(facts, case, notes))
    case = case.updated(_lists(facts, case, notes))
    case = case.updated(_changes(facts, case, notes))
    case = case.updated(widths(facts, case, notes) | index_set(facts, notes))
    _note_missing(facts, notes)
    return case


def _note_missing(facts: Facts, notes: Notes) -> None:
    """Note everything that the generator has no parameter for."""
    for table, size in facts.unmodelled_tables():
        notes.assume(f"Table {table}, {size / 2**20:,.0f} MB", "not imitated")
    if other := [f"{share:.0%} {codec}" for codec, share in facts.codecs().items() if codec not in ("pglz", "none")]:
        notes.assume("Documents are stored as the server does by default, and not", ", ".join(other))


def _moments(days: tuple[Session, ...], facts: Facts, base: Case, notes: Notes) -> Parameters:
    """When the schema changed."""
    own, usual = base.workload, base.workload.sessions
    filled = notes.choose(
        "Share of the cycles before last_confirmed_at was filled in, by what room that left",
        facts.rewritten,
        share_before(own.backfill_at, usual),
    )
    there = notes.choose("An index on (snapshot_id, betpawa_market_id)", facts.has_late_index, own.index_at is not None)
    indexed = share_before(own.index_at, usual) if own.index_at else filled
    if there:
        notes.assume("Share of the cycles before that index was made", f"{indexed:.4g}")
    backfill = moment_after(filled, days)
    index = max(moment_after(indexed, days), backfill)  # the schema changes in this order
    return {"backfill_at": backfill, "index_at": index if there else None}


def _amounts(facts: Facts, base: Case, days: tuple[Session, ...], notes: Notes) -> Parameters:
    """How many events, snapshots and market rows are stored."""
    own = base.workload
    events = _events_per_cycle(facts, own.home_inserts, sum(day.cycles for day in days))
    home_share = facts.ratio("event_bookmakers", "events")
    return {
        "events_per_cycle": notes.choose("Events per cycle", events, own.events_per_cycle),
        "home_inserts": notes.choose("Home snapshots per event-scrape", facts.ratio(HOME, SCRAPES), own.home_inserts),
        "home_share": notes.choose("Share of events with the home bookmaker", _share(home_share), own.home_share),
        "home_rows": notes.choose("Market rows per home snapshot", facts.ratio(HOME_MARKETS, HOME), own.home_rows),
        **_competitors(facts, base, notes),
    }


def _share(ratio: float | None) -> float | None:
    return None if ratio is None else min(ratio, 1.0)


def _events_per_cycle(facts: Facts, home_inserts: float, cycles: int) -> float | None:
    scrapes, snapshots = facts.rows(SCRAPES), facts.rows(HOME)
    if scrapes is not None:
        return scrapes / (facts.rows(RUNS) or cycles)
    return None if snapshots is None else snapshots / home_inserts / cycles


def _competitors(facts: Facts, base: Case, notes: Notes) -> Parameters:
    own, shares = base.workload, facts.shares()
    events = facts.ratio("competitor_events", "events")
    covered = {name: _share(events * shares[name]) for name in _PLATFORMS if events is not None and name in shares}
    if others := sorted(set(shares) - set(_PLATFORMS)):
        notes.assume(f"Snapshots of {', '.join(others)}", f"not imitated; those of {' and '.join(_PLATFORMS)} are")
    rows = notes.choose(
        "Market rows per competitor snapshot", facts.ratio(COMPETITOR_MARKETS, COMPETITORS), own.competitor_rows
    )
    only = rows * own.competitor_only_rows / own.competitor_rows
    notes.assume("Market rows per snapshot of events that only competitors have", f"{only:.4g}")
    return {
        "sportybet_share": notes.choose("Share of events on sportybet", covered.get("sportybet"), own.sportybet_share),
        "bet9ja_share": notes.choose("Share of events on bet9ja", covered.get("bet9ja"), own.bet9ja_share),
        "competitor_rows": rows,
        "competitor_only_rows": only,
    }


def _window(facts: Facts, case: Case, notes: Notes) -> Parameters:
    """How long events are followed: a longer window means that an event is scraped in a larger share of the cycles."""
    runs, per_event = facts.rows(RUNS), facts.ratio(SCRAPES, "events")
    measured = None
    if runs and per_event is not None:
        wanted = per_event / runs
        measured = bisected(lambda hours: _followed(case, hours), wanted, *WINDOW_HOURS)
    return {"window_hours": notes.choose("Hours that an event is followed", measured, case.workload.window_hours)}


def _followed(case: Case, hours: float) -> float:
    """Mean share of the cycles in which an event is scraped, over the events that are scraped at least once."""
    scraped = DatasetPlan(case.updated({"window_hours": hours}), _EVENTS, 1).scraped
    events = int(scraped.any(axis=1).sum())
    return int(scraped.sum()) / max(events * int(scraped.shape[1]), 1)


def _lists(facts: Facts, case: Case, notes: Notes) -> Parameters:
    """How often lists of markets change. Comes before `_changes`, because how often rows repeat depends on it."""
    churn = list_churn(case, *(_repeated_lists(facts.series(side)) for side in (HOME, COMPETITORS)))
    what = f"How often lists of markets change, as a multiple of case {notes.base}'s"
    return {"list_churn": notes.choose(what, churn, case.workload.list_churn, parameter=LIST_CHURN)}


def _repeated_lists(series: Series | None) -> Repeated | None:
    if series is None or series.equal_lists is None:
        return None
    return Repeated(share=series.equal_lists.value, compared=series.pairs)


def _changes(facts: Facts, case: Case, notes: Notes) -> Parameters:
    """How often prices change, and whether a document changes while its prices do not."""
    own, series = case.workload, facts.series(HOME)
    rate = change_rate(case, _repeated_rows(series), _repeated_rows(facts.series(COMPETITORS)))
    renewal = None
    payloads, snapshots = (series.equal_payloads, series.equal_snapshots) if series else (None, None)
    if payloads and snapshots and snapshots.value >= _TELLING:
        always_new = payloads.value < snapshots.value / 2
        renewal = "every_response" if always_new else "price"
    return {
        "change_rate": notes.choose(
            f"How often prices change, as a multiple of case {notes.base}'s",
            rate,
            own.change_rate,
            parameter=CHANGE_RATE,
        ),
        "probability_renewal": notes.choose(
            "A home document's probabilities are renewed with", renewal, own.probability_renewal
        ),
    }


def _repeated_rows(series: Series | None) -> Repeated | None:
    if series is None or series.equal_market_rows is None:
        return None
    return Repeated(share=series.equal_market_rows.value, compared=series.market_rows_compared)
