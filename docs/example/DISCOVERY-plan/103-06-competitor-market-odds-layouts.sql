-- Written by `lab discover`, and written anew whenever it runs.
-- drop_raw_response+outcome_normalization_snapshot: phase 103, competitor_market_odds: layouts (file 7 of 12).
\set ON_ERROR_STOP on
SET search_path = public;
SET lock_timeout = '5s';

DROP TABLE IF EXISTS listed_competitor_market_odds, competitor_market_odds_layouts;

CREATE UNLOGGED TABLE listed_competitor_market_odds AS SELECT p.snapshot_id, min(p.id) AS first_id, array_agg(d.id ORDER BY p.id) AS markets, array_agg(cardinality(p.odds) ORDER BY p.id) AS counts, CASE WHEN max(p.id) - min(p.id) + 1 <> count(*) THEN array_agg(p.id ORDER BY p.id) END AS ids FROM parsed_competitor_market_odds p JOIN market_lookup d ON d.key = md5(ROW(p.betpawa_market_id, p.betpawa_market_name, p.market_groups::text, p.line, p.handicap_type, p.handicap_home, p.handicap_away, p.outcome_names)::text) GROUP BY p.snapshot_id;

CREATE TABLE competitor_market_odds_layouts (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, markets integer[] NOT NULL, starts integer[] NOT NULL);

INSERT INTO competitor_market_odds_layouts (markets, starts) SELECT l.markets, (SELECT array_agg(s.start ORDER BY s.position) FROM (SELECT position, 1 + sum(n) OVER (ORDER BY position) - n AS start FROM unnest(l.counts) WITH ORDINALITY AS c(n, position)) s) FROM (SELECT DISTINCT ON (markets) markets, counts FROM listed_competitor_market_odds ORDER BY markets) l;
