-- Written by `lab discover`, and written anew whenever it runs.
-- pack_raw_response+pack_market_history: phase 103, odds_snapshots: pack the documents (file 6 of 23).
\set ON_ERROR_STOP on
SET search_path = public;
SET lock_timeout = '5s';

DO $check$
DECLARE
  broken bigint;
BEGIN
  broken := (SELECT count(*) FROM (SELECT n.id, n.owner, n.platform, (SELECT t.raw_response::text FROM odds_snapshots t WHERE t.id = n.id) FROM (SELECT t.id, t.event_id AS owner, p.slug::text AS platform FROM odds_snapshots t JOIN bookmakers p ON p.id = t.bookmaker_id WHERE t.raw_response IS NOT NULL AND NOT EXISTS (SELECT FROM odds_snapshots_packed d WHERE d.id = t.id) ORDER BY owner, platform, t.id OFFSET 0) n) left_to_do);
  IF broken IS DISTINCT FROM 0 THEN
    RAISE EXCEPTION 'Not done: %', 'pack the documents of odds_snapshots into odds_snapshots_packed (id, packed, reference)'
      USING DETAIL = format('%s rows are left to do.', broken), HINT = 'Run 103-04-pack-the-documents-of-odds-snapshots.py to its end. Execute nothing that follows.';
  END IF;
END
$check$;

INSERT INTO odds_snapshots_references SELECT id, reference FROM odds_snapshots_packed WHERE reference IS NOT NULL ORDER BY id;
