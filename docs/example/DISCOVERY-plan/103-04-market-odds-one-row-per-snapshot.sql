-- Written by `lab discover`, and written anew whenever it runs.
-- drop_raw_response+outcome_normalization_snapshot: phase 103, market_odds: one row per snapshot (file 5 of 12).
\set ON_ERROR_STOP on
SET search_path = public;
SET lock_timeout = '5s';

DROP TABLE IF EXISTS market_odds_blocks, market_odds_exceptions;

CREATE TABLE market_odds_blocks (snapshot_id bigint, first_id bigint NOT NULL, layout integer NOT NULL, odds integer[] NOT NULL, gaps integer[]);

INSERT INTO market_odds_blocks SELECT s.snapshot_id, s.first_id, l.id, coalesce(o.odds, '{}'), (SELECT array_agg(i.id - s.first_id - i.position + 1 ORDER BY i.position) FROM unnest(s.ids) WITH ORDINALITY AS i(id, position)) FROM listed_market_odds s JOIN market_odds_layouts l ON l.markets = s.markets LEFT JOIN (SELECT p.snapshot_id, array_agg(u.odds ORDER BY p.id, u.position) AS odds FROM parsed_market_odds p, unnest(p.odds) WITH ORDINALITY AS u(odds, position) GROUP BY p.snapshot_id) o ON o.snapshot_id = s.snapshot_id ORDER BY s.snapshot_id;

ALTER TABLE market_odds_blocks ADD PRIMARY KEY (snapshot_id);

CREATE TABLE market_odds_exceptions (id bigint PRIMARY KEY, unavailable_at timestamptz, market integer);

INSERT INTO market_odds_exceptions SELECT p.id, p.unavailable_at, d.id FROM parsed_market_odds p LEFT JOIN market_lookup d ON p.verbatim IS NOT NULL AND d.key = md5(ROW(p.betpawa_market_id, p.betpawa_market_name, p.market_groups::text, p.line, p.handicap_type, p.handicap_home, p.handicap_away, p.outcome_names, p.verbatim::text)::text) WHERE p.unavailable_at IS NOT NULL OR p.verbatim IS NOT NULL ORDER BY p.id;

DROP TABLE listed_market_odds;
