-- Written by `lab discover`, and written anew whenever it runs.
-- pack_raw_response+pack_market_history: phase 103, competitor_odds_snapshots: pack the documents (file 10 of 23).
\set ON_ERROR_STOP on
SET search_path = public;
SET lock_timeout = '5s';

CREATE TABLE competitor_odds_snapshots_packed (id bigint PRIMARY KEY, packed bytea NOT NULL, reference bytea);

CREATE TABLE competitor_odds_snapshots_references (id bigint PRIMARY KEY, content bytea NOT NULL);

ALTER TABLE competitor_odds_snapshots_packed ALTER COLUMN packed SET STORAGE EXTERNAL;

ALTER TABLE competitor_odds_snapshots_references ALTER COLUMN content SET STORAGE EXTERNAL;
