-- Written by `lab discover`, and written anew whenever it runs.
-- pack_raw_response+pack_market_history: phase 103, market_odds: markets and layouts (file 17 of 23).
\set ON_ERROR_STOP on
SET search_path = public;
SET lock_timeout = '5s';

DROP TABLE IF EXISTS market_odds_rows, market_odds_blocks, market_odds_places;

CREATE TABLE market_odds_rows (LIKE market_odds INCLUDING ALL);

CREATE TABLE market_odds_blocks (snapshot_id bigint, first_id bigint, layout integer, odds real[], listed varbit, breaks smallint[], shifts integer[]) WITH (toast_tuple_target = 8160);

CREATE TABLE market_odds_places (layout integer NOT NULL, market integer NOT NULL, start integer NOT NULL, position smallint NOT NULL, line float8, betpawa_market_id varchar(50) NOT NULL);

DROP TABLE IF EXISTS chosen_market_odds;

CREATE UNLOGGED TABLE chosen_market_odds AS
SELECT m.snapshot_id, dense_rank() OVER (ORDER BY s.event_id, s.bookmaker_id, CASE WHEN s.id IS NULL THEN m.snapshot_id END)::integer AS book
FROM (SELECT DISTINCT snapshot_id FROM market_odds) m LEFT JOIN odds_snapshots s ON s.id = m.snapshot_id
WHERE m.snapshot_id NOT IN (SELECT max(s.id) FROM odds_snapshots s JOIN events e ON e.id = s.event_id WHERE e.kickoff > (SELECT max(captured_at) FROM odds_snapshots) - interval '2 hours' GROUP BY s.event_id, s.bookmaker_id);

ANALYZE chosen_market_odds;

DROP TABLE IF EXISTS parsed_market_odds;

