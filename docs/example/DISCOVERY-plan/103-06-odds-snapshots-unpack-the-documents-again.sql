-- Written by `lab discover`, and written anew whenever it runs.
-- pack_raw_response+pack_market_history: phase 103, odds_snapshots: unpack the documents again (file 7 of 23).
\set ON_ERROR_STOP on
SET search_path = public;
SET lock_timeout = '5s';

CREATE TABLE odds_snapshots_unpacked (id bigint PRIMARY KEY, hash bytea NOT NULL);
