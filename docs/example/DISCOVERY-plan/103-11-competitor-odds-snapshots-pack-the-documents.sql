-- Written by `lab discover`, and written anew whenever it runs.
-- pack_raw_response+pack_market_history: phase 103, competitor_odds_snapshots: pack the documents (file 12 of 23).
\set ON_ERROR_STOP on
SET search_path = public;
SET lock_timeout = '5s';

DO $check$
DECLARE
  broken bigint;
BEGIN
  broken := (SELECT count(*) FROM (SELECT n.id, n.owner, n.platform, (SELECT t.raw_response::text FROM competitor_odds_snapshots t WHERE t.id = n.id) FROM (SELECT t.id, t.competitor_event_id AS owner, p.source::text AS platform FROM competitor_odds_snapshots t JOIN competitor_events p ON p.id = t.competitor_event_id WHERE t.raw_response IS NOT NULL AND NOT EXISTS (SELECT FROM competitor_odds_snapshots_packed d WHERE d.id = t.id) ORDER BY owner, platform, t.id OFFSET 0) n) left_to_do);
  IF broken IS DISTINCT FROM 0 THEN
    RAISE EXCEPTION 'Not done: %', 'pack the documents of competitor_odds_snapshots into competitor_odds_snapshots_packed (id, packed, reference)'
      USING DETAIL = format('%s rows are left to do.', broken), HINT = 'Run 103-10-pack-the-documents-of-competitor-odds-snapshots.py to its end. Execute nothing that follows.';
  END IF;
END
$check$;

INSERT INTO competitor_odds_snapshots_references SELECT id, reference FROM competitor_odds_snapshots_packed WHERE reference IS NOT NULL ORDER BY id;
