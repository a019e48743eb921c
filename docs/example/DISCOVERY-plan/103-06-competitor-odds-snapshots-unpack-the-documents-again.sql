-- Written by `lab discover`, and written anew whenever it runs.
-- pack_raw_response+pack_market_history: phase 103, competitor_odds_snapshots: unpack the documents again (file 7 of 16).
\set ON_ERROR_STOP on
SET search_path = public;
SET lock_timeout = '5s';

CREATE TABLE competitor_odds_snapshots_unpacked (id bigint PRIMARY KEY, hash bytea NOT NULL);

-- A client does this, not SQL: it reads the rows of a query in Python. The query:
--   SELECT id, packed FROM competitor_odds_snapshots_packed
DO $client$
BEGIN
  RAISE EXCEPTION 'No SQL can do this: %', 'unpack the documents of competitor_odds_snapshots and hash them into competitor_odds_snapshots_unpacked (id, hash)'
    USING HINT = 'The lab has no command that does it on a database that it did not make. Execute nothing that follows.';
END
$client$;
