-- Written by `lab discover`, and written anew whenever it runs.
-- pack_raw_response+pack_market_history: phase 103, market_odds: rename the old table, view in its place (file 19 of 23).
\set ON_ERROR_STOP on
SET search_path = public;
SET lock_timeout = '5s';

BEGIN;

LOCK TABLE market_odds IN EXCLUSIVE MODE;

DO $check$
DECLARE
  broken bigint;
BEGIN
  broken := (SELECT count(*) FROM (SELECT id / 1000 AS part, count(*) AS rows, sum(hashint8extended(hash_record_extended(ROW(t.id, t.snapshot_id, t.betpawa_market_id, t.betpawa_market_name, t.market_groups::jsonb, t.line, t.handicap_type, t.handicap_home, t.handicap_away, t.outcomes::jsonb, t.unavailable_at), 0), 0)) AS content FROM market_odds t GROUP BY 1) a FULL JOIN (SELECT id / 1000 AS part, count(*) AS rows, sum(hashint8extended(hash_record_extended(ROW(t.id, t.snapshot_id, t.betpawa_market_id, t.betpawa_market_name, t.market_groups::jsonb, t.line, t.handicap_type, t.handicap_home, t.handicap_away, t.outcomes::jsonb, t.unavailable_at), 0), 0)) AS content FROM (SELECT r.id, b.snapshot_id AS snapshot_id, r.betpawa_market_id, coalesce(r.betpawa_market_name, d.betpawa_market_name) AS betpawa_market_name, r.line, coalesce(r.handicap_type, d.handicap_type) AS handicap_type, coalesce(r.handicap_home, d.handicap_home) AS handicap_home, coalesce(r.handicap_away, d.handicap_away) AS handicap_away, coalesce(r.outcomes, format(d.template, VARIADIC b.odds[r.start : r.start + d.prices - 1])::json) AS outcomes, coalesce(r.market_groups, d.market_groups) AS market_groups, r.unavailable_at FROM market_odds_blocks b CROSS JOIN LATERAL (SELECT id, betpawa_market_id, betpawa_market_name, market_groups, line, handicap_type, handicap_home, handicap_away, outcomes, unavailable_at, NULL::integer AS market, NULL::integer AS start FROM market_odds_rows p WHERE p.snapshot_id = b.snapshot_id UNION ALL SELECT b.first_id + bit_count(substring(b.listed FOR l.position)) - 1 + coalesce(b.shifts[width_bucket(l.position, b.breaks)], 0) AS id, l.betpawa_market_id, NULL, NULL, l.line, NULL, NULL, NULL, NULL, NULL, l.market, l.start FROM market_odds_places l WHERE l.layout = b.layout AND get_bit(b.listed, l.position - 1) <> 0) r LEFT JOIN market_lookup d ON d.id = r.market) t GROUP BY 1) b USING (part) WHERE (a.rows, a.content) IS DISTINCT FROM (b.rows, b.content));
  IF broken IS DISTINCT FROM 0 THEN
    RAISE EXCEPTION 'Not proved: %', 'the view gives back every row of market_odds'
      USING DETAIL = format('%s differences.', broken), HINT = 'Execute nothing that follows.';
  END IF;
END
$check$;

ALTER TABLE market_odds RENAME TO market_odds_old;

CREATE VIEW market_odds AS SELECT r.id, b.snapshot_id AS snapshot_id, r.betpawa_market_id, coalesce(r.betpawa_market_name, d.betpawa_market_name) AS betpawa_market_name, r.line, coalesce(r.handicap_type, d.handicap_type) AS handicap_type, coalesce(r.handicap_home, d.handicap_home) AS handicap_home, coalesce(r.handicap_away, d.handicap_away) AS handicap_away, coalesce(r.outcomes, format(d.template, VARIADIC b.odds[r.start : r.start + d.prices - 1])::json) AS outcomes, coalesce(r.market_groups, d.market_groups) AS market_groups, r.unavailable_at FROM market_odds_blocks b CROSS JOIN LATERAL (SELECT id, betpawa_market_id, betpawa_market_name, market_groups, line, handicap_type, handicap_home, handicap_away, outcomes, unavailable_at, NULL::integer AS market, NULL::integer AS start FROM market_odds_rows p WHERE p.snapshot_id = b.snapshot_id UNION ALL SELECT b.first_id + bit_count(substring(b.listed FOR l.position)) - 1 + coalesce(b.shifts[width_bucket(l.position, b.breaks)], 0) AS id, l.betpawa_market_id, NULL, NULL, l.line, NULL, NULL, NULL, NULL, NULL, l.market, l.start FROM market_odds_places l WHERE l.layout = b.layout AND get_bit(b.listed, l.position - 1) <> 0) r LEFT JOIN market_lookup d ON d.id = r.market;

COMMIT;

DROP TABLE chosen_market_odds;

DROP TABLE parsed_market_odds;

DROP TABLE placed_market_odds;

DROP TABLE books_market_odds;

DROP TABLE cells_market_odds;
