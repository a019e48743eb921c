-- Written by `lab discover`, and written anew whenever it runs.
-- drop_raw_response+outcome_normalization_snapshot: phase 103, parse the JSON (file 2 of 12).
\set ON_ERROR_STOP on
SET search_path = public;
SET lock_timeout = '5s';

DROP TABLE IF EXISTS parsed_market_odds;

CREATE UNLOGGED TABLE parsed_market_odds AS
SELECT m.id, m.snapshot_id, m.betpawa_market_id, m.betpawa_market_name, m.market_groups, m.line, m.handicap_type, m.handicap_home, m.handicap_away, m.unavailable_at, coalesce(o.names, '{}') AS outcome_names,
       coalesce(o.odds, '{}') AS odds, o.active, CASE WHEN NOT o.fits THEN m.outcomes END AS verbatim
FROM market_odds m
CROSS JOIN LATERAL (
  SELECT array_agg(coalesce(name #>> '{}', '') ORDER BY position) AS names,
         array_agg(CASE WHEN fits THEN (odds * 100 * CASE WHEN active = 'true' THEN 1 ELSE -1 END)::integer ELSE 0 END ORDER BY position) AS odds,
         array_agg(fits AND active = 'true' ORDER BY position) AS active,
         coalesce(bool_and(fits), false) AS fits
  FROM (
    SELECT position, name, odds, active, coalesce(CASE WHEN jsonb_typeof(outcome) = 'object' THEN
             jsonb_typeof(name) = 'string' AND jsonb_typeof(active) = 'boolean' AND odds * 100 BETWEEN 1 AND 2147483647 AND odds * 100 = trunc(odds * 100)
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
) o;

ANALYZE parsed_market_odds;

DROP TABLE IF EXISTS parsed_competitor_market_odds;

CREATE UNLOGGED TABLE parsed_competitor_market_odds AS
SELECT m.id, m.snapshot_id, m.betpawa_market_id, m.betpawa_market_name, m.market_groups, m.line, m.handicap_type, m.handicap_home, m.handicap_away, m.unavailable_at, coalesce(o.names, '{}') AS outcome_names,
       coalesce(o.odds, '{}') AS odds, o.active, CASE WHEN NOT o.fits THEN m.outcomes END AS verbatim
FROM competitor_market_odds m
CROSS JOIN LATERAL (
  SELECT array_agg(coalesce(name #>> '{}', '') ORDER BY position) AS names,
         array_agg(CASE WHEN fits THEN (odds * 100 * CASE WHEN active = 'true' THEN 1 ELSE -1 END)::integer ELSE 0 END ORDER BY position) AS odds,
         array_agg(fits AND active = 'true' ORDER BY position) AS active,
         coalesce(bool_and(fits), false) AS fits
  FROM (
    SELECT position, name, odds, active, coalesce(CASE WHEN jsonb_typeof(outcome) = 'object' THEN
             jsonb_typeof(name) = 'string' AND jsonb_typeof(active) = 'boolean' AND odds * 100 BETWEEN 1 AND 2147483647 AND odds * 100 = trunc(odds * 100)
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
) o;

ANALYZE parsed_competitor_market_odds;
