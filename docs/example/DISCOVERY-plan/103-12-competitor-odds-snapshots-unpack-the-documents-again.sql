-- Written by `lab discover`, and written anew whenever it runs.
-- pack_raw_response+pack_market_history: phase 103, competitor_odds_snapshots: unpack the documents again (file 13 of 23).
\set ON_ERROR_STOP on
SET search_path = public;
SET lock_timeout = '5s';

CREATE TABLE competitor_odds_snapshots_unpacked (id bigint PRIMARY KEY, hash bytea NOT NULL);
