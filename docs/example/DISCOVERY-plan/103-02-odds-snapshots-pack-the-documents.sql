-- Written by `lab discover`, and written anew whenever it runs.
-- pack_raw_response+pack_market_history: phase 103, odds_snapshots: pack the documents (file 3 of 16).
\set ON_ERROR_STOP on
SET search_path = public;
SET lock_timeout = '5s';

CREATE TABLE odds_snapshots_packed (id bigint PRIMARY KEY, packed bytea NOT NULL, reference bytea);

CREATE TABLE odds_snapshots_references (id bigint PRIMARY KEY, content bytea NOT NULL);

ALTER TABLE odds_snapshots_packed ALTER COLUMN packed SET STORAGE EXTERNAL;

ALTER TABLE odds_snapshots_references ALTER COLUMN content SET STORAGE EXTERNAL;

-- A client does this, not SQL: it reads the rows of a query in Python. The query:
--   SELECT n.id, n.owner, n.platform, (SELECT t.raw_response::text FROM odds_snapshots t WHERE t.id = n.id) FROM (SELECT t.id, t.event_id AS owner, p.slug::text AS platform FROM odds_snapshots t JOIN bookmakers p ON p.id = t.bookmaker_id WHERE t.raw_response IS NOT NULL ORDER BY owner, platform, t.id OFFSET 0) n
DO $client$
BEGIN
  RAISE EXCEPTION 'No SQL can do this: %', 'pack the documents of odds_snapshots into odds_snapshots_packed (id, packed, reference)'
    USING HINT = 'The lab has no command that does it on a database that it did not make. Execute nothing that follows.';
END
$client$;

INSERT INTO odds_snapshots_references SELECT id, reference FROM odds_snapshots_packed WHERE reference IS NOT NULL ORDER BY id;
