-- Written by `lab discover`, and written anew whenever it runs.
-- pack_raw_response+pack_market_history: how the application writes afterwards. Executed as it is, it changes nothing.
\set ON_ERROR_STOP on
SET search_path = public;
SET lock_timeout = '5s';

BEGIN;

-- What a writer is about to write. Here it stays empty, with the columns of the table as it is now. The statements
-- expect rows of the table as it was before: of changed rows the key and the new values, of deleted ones the key.
-- Every transaction is READ COMMITTED: another level does not see what was committed while it waited for a lock.
CREATE TEMP TABLE inserted_competitor_market_odds AS SELECT * FROM competitor_market_odds WITH NO DATA;
CREATE TEMP TABLE updated_competitor_market_odds AS SELECT * FROM competitor_market_odds WITH NO DATA;
CREATE TEMP TABLE deleted_competitor_market_odds AS SELECT * FROM competitor_market_odds WITH NO DATA;
CREATE TEMP TABLE inserted_competitor_odds_snapshots AS SELECT * FROM competitor_odds_snapshots WITH NO DATA;
CREATE TEMP TABLE deleted_competitor_odds_snapshots AS SELECT * FROM competitor_odds_snapshots WITH NO DATA;
CREATE TEMP TABLE inserted_market_odds AS SELECT * FROM market_odds WITH NO DATA;
CREATE TEMP TABLE updated_market_odds AS SELECT * FROM market_odds WITH NO DATA;
CREATE TEMP TABLE deleted_market_odds AS SELECT * FROM market_odds WITH NO DATA;
CREATE TEMP TABLE inserted_odds_snapshots AS SELECT * FROM odds_snapshots WITH NO DATA;
CREATE TEMP TABLE deleted_odds_snapshots AS SELECT * FROM odds_snapshots WITH NO DATA;

-- odds_snapshots: once for each connection.

CREATE TEMP TABLE odds_snapshots_packed (id bigint, packed bytea, reference bytea) ON COMMIT DELETE ROWS;

CREATE TEMP TABLE odds_snapshots_released (owner bigint, id bigint) ON COMMIT DELETE ROWS;

-- competitor_odds_snapshots: once for each connection.

CREATE TEMP TABLE competitor_odds_snapshots_packed (id bigint, packed bytea, reference bytea) ON COMMIT DELETE ROWS;

CREATE TEMP TABLE competitor_odds_snapshots_released (owner bigint, id bigint) ON COMMIT DELETE ROWS;

-- odds_snapshots: the writer does this in Python: pack the new documents of odds_snapshots. What it makes of the rows of the query goes into odds_snapshots_packed (id, packed, reference).
--   SELECT n.id, n.owner, n.platform, (SELECT t.raw_response::text FROM inserted_odds_snapshots t WHERE t.id = n.id) FROM (SELECT t.id, t.event_id AS owner, p.slug::text AS platform FROM inserted_odds_snapshots t JOIN bookmakers p ON p.id = t.bookmaker_id WHERE t.raw_response IS NOT NULL AND true ORDER BY owner, platform, t.id OFFSET 0) n

-- odds_snapshots: store new rows.

INSERT INTO odds_snapshots_references SELECT id, reference FROM odds_snapshots_packed WHERE reference IS NOT NULL ORDER BY id;

INSERT INTO odds_snapshots (id, event_id, bookmaker_id, captured_at, scrape_run_id, raw_response, last_confirmed_at) SELECT i.id, i.event_id, i.bookmaker_id, i.captured_at, i.scrape_run_id, p.packed, i.last_confirmed_at FROM inserted_odds_snapshots i LEFT JOIN odds_snapshots_packed p ON p.id = i.id ORDER BY i.id;

-- competitor_odds_snapshots: the writer does this in Python: pack the new documents of competitor_odds_snapshots. What it makes of the rows of the query goes into competitor_odds_snapshots_packed (id, packed, reference).
--   SELECT n.id, n.owner, n.platform, (SELECT t.raw_response::text FROM inserted_competitor_odds_snapshots t WHERE t.id = n.id) FROM (SELECT t.id, t.competitor_event_id AS owner, p.source::text AS platform FROM inserted_competitor_odds_snapshots t JOIN competitor_events p ON p.id = t.competitor_event_id WHERE t.raw_response IS NOT NULL AND true ORDER BY owner, platform, t.id OFFSET 0) n

-- competitor_odds_snapshots: store new rows.

INSERT INTO competitor_odds_snapshots_references SELECT id, reference FROM competitor_odds_snapshots_packed WHERE reference IS NOT NULL ORDER BY id;

INSERT INTO competitor_odds_snapshots (id, competitor_event_id, captured_at, scrape_run_id, raw_response, last_confirmed_at) SELECT i.id, i.competitor_event_id, i.captured_at, i.scrape_run_id, p.packed, i.last_confirmed_at FROM inserted_competitor_odds_snapshots i LEFT JOIN competitor_odds_snapshots_packed p ON p.id = i.id ORDER BY i.id;

-- market_odds: store new rows.

INSERT INTO market_odds_rows (id, snapshot_id, betpawa_market_id, betpawa_market_name, market_groups, line, handicap_type, handicap_home, handicap_away, outcomes, unavailable_at) SELECT id, snapshot_id, betpawa_market_id, betpawa_market_name, market_groups, line, handicap_type, handicap_home, handicap_away, outcomes, unavailable_at FROM inserted_market_odds;

