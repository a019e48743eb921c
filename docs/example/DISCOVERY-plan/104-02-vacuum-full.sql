-- Written by `lab discover`, and written anew whenever it runs.
-- drop_raw_response+outcome_normalization_snapshot: phase 104, VACUUM FULL (file 11 of 12).
\set ON_ERROR_STOP on
SET search_path = public;
SET lock_timeout = '5s';

VACUUM FULL odds_snapshots;

VACUUM FULL competitor_odds_snapshots;
