-- Written by `lab discover`, and written anew whenever it runs.
-- drop_raw_response+outcome_normalization_snapshot: phase 103, competitor_market_odds: rename the old table, view in its place (file 9 of 12).
\set ON_ERROR_STOP on
SET search_path = public;
SET lock_timeout = '5s';

BEGIN;

LOCK TABLE competitor_market_odds IN EXCLUSIVE MODE;

DO $check$
DECLARE
  broken bigint;
BEGIN
  broken := (SELECT count(*) FROM (SELECT id / 1000 AS part, count(*) AS rows, sum(hashint8extended(hash_record_extended(ROW(t.id, t.snapshot_id, t.betpawa_market_id, t.betpawa_market_name, t.market_groups::jsonb, t.line, t.handicap_type, t.handicap_home, t.handicap_away, t.outcomes::jsonb, t.unavailable_at), 0), 0)) AS content FROM competitor_market_odds t GROUP BY 1) a FULL JOIN (SELECT id / 1000 AS part, count(*) AS rows, sum(hashint8extended(hash_record_extended(ROW(t.id, t.snapshot_id, t.betpawa_market_id, t.betpawa_market_name, t.market_groups::jsonb, t.line, t.handicap_type, t.handicap_home, t.handicap_away, t.outcomes::jsonb, t.unavailable_at), 0), 0)) AS content FROM (SELECT m.first_id + coalesce(m.gaps[u.position::integer], 0) + u.position - 1 AS id, m.snapshot_id, d.betpawa_market_id, d.betpawa_market_name, d.line, d.handicap_type, d.handicap_home, d.handicap_away, coalesce(d.outcomes, unpacked_outcomes(d.outcome_names, m.odds[u.start : u.start + cardinality(d.outcome_names) - 1])) AS outcomes, d.market_groups, x.unavailable_at AS unavailable_at FROM competitor_market_odds_blocks m JOIN competitor_market_odds_layouts l ON l.id = m.layout CROSS JOIN LATERAL unnest(l.markets, l.starts) WITH ORDINALITY AS u(market, start, position) LEFT JOIN competitor_market_odds_exceptions x ON x.id = m.first_id + coalesce(m.gaps[u.position::integer], 0) + u.position - 1 JOIN market_lookup d ON d.id = coalesce(x.market, u.market)) t GROUP BY 1) b USING (part) WHERE (a.rows, a.content) IS DISTINCT FROM (b.rows, b.content));
  IF broken IS DISTINCT FROM 0 THEN
    RAISE EXCEPTION 'Not proved: %', 'the view gives back every row of competitor_market_odds'
      USING DETAIL = format('%s differences.', broken), HINT = 'Execute nothing that follows.';
  END IF;
END
$check$;

ALTER TABLE competitor_market_odds RENAME TO competitor_market_odds_old;

CREATE VIEW competitor_market_odds AS SELECT m.first_id + coalesce(m.gaps[u.position::integer], 0) + u.position - 1 AS id, m.snapshot_id, d.betpawa_market_id, d.betpawa_market_name, d.line, d.handicap_type, d.handicap_home, d.handicap_away, coalesce(d.outcomes, unpacked_outcomes(d.outcome_names, m.odds[u.start : u.start + cardinality(d.outcome_names) - 1])) AS outcomes, d.market_groups, x.unavailable_at AS unavailable_at FROM competitor_market_odds_blocks m JOIN competitor_market_odds_layouts l ON l.id = m.layout CROSS JOIN LATERAL unnest(l.markets, l.starts) WITH ORDINALITY AS u(market, start, position) LEFT JOIN competitor_market_odds_exceptions x ON x.id = m.first_id + coalesce(m.gaps[u.position::integer], 0) + u.position - 1 JOIN market_lookup d ON d.id = coalesce(x.market, u.market);

COMMIT;

DROP TABLE parsed_competitor_market_odds;
