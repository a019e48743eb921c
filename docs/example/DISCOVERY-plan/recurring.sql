-- Written by `lab discover`, and written anew whenever it runs.
-- pack_raw_response+pack_market_history: execute it again and again.
\set ON_ERROR_STOP on
SET search_path = public;
SET lock_timeout = '5s';

BEGIN;

LOCK TABLE market_odds_places IN SHARE ROW EXCLUSIVE MODE;

CREATE TEMP TABLE chosen_market_odds AS
SELECT m.snapshot_id, dense_rank() OVER (ORDER BY s.event_id, s.bookmaker_id, CASE WHEN s.id IS NULL THEN m.snapshot_id END)::integer AS book
FROM (SELECT snapshot_id FROM market_odds_blocks WHERE layout IS NULL FOR UPDATE) m LEFT JOIN odds_snapshots s ON s.id = m.snapshot_id
WHERE m.snapshot_id NOT IN (SELECT max(s.id) FROM odds_snapshots s JOIN events e ON e.id = s.event_id WHERE e.kickoff > (SELECT max(captured_at) FROM odds_snapshots) - interval '2 hours' GROUP BY s.event_id, s.bookmaker_id);

CREATE TEMP TABLE parsed_market_odds AS
SELECT *, md5(ROW(p.betpawa_market_id, p.betpawa_market_name, p.market_groups::text, p.line, p.handicap_type, p.handicap_home, p.handicap_away, p.outcome_names)::text) AS key FROM (
SELECT m.id, m.snapshot_id, m.betpawa_market_id, m.betpawa_market_name, m.market_groups, m.line, m.handicap_type, m.handicap_home, m.handicap_away, m.unavailable_at, coalesce(o.names, '{}') AS outcome_names,
       coalesce(o.odds, '{}') AS odds, o.active, CASE WHEN NOT o.fits THEN m.outcomes END AS verbatim
FROM (SELECT t.* FROM market_odds_rows t JOIN chosen_market_odds c ON c.snapshot_id = t.snapshot_id FOR UPDATE OF t) m
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

INSERT INTO market_lookup (key, betpawa_market_id, betpawa_market_name, market_groups, line, handicap_type, handicap_home, handicap_away, prices, template)
SELECT p.key, p.betpawa_market_id, p.betpawa_market_name, p.market_groups::json, p.line, p.handicap_type, p.handicap_home, p.handicap_away, cardinality(p.outcome_names),
       '[' || (SELECT string_agg('{"name": ' || replace(to_json(name)::text, '%', '%%') || ', "odds": %' || position
                                 || '$s, "is_active": true}', ', ' ORDER BY position)
               FROM unnest(p.outcome_names) WITH ORDINALITY AS n(name, position)) || ']'
FROM (SELECT DISTINCT ON (key) * FROM parsed_market_odds WHERE verbatim IS NULL ORDER BY key) p
WHERE NOT EXISTS (SELECT FROM market_lookup d WHERE d.key = p.key)
ORDER BY p.betpawa_market_id, p.line, p.key
ON CONFLICT (key) DO NOTHING;

CREATE TEMP TABLE placed_market_odds AS
SELECT id, snapshot_id, book, market, odds, id - min(id) OVER (PARTITION BY snapshot_id) AS rank
FROM (SELECT p.id, p.snapshot_id, c.book, d.id AS market, p.odds,
             row_number() OVER (PARTITION BY p.snapshot_id, d.id ORDER BY p.id) AS twin
      FROM parsed_market_odds p JOIN chosen_market_odds c ON c.snapshot_id = p.snapshot_id JOIN market_lookup d ON d.key = p.key
      WHERE p.verbatim IS NULL AND p.unavailable_at IS NULL) rows
WHERE twin = 1;

CREATE TEMP TABLE books_market_odds AS
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

INSERT INTO market_odds_places (layout, market, start, position, line, betpawa_market_id)
SELECT k.layout, k.market, 1 + sum(d.prices) OVER (PARTITION BY k.layout ORDER BY k.position) - d.prices, k.position,
       d.line, d.betpawa_market_id
FROM (SELECT b.layout, p.market, row_number() OVER (PARTITION BY b.layout ORDER BY avg(p.rank), p.market) AS position
      FROM placed_market_odds p JOIN books_market_odds b ON b.book = p.book WHERE b.fresh GROUP BY b.layout, p.market) k
JOIN market_lookup d ON d.id = k.market
ORDER BY k.layout, k.position;

CREATE TEMP TABLE cells_market_odds AS
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

UPDATE market_odds_blocks b SET (snapshot_id, first_id, layout, odds, listed, breaks, shifts) = (n.snapshot_id, n.first_id, n.layout, n.odds, n.listed, n.breaks, n.shifts) FROM (
SELECT c.snapshot_id, c.first_id, c.layout, o.odds, c.listed, c.breaks, c.shifts
FROM (SELECT snapshot_id, layout, first_id,
             string_agg(CASE WHEN id IS NULL THEN '0' ELSE '1' END, '' ORDER BY position)::varbit AS listed,
             array_agg(position ORDER BY position) FILTER (WHERE jump <> 0) AS breaks,
             array_agg(shift ORDER BY position) FILTER (WHERE jump <> 0) AS shifts
      FROM cells_market_odds GROUP BY snapshot_id, layout, first_id) c
JOIN (SELECT snapshot_id, array_agg(u.odds ORDER BY position, u.number) AS odds
      FROM cells_market_odds t, unnest(t.odds) WITH ORDINALITY AS u(odds, number) GROUP BY snapshot_id) o USING (snapshot_id)
ORDER BY c.snapshot_id
) n WHERE n.snapshot_id = b.snapshot_id;

DELETE FROM market_odds_rows r USING placed_market_odds p WHERE p.id = r.id;

DROP TABLE chosen_market_odds, parsed_market_odds, placed_market_odds, books_market_odds, cells_market_odds;

COMMIT;

VACUUM market_odds_rows;

BEGIN;

LOCK TABLE competitor_market_odds_places IN SHARE ROW EXCLUSIVE MODE;

CREATE TEMP TABLE chosen_competitor_market_odds AS
SELECT m.snapshot_id, dense_rank() OVER (ORDER BY s.competitor_event_id, CASE WHEN s.id IS NULL THEN m.snapshot_id END)::integer AS book
FROM (SELECT snapshot_id FROM competitor_market_odds_blocks WHERE layout IS NULL FOR UPDATE) m LEFT JOIN competitor_odds_snapshots s ON s.id = m.snapshot_id
WHERE m.snapshot_id NOT IN (SELECT max(s.id) FROM competitor_odds_snapshots s JOIN competitor_events c ON c.id = s.competitor_event_id WHERE c.kickoff > (SELECT max(captured_at) FROM competitor_odds_snapshots) - interval '2 hours' GROUP BY s.competitor_event_id);

CREATE TEMP TABLE parsed_competitor_market_odds AS
SELECT *, md5(ROW(p.betpawa_market_id, p.betpawa_market_name, p.market_groups::text, p.line, p.handicap_type, p.handicap_home, p.handicap_away, p.outcome_names)::text) AS key FROM (
SELECT m.id, m.snapshot_id, m.betpawa_market_id, m.betpawa_market_name, m.market_groups, m.line, m.handicap_type, m.handicap_home, m.handicap_away, m.unavailable_at, coalesce(o.names, '{}') AS outcome_names,
       coalesce(o.odds, '{}') AS odds, o.active, CASE WHEN NOT o.fits THEN m.outcomes END AS verbatim
FROM (SELECT t.* FROM competitor_market_odds_rows t JOIN chosen_competitor_market_odds c ON c.snapshot_id = t.snapshot_id FOR UPDATE OF t) m
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

INSERT INTO market_lookup (key, betpawa_market_id, betpawa_market_name, market_groups, line, handicap_type, handicap_home, handicap_away, prices, template)
SELECT p.key, p.betpawa_market_id, p.betpawa_market_name, p.market_groups::json, p.line, p.handicap_type, p.handicap_home, p.handicap_away, cardinality(p.outcome_names),
       '[' || (SELECT string_agg('{"name": ' || replace(to_json(name)::text, '%', '%%') || ', "odds": %' || position
                                 || '$s, "is_active": true}', ', ' ORDER BY position)
               FROM unnest(p.outcome_names) WITH ORDINALITY AS n(name, position)) || ']'
FROM (SELECT DISTINCT ON (key) * FROM parsed_competitor_market_odds WHERE verbatim IS NULL ORDER BY key) p
WHERE NOT EXISTS (SELECT FROM market_lookup d WHERE d.key = p.key)
ORDER BY p.betpawa_market_id, p.line, p.key
ON CONFLICT (key) DO NOTHING;

CREATE TEMP TABLE placed_competitor_market_odds AS
SELECT id, snapshot_id, book, market, odds, id - min(id) OVER (PARTITION BY snapshot_id) AS rank
FROM (SELECT p.id, p.snapshot_id, c.book, d.id AS market, p.odds,
             row_number() OVER (PARTITION BY p.snapshot_id, d.id ORDER BY p.id) AS twin
      FROM parsed_competitor_market_odds p JOIN chosen_competitor_market_odds c ON c.snapshot_id = p.snapshot_id JOIN market_lookup d ON d.key = p.key
      WHERE p.verbatim IS NULL AND p.unavailable_at IS NULL) rows
WHERE twin = 1;

CREATE TEMP TABLE books_competitor_market_odds AS
SELECT k.book, coalesce(k.layout, (SELECT coalesce(max(layout), 0) FROM competitor_market_odds_places)
                                  + row_number() OVER (PARTITION BY k.layout IS NULL ORDER BY k.book))::integer AS layout,
       k.layout IS NULL AS fresh
FROM (SELECT b.book, CASE WHEN NOT EXISTS (
               SELECT FROM placed_competitor_market_odds p WHERE p.book = b.book AND NOT EXISTS (
                 SELECT FROM competitor_market_odds_places l WHERE l.layout = b.layout AND l.market = p.market)) THEN b.layout END AS layout
      FROM (SELECT c.book, max(o.layout) AS layout
            FROM chosen_competitor_market_odds c LEFT JOIN competitor_odds_snapshots s ON s.id = c.snapshot_id
            LEFT JOIN LATERAL (SELECT max(t.layout) AS layout FROM competitor_odds_snapshots e JOIN competitor_market_odds_blocks t ON t.snapshot_id = e.id
                               WHERE e.competitor_event_id = s.competitor_event_id) o ON true
            GROUP BY c.book) b) k;

INSERT INTO competitor_market_odds_places (layout, market, start, position, line, betpawa_market_id)
SELECT k.layout, k.market, 1 + sum(d.prices) OVER (PARTITION BY k.layout ORDER BY k.position) - d.prices, k.position,
       d.line, d.betpawa_market_id
FROM (SELECT b.layout, p.market, row_number() OVER (PARTITION BY b.layout ORDER BY avg(p.rank), p.market) AS position
      FROM placed_competitor_market_odds p JOIN books_competitor_market_odds b ON b.book = p.book WHERE b.fresh GROUP BY b.layout, p.market) k
JOIN market_lookup d ON d.id = k.market
ORDER BY k.layout, k.position;

CREATE TEMP TABLE cells_competitor_market_odds AS
SELECT *, CASE WHEN id IS NOT NULL THEN shift - coalesce(lag(shift) OVER (PARTITION BY snapshot_id, id IS NULL
                                                                        ORDER BY position), 0) END AS jump
FROM (SELECT s.snapshot_id, s.layout, s.first_id, l.position, p.id,
             coalesce(p.odds, array_fill(0::real, ARRAY[d.prices])) AS odds,
             (p.id - s.first_id - count(p.id) OVER (PARTITION BY s.snapshot_id ORDER BY l.position) + 1)::integer AS shift
      FROM (SELECT p.snapshot_id, b.layout, min(p.id) AS first_id
            FROM placed_competitor_market_odds p JOIN books_competitor_market_odds b ON b.book = p.book GROUP BY p.snapshot_id, b.layout) s
      JOIN competitor_market_odds_places l ON l.layout = s.layout
      JOIN market_lookup d ON d.id = l.market
      LEFT JOIN placed_competitor_market_odds p ON p.snapshot_id = s.snapshot_id AND p.market = l.market) cells;

UPDATE competitor_market_odds_blocks b SET (snapshot_id, first_id, layout, odds, listed, breaks, shifts) = (n.snapshot_id, n.first_id, n.layout, n.odds, n.listed, n.breaks, n.shifts) FROM (
SELECT c.snapshot_id, c.first_id, c.layout, o.odds, c.listed, c.breaks, c.shifts
FROM (SELECT snapshot_id, layout, first_id,
             string_agg(CASE WHEN id IS NULL THEN '0' ELSE '1' END, '' ORDER BY position)::varbit AS listed,
             array_agg(position ORDER BY position) FILTER (WHERE jump <> 0) AS breaks,
             array_agg(shift ORDER BY position) FILTER (WHERE jump <> 0) AS shifts
      FROM cells_competitor_market_odds GROUP BY snapshot_id, layout, first_id) c
JOIN (SELECT snapshot_id, array_agg(u.odds ORDER BY position, u.number) AS odds
      FROM cells_competitor_market_odds t, unnest(t.odds) WITH ORDINALITY AS u(odds, number) GROUP BY snapshot_id) o USING (snapshot_id)
ORDER BY c.snapshot_id
) n WHERE n.snapshot_id = b.snapshot_id;

DELETE FROM competitor_market_odds_rows r USING placed_competitor_market_odds p WHERE p.id = r.id;

DROP TABLE chosen_competitor_market_odds, parsed_competitor_market_odds, placed_competitor_market_odds, books_competitor_market_odds, cells_competitor_market_odds;

COMMIT;

VACUUM competitor_market_odds_rows;
