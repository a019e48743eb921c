"""Rows and values that change by next to nothing."""

from __future__ import annotations

from lab.scenario import Shape, lost_rows, lost_values
from tests.lab.cheats.cheat import Cheat, differs

_OLD = "captured_at < (SELECT max(captured_at) - interval '5 days' FROM odds_snapshots)"
_EMPTIED = {
    "empties": lambda _: {"odds_snapshots.raw_response": f"t.{_OLD}"},
    "losses": (lost_values("odds_snapshots.raw_response", "of snapshots older than 5 days"),),
}
_VIEW = {"changes": {"scrape_runs": Shape.VIEW}}


def _view(select: str, *before: str) -> tuple[str, ...]:
    """`scrape_runs` becomes a view that reads its rows from `runs_new`."""
    return (*before, "ALTER TABLE scrape_runs RENAME TO runs_new", f"CREATE VIEW scrape_runs AS {select}")


CHEATS: dict[str, Cheat] = {
    "loses one row": differs(
        "table market_odds", "DELETE FROM market_odds WHERE id = (SELECT max(id) FROM market_odds)"
    ),
    "changes one price by 0.01": differs(
        "table market_odds",
        "UPDATE market_odds SET outcomes = jsonb_set(outcomes::jsonb, '{0,odds}',"
        " to_jsonb((outcomes->0->>'odds')::numeric + 0.01))::json WHERE id = (SELECT min(id) FROM market_odds)",
    ),
    "swaps two times": differs(
        "table odds_snapshots",
        "UPDATE odds_snapshots s SET captured_at = o.captured_at FROM odds_snapshots o WHERE (s.id, o.id) IN"
        " (SELECT min(id), max(id) FROM odds_snapshots UNION ALL SELECT max(id), min(id) FROM odds_snapshots)",
    ),
    "rewrites the white space of a document": differs(
        "table competitor_odds_snapshots",
        "UPDATE competitor_odds_snapshots SET raw_response = (raw_response::text || ' ')::json"
        " WHERE id = (SELECT min(id) FROM competitor_odds_snapshots)",
    ),
    "rewrites the order of keys of a document": differs(
        "table competitor_odds_snapshots",
        "UPDATE competitor_odds_snapshots SET raw_response = raw_response::jsonb::json"
        " WHERE id = (SELECT min(id) FROM competitor_odds_snapshots)",
    ),
    "writes a number of a jsonb document with another scale": differs(
        "table odds_snapshots",
        "UPDATE odds_snapshots SET raw_response = regexp_replace(raw_response::text, '(\\d\\.\\d+)', '\\10')::jsonb"
        " WHERE id = (SELECT min(id) FROM odds_snapshots)",
    ),
    "deletes one row more than declared": differs(
        "table event_scrape_status",
        "DELETE FROM event_scrape_status WHERE id <= 10",
        keeps=lambda _: {"event_scrape_status": "SELECT t.* FROM public.event_scrape_status t WHERE t.id > 9"},
        losses=(lost_rows("nine rows"),),
    ),
    "deletes one row less than declared": differs(
        "table event_scrape_status",
        "DELETE FROM event_scrape_status WHERE id <= 8",
        keeps=lambda _: {"event_scrape_status": "SELECT t.* FROM public.event_scrape_status t WHERE t.id > 9"},
        losses=(lost_rows("nine rows"),),
    ),
    "empties one payload more than declared": differs(
        "table odds_snapshots",
        f"UPDATE odds_snapshots SET raw_response = NULL WHERE {_OLD} OR id = (SELECT max(id) FROM odds_snapshots)",
        **_EMPTIED,
    ),
    "empties one payload less than declared": differs(
        "table odds_snapshots",
        f"UPDATE odds_snapshots SET raw_response = NULL WHERE {_OLD} AND id > (SELECT min(id) FROM odds_snapshots)",
        **_EMPTIED,
    ),
    "writes another value where it declares none": differs(
        "table odds_snapshots", f"UPDATE odds_snapshots SET raw_response = 'null' WHERE {_OLD}", **_EMPTIED
    ),
    "empties another column of the rows, too": differs(
        "table odds_snapshots",
        f"UPDATE odds_snapshots SET raw_response = NULL, last_confirmed_at = NULL WHERE {_OLD}",
        **_EMPTIED,
    ),
    "deletes the rows whose payload it declares lost": differs(
        "table odds_snapshots", f"DELETE FROM odds_snapshots WHERE {_OLD}", **_EMPTIED
    ),
    "drops the column of which it declares a part": differs(
        "table odds_snapshots", "ALTER TABLE odds_snapshots DROP COLUMN raw_response", **_EMPTIED
    ),
    "a view with its columns in another order": differs(
        "columns of scrape_runs",
        "ALTER TABLE scrape_runs RENAME TO runs_new",
        "DO $$ BEGIN EXECUTE (SELECT 'CREATE VIEW scrape_runs AS SELECT ' || string_agg(quote_ident(attname), ', '"
        " ORDER BY attnum DESC) || ' FROM runs_new' FROM pg_attribute WHERE attrelid = 'runs_new'::regclass"
        " AND attnum > 0); END $$",
        **_VIEW,
    ),
    "a view whose order of reads differs": differs(
        "Q",
        "ALTER TABLE odds_snapshots RENAME TO snapshots_new",
        "CREATE VIEW odds_snapshots AS SELECT id, event_id, bookmaker_id, captured_at::text AS captured_at,"
        " scrape_run_id, raw_response, last_confirmed_at FROM snapshots_new",
        changes={"odds_snapshots": Shape.VIEW},
    ),
    "a view that forgets a row by chance": differs(
        "asked again",
        *_view("SELECT r.* FROM runs_new r WHERE nextval('answers') <= (SELECT count(*) FROM runs_new)",
               "CREATE SEQUENCE answers"),
        **_VIEW,
    ),
    "a view for the one who asks": differs(
        "asked again", *_view("SELECT r.* FROM runs_new r WHERE current_user = session_user"
                              " AND current_user::text IN (SELECT rolname FROM pg_roles WHERE rolsuper)"), **_VIEW
    ),
    "a table of the same name in front": differs(
        "table scrape_runs",
        "CREATE SCHEMA postgres",
        "ALTER TABLE scrape_runs SET SCHEMA postgres",
    ),
}  # fmt: skip
"""Of a json document in a column that compares by content, none of this is a change: see `test_cheats`."""