INSERT INTO market_odds_blocks (snapshot_id) SELECT DISTINCT snapshot_id FROM inserted_market_odds;

-- competitor_market_odds: store new rows.

INSERT INTO competitor_market_odds_rows (id, snapshot_id, betpawa_market_id, betpawa_market_name, market_groups, line, handicap_type, handicap_home, handicap_away, outcomes, unavailable_at) SELECT id, snapshot_id, betpawa_market_id, betpawa_market_name, market_groups, line, handicap_type, handicap_home, handicap_away, outcomes, unavailable_at FROM inserted_competitor_market_odds;

INSERT INTO competitor_market_odds_blocks (snapshot_id) SELECT DISTINCT snapshot_id FROM inserted_competitor_market_odds;

-- market_odds: change rows.

UPDATE market_odds_rows t SET unavailable_at = u.unavailable_at FROM updated_market_odds u WHERE t.snapshot_id = u.snapshot_id AND t.betpawa_market_id = u.betpawa_market_id;

DO $$ BEGIN IF EXISTS (SELECT FROM updated_market_odds u JOIN market_odds_blocks b ON b.snapshot_id = u.snapshot_id JOIN market_odds_places l ON l.layout = b.layout AND l.betpawa_market_id = u.betpawa_market_id WHERE get_bit(b.listed, l.position - 1) <> 0) THEN RAISE EXCEPTION 'A market of market_odds is packed by now, and a packed row cannot be changed'; END IF; END $$;

-- competitor_market_odds: change rows.

UPDATE competitor_market_odds_rows t SET unavailable_at = u.unavailable_at FROM updated_competitor_market_odds u WHERE t.snapshot_id = u.snapshot_id AND t.betpawa_market_id = u.betpawa_market_id;

DO $$ BEGIN IF EXISTS (SELECT FROM updated_competitor_market_odds u JOIN competitor_market_odds_blocks b ON b.snapshot_id = u.snapshot_id JOIN competitor_market_odds_places l ON l.layout = b.layout AND l.betpawa_market_id = u.betpawa_market_id WHERE get_bit(b.listed, l.position - 1) <> 0) THEN RAISE EXCEPTION 'A market of competitor_market_odds is packed by now, and a packed row cannot be changed'; END IF; END $$;

-- odds_snapshots: before any rows are deleted.

INSERT INTO odds_snapshots_released SELECT DISTINCT t.event_id, ('x' || encode(substr(t.raw_response, 1, 8), 'hex'))::bit(64)::bigint FROM odds_snapshots t JOIN deleted_odds_snapshots d ON d.id = t.id WHERE t.raw_response IS NOT NULL;

-- competitor_odds_snapshots: before any rows are deleted.

INSERT INTO competitor_odds_snapshots_released SELECT DISTINCT t.competitor_event_id, ('x' || encode(substr(t.raw_response, 1, 8), 'hex'))::bit(64)::bigint FROM competitor_odds_snapshots t JOIN deleted_competitor_odds_snapshots d ON d.id = t.id WHERE t.raw_response IS NOT NULL;

-- market_odds: before any rows are deleted.

LOCK TABLE market_odds_places IN SHARE ROW EXCLUSIVE MODE;

-- competitor_market_odds: before any rows are deleted.

LOCK TABLE competitor_market_odds_places IN SHARE ROW EXCLUSIVE MODE;

-- competitor_market_odds: delete rows.

DELETE FROM competitor_market_odds_rows t USING deleted_competitor_market_odds d WHERE t.snapshot_id = d.snapshot_id;

DELETE FROM competitor_market_odds_blocks t USING deleted_competitor_market_odds d WHERE t.snapshot_id = d.snapshot_id;

DELETE FROM competitor_market_odds_places l WHERE NOT EXISTS (SELECT FROM competitor_market_odds_blocks b WHERE b.layout = l.layout);

-- market_odds: delete rows.

DELETE FROM market_odds_rows t USING deleted_market_odds d WHERE t.snapshot_id = d.snapshot_id;

DELETE FROM market_odds_blocks t USING deleted_market_odds d WHERE t.snapshot_id = d.snapshot_id;

DELETE FROM market_odds_places l WHERE NOT EXISTS (SELECT FROM market_odds_blocks b WHERE b.layout = l.layout);

-- odds_snapshots: after all rows were deleted, in the same transaction.

LOCK TABLE odds_snapshots_references IN EXCLUSIVE MODE;

DELETE FROM odds_snapshots_references r USING odds_snapshots_released g WHERE r.id = g.id AND NOT EXISTS (SELECT FROM odds_snapshots t WHERE t.event_id = g.owner AND ('x' || encode(substr(t.raw_response, 1, 8), 'hex'))::bit(64)::bigint = r.id);

-- competitor_odds_snapshots: after all rows were deleted, in the same transaction.

LOCK TABLE competitor_odds_snapshots_references IN EXCLUSIVE MODE;

DELETE FROM competitor_odds_snapshots_references r USING competitor_odds_snapshots_released g WHERE r.id = g.id AND NOT EXISTS (SELECT FROM competitor_odds_snapshots t WHERE t.competitor_event_id = g.owner AND ('x' || encode(substr(t.raw_response, 1, 8), 'hex'))::bit(64)::bigint = r.id);

ROLLBACK;