CREATE UNLOGGED TABLE parsed_market_odds AS
SELECT *, md5(ROW(p.betpawa_market_id, p.betpawa_market_name, p.market_groups::text, p.line, p.handicap_type, p.handicap_home, p.handicap_away, p.outcome_names)::text) AS key FROM (
SELECT m.id, m.snapshot_id, m.betpawa_market_id, m.betpawa_market_name, m.market_groups, m.line, m.handicap_type, m.handicap_home, m.handicap_away, m.unavailable_at, coalesce(o.names, '{}') AS outcome_names,
       coalesce(o.odds, '{}') AS odds, o.active, CASE WHEN NOT o.fits THEN m.outcomes END AS verbatim
FROM (SELECT t.* FROM market_odds t JOIN chosen_market_odds c ON c.snapshot_id = t.snapshot_id) m
CROSS JOIN LATERAL (
  SELECT array_agg(coalesce(name #>> '{}', '') ORDER BY position) AS names,
         array_agg(CASE WHEN fits THEN odds::real ELSE 0 END ORDER BY position) AS odds,
         array_agg(fits AND active = 'true' ORDER BY position) AS active,
         coalesce(bool_and(fits), false) AS fits
  FROM (
    SELECT position, name, odds, active, coalesce(CASE WHEN jsonb_typeof(outcome) = 'object' THEN
             jsonb_typeof(name) = 'string' AND jsonb_typeof(active) = 'boolean' AND active = 'true' AND CASE WHEN odds BETWEEN 0.001 AND 999999 THEN odds::real::text::numeric = odds END
             AND outcome - '{name,odds,is_active}'::text[] = '{}' END, false) AS fits
    FROM (
      SELECT position, outcome, outcome->'name' AS name, outcome->'is_active' AS active,
             CASE WHEN jsonb_typeof(outcome->'odds') = 'number' THEN (outcome->'odds')::numeric END AS odds
      FROM jsonb_array_elements(CASE WHEN json_typeof(m.outcomes) = 'array' THEN m.outcomes::jsonb ELSE '[]' END)
           WITH ORDINALITY AS elements(outcome, position)
      OFFSET 0
    ) read
    OFFSET 0
  ) judged
) o
) p;

ANALYZE parsed_market_odds;

INSERT INTO market_lookup (key, betpawa_market_id, betpawa_market_name, market_groups, line, handicap_type, handicap_home, handicap_away, prices, template)
SELECT p.key, p.betpawa_market_id, p.betpawa_market_name, p.market_groups::json, p.line, p.handicap_type, p.handicap_home, p.handicap_away, cardinality(p.outcome_names),
       '[' || (SELECT string_agg('{"name": ' || replace(to_json(name)::text, '%', '%%') || ', "odds": %' || position
                                 || '$s, "is_active": true}', ', ' ORDER BY position)
               FROM unnest(p.outcome_names) WITH ORDINALITY AS n(name, position)) || ']'
FROM (SELECT DISTINCT ON (key) * FROM parsed_market_odds WHERE verbatim IS NULL ORDER BY key) p
WHERE NOT EXISTS (SELECT FROM market_lookup d WHERE d.key = p.key)
ORDER BY p.betpawa_market_id, p.line, p.key
ON CONFLICT (key) DO NOTHING;

DROP TABLE IF EXISTS placed_market_odds;

CREATE UNLOGGED TABLE placed_market_odds AS
SELECT id, snapshot_id, book, market, odds, id - min(id) OVER (PARTITION BY snapshot_id) AS rank
FROM (SELECT p.id, p.snapshot_id, c.book, d.id AS market, p.odds,
             row_number() OVER (PARTITION BY p.snapshot_id, d.id ORDER BY p.id) AS twin
      FROM parsed_market_odds p JOIN chosen_market_odds c ON c.snapshot_id = p.snapshot_id JOIN market_lookup d ON d.key = p.key
      WHERE p.verbatim IS NULL AND p.unavailable_at IS NULL) rows
WHERE twin = 1;

ANALYZE placed_market_odds;

DROP TABLE IF EXISTS books_market_odds;

CREATE UNLOGGED TABLE books_market_odds AS
SELECT k.book, coalesce(k.layout, (SELECT coalesce(max(layout), 0) FROM market_odds_places)
                                  + row_number() OVER (PARTITION BY k.layout IS NULL ORDER BY k.book))::integer AS layout,
       k.layout IS NULL AS fresh
FROM (SELECT b.book, CASE WHEN NOT EXISTS (
               SELECT FROM placed_market_odds p WHERE p.book = b.book AND NOT EXISTS (
                 SELECT FROM market_odds_places l WHERE l.layout = b.layout AND l.market = p.market)) THEN b.layout END AS layout
      FROM (SELECT c.book, max(o.layout) AS layout
            FROM chosen_market_odds c LEFT JOIN odds_snapshots s ON s.id = c.snapshot_id
            LEFT JOIN LATERAL (SELECT max(t.layout) AS layout FROM odds_snapshots e JOIN market_odds_blocks t ON t.snapshot_id = e.id
                               WHERE e.event_id = s.event_id AND e.bookmaker_id = s.bookmaker_id) o ON true
            GROUP BY c.book) b) k;

ANALYZE books_market_odds;

INSERT INTO market_odds_places (layout, market, start, position, line, betpawa_market_id)
SELECT k.layout, k.market, 1 + sum(d.prices) OVER (PARTITION BY k.layout ORDER BY k.position) - d.prices, k.position,
       d.line, d.betpawa_market_id
FROM (SELECT b.layout, p.market, row_number() OVER (PARTITION BY b.layout ORDER BY avg(p.rank), p.market) AS position
      FROM placed_market_odds p JOIN books_market_odds b ON b.book = p.book WHERE b.fresh GROUP BY b.layout, p.market) k
JOIN market_lookup d ON d.id = k.market
ORDER BY k.layout, k.position;

DROP TABLE IF EXISTS cells_market_odds;

CREATE UNLOGGED TABLE cells_market_odds AS
SELECT *, CASE WHEN id IS NOT NULL THEN shift - coalesce(lag(shift) OVER (PARTITION BY snapshot_id, id IS NULL
                                                                        ORDER BY position), 0) END AS jump
FROM (SELECT s.snapshot_id, s.layout, s.first_id, l.position, p.id,
             coalesce(p.odds, array_fill(0::real, ARRAY[d.prices])) AS odds,
             (p.id - s.first_id - count(p.id) OVER (PARTITION BY s.snapshot_id ORDER BY l.position) + 1)::integer AS shift
      FROM (SELECT p.snapshot_id, b.layout, min(p.id) AS first_id
            FROM placed_market_odds p JOIN books_market_odds b ON b.book = p.book GROUP BY p.snapshot_id, b.layout) s
      JOIN market_odds_places l ON l.layout = s.layout
      JOIN market_lookup d ON d.id = l.market
      LEFT JOIN placed_market_odds p ON p.snapshot_id = s.snapshot_id AND p.market = l.market) cells;

ANALYZE cells_market_odds;
