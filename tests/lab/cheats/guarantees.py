"""Guarantees dropped in silence: of tables that are not declared, or declared to stay tables."""

from __future__ import annotations

from lab.scenario import Shape
from tests.lab.cheats.cheat import Cheat, differs

CHEATS: dict[str, Cheat] = {
    "drops an index": differs(
        "guarantee market_odds: index",
        "DO $$ BEGIN EXECUTE (SELECT 'DROP INDEX ' || indexrelid::regclass FROM pg_index"
        " WHERE indrelid = 'market_odds'::regclass AND NOT indisprimary LIMIT 1); END $$",
    ),
    "drops an index of a table that it rewrites": differs(
        "guarantee market_odds: index",
        "DO $$ BEGIN EXECUTE (SELECT 'DROP INDEX ' || indexrelid::regclass FROM pg_index"
        " WHERE indrelid = 'market_odds'::regclass AND NOT indisprimary LIMIT 1); END $$",
        changes={"market_odds": Shape.TABLE},
    ),
    "drops a primary key": differs(
        "guarantee market_odds: PRIMARY KEY (id)", "ALTER TABLE market_odds DROP CONSTRAINT market_odds_pkey"
    ),
    "drops a foreign key": differs(
        "guarantee competitor_market_odds: FOREIGN KEY",
        "DO $$ BEGIN EXECUTE (SELECT 'ALTER TABLE competitor_market_odds DROP CONSTRAINT ' || conname FROM pg_constraint"
        " WHERE conrelid = 'competitor_market_odds'::regclass AND contype = 'f' LIMIT 1); END $$",
    ),
    "drops a NOT NULL": differs(
        "guarantee competitor_odds_snapshots.captured_at:",
        "ALTER TABLE competitor_odds_snapshots ALTER captured_at DROP NOT NULL",
    ),
    "drops a default": differs("guarantee market_odds.id:", "ALTER TABLE market_odds ALTER id DROP DEFAULT"),
    "changes a type": differs("guarantee events.home_team:", "ALTER TABLE events ALTER home_team TYPE text"),
    "changes a type whose values compare equal": differs(
        "guarantee market_odds.line:", "ALTER TABLE market_odds ALTER line TYPE numeric"
    ),
    "makes a table that does not survive a crash": differs(
        "guarantee event_scrape_status: survives a crash", "ALTER TABLE event_scrape_status SET UNLOGGED"
    ),
    "puts an undeclared view in the place of a table": differs(
        "guarantee scrape_phase_logs: survives a crash",
        "CREATE UNLOGGED TABLE logs_new AS SELECT * FROM scrape_phase_logs",
        "DROP TABLE scrape_phase_logs",
        "CREATE VIEW scrape_phase_logs AS SELECT * FROM logs_new",
    ),
}
