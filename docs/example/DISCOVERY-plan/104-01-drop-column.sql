-- Written by `lab discover`, and written anew whenever it runs.
-- drop_raw_response+outcome_normalization_snapshot: phase 104, DROP COLUMN (file 10 of 12).
\set ON_ERROR_STOP on
SET search_path = public;
SET lock_timeout = '5s';

ALTER TABLE odds_snapshots DROP COLUMN raw_response;

ALTER TABLE competitor_odds_snapshots DROP COLUMN raw_response;
