-- Written by `lab discover`, and written anew whenever it runs.
-- pack_raw_response+pack_market_history: phase 104, drop the old tables (file 23 of 23).
\set ON_ERROR_STOP on
SET search_path = public;
SET lock_timeout = '5s';

DO $check$
DECLARE
  broken bigint;
BEGIN
  broken := (SELECT count(*) FROM (SELECT id / 1000 AS part, count(*) AS rows, sum(hashint8extended(hash_record_extended(ROW(t.id, t.snapshot_id, t.betpawa_market_id, t.betpawa_market_name, t.market_groups::jsonb, t.line, t.handicap_type, t.handicap_home, t.handicap_away, t.outcomes::jsonb, t.unavailable_at), 0), 0)) AS content FROM market_odds_old t GROUP BY 1) a FULL JOIN (SELECT id / 1000 AS part, count(*) AS rows, sum(hashint8extended(hash_record_extended(ROW(t.id, t.snapshot_id, t.betpawa_market_id, t.betpawa_market_name, t.market_groups::jsonb, t.line, t.handicap_type, t.handicap_home, t.handicap_away, t.outcomes::jsonb, t.unavailable_at), 0), 0)) AS content FROM (SELECT * FROM market_odds WHERE id <= (SELECT max(id) FROM market_odds_old)) t GROUP BY 1) b USING (part) WHERE (a.rows, a.content) IS DISTINCT FROM (b.rows, b.content));
  IF broken IS DISTINCT FROM 0 THEN
    RAISE EXCEPTION 'Not proved: %', 'market_odds still gives back every row of market_odds_old'
      USING DETAIL = format('%s differences.', broken), HINT = 'Execute nothing that follows.';
  END IF;
END
$check$;

DROP TABLE market_odds_old;

DO $check$
DECLARE
  broken bigint;
BEGIN
  broken := (SELECT count(*) FROM (SELECT id / 1000 AS part, count(*) AS rows, sum(hashint8extended(hash_record_extended(ROW(t.id, t.snapshot_id, t.betpawa_market_id, t.betpawa_market_name, t.market_groups::jsonb, t.line, t.handicap_type, t.handicap_home, t.handicap_away, t.outcomes::jsonb, t.unavailable_at), 0), 0)) AS content FROM competitor_market_odds_old t GROUP BY 1) a FULL JOIN (SELECT id / 1000 AS part, count(*) AS rows, sum(hashint8extended(hash_record_extended(ROW(t.id, t.snapshot_id, t.betpawa_market_id, t.betpawa_market_name, t.market_groups::jsonb, t.line, t.handicap_type, t.handicap_home, t.handicap_away, t.outcomes::jsonb, t.unavailable_at), 0), 0)) AS content FROM (SELECT * FROM competitor_market_odds WHERE id <= (SELECT max(id) FROM competitor_market_odds_old)) t GROUP BY 1) b USING (part) WHERE (a.rows, a.content) IS DISTINCT FROM (b.rows, b.content));
  IF broken IS DISTINCT FROM 0 THEN
    RAISE EXCEPTION 'Not proved: %', 'competitor_market_odds still gives back every row of competitor_market_odds_old'
      USING DETAIL = format('%s differences.', broken), HINT = 'Execute nothing that follows.';
  END IF;
END
$check$;

DROP TABLE competitor_market_odds_old;
