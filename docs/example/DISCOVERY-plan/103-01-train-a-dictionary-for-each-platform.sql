-- Written by `lab discover`, and written anew whenever it runs.
-- pack_raw_response+pack_market_history: phase 103, train a dictionary for each platform (file 2 of 16).
\set ON_ERROR_STOP on
SET search_path = public;
SET lock_timeout = '5s';

CREATE TABLE payload_dictionaries (id integer PRIMARY KEY, platform text NOT NULL UNIQUE, content bytea NOT NULL);

ALTER TABLE payload_dictionaries ALTER COLUMN content SET STORAGE EXTERNAL;

-- A client does this, not SQL: it reads the rows of a query in Python. The query:
--   SELECT platform, document FROM (SELECT n.platform, (SELECT t.raw_response::text FROM odds_snapshots t WHERE t.id = n.id) AS document FROM (SELECT t.id, p.slug::text AS platform, row_number() OVER (PARTITION BY p.slug::text ORDER BY t.id) AS place, count(*) OVER (PARTITION BY p.slug::text) AS rows FROM odds_snapshots t JOIN bookmakers p ON p.id = t.bookmaker_id WHERE t.raw_response IS NOT NULL) n WHERE n.place <= (n.rows + 1) / 2 AND n.place % greatest(n.rows / 2 / 50, 1) = 0 UNION ALL SELECT n.platform, (SELECT t.raw_response::text FROM competitor_odds_snapshots t WHERE t.id = n.id) AS document FROM (SELECT t.id, p.source::text AS platform, row_number() OVER (PARTITION BY p.source::text ORDER BY t.id) AS place, count(*) OVER (PARTITION BY p.source::text) AS rows FROM competitor_odds_snapshots t JOIN competitor_events p ON p.id = t.competitor_event_id WHERE t.raw_response IS NOT NULL) n WHERE n.place <= (n.rows + 1) / 2 AND n.place % greatest(n.rows / 2 / 50, 1) = 0) older ORDER BY platform
DO $client$
BEGIN
  RAISE EXCEPTION 'No SQL can do this: %', 'train a dictionary for each platform into payload_dictionaries (id, platform, content)'
    USING HINT = 'The lab has no command that does it on a database that it did not make. Execute nothing that follows.';
END
$client$;
