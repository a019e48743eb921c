-- Written by `lab discover`, and written anew whenever it runs.
-- pack_raw_response+pack_market_history: phase 103, odds_snapshots: pack the documents (file 4 of 23).
\set ON_ERROR_STOP on
SET search_path = public;
SET lock_timeout = '5s';

DO $check$
DECLARE
  broken bigint;
BEGIN
  broken := (SELECT count(*) FROM (SELECT platform, document FROM (SELECT n.platform, (SELECT t.raw_response::text FROM odds_snapshots t WHERE t.id = n.id) AS document FROM (SELECT t.id, p.slug::text AS platform, row_number() OVER (PARTITION BY p.slug::text ORDER BY t.id) AS place, count(*) OVER (PARTITION BY p.slug::text) AS rows FROM odds_snapshots t JOIN bookmakers p ON p.id = t.bookmaker_id WHERE t.raw_response IS NOT NULL AND p.slug::text NOT IN (SELECT d.platform FROM payload_dictionaries d)) n WHERE n.place <= (n.rows + 1) / 2 AND n.place % greatest(n.rows / 2 / 50, 1) = 0 UNION ALL SELECT n.platform, (SELECT t.raw_response::text FROM competitor_odds_snapshots t WHERE t.id = n.id) AS document FROM (SELECT t.id, p.source::text AS platform, row_number() OVER (PARTITION BY p.source::text ORDER BY t.id) AS place, count(*) OVER (PARTITION BY p.source::text) AS rows FROM competitor_odds_snapshots t JOIN competitor_events p ON p.id = t.competitor_event_id WHERE t.raw_response IS NOT NULL AND p.source::text NOT IN (SELECT d.platform FROM payload_dictionaries d)) n WHERE n.place <= (n.rows + 1) / 2 AND n.place % greatest(n.rows / 2 / 50, 1) = 0) older ORDER BY platform) left_to_do);
  IF broken IS DISTINCT FROM 0 THEN
    RAISE EXCEPTION 'Not done: %', 'train a dictionary for each platform into payload_dictionaries (id, platform, content)'
      USING DETAIL = format('%s rows are left to do.', broken), HINT = 'Run 103-02-train-a-dictionary-for-each-platform.py to its end. Execute nothing that follows.';
  END IF;
END
$check$;

CREATE TABLE odds_snapshots_packed (id bigint PRIMARY KEY, packed bytea NOT NULL, reference bytea);

CREATE TABLE odds_snapshots_references (id bigint PRIMARY KEY, content bytea NOT NULL);

ALTER TABLE odds_snapshots_packed ALTER COLUMN packed SET STORAGE EXTERNAL;

ALTER TABLE odds_snapshots_references ALTER COLUMN content SET STORAGE EXTERNAL;
