-- Written by `lab discover`, and written anew whenever it runs.
-- pack_raw_response+pack_market_history: phase 103, odds_snapshots: put the packed documents in place (file 9 of 23).
\set ON_ERROR_STOP on
SET search_path = public;
SET lock_timeout = '5s';

DO $check$
DECLARE
  broken bigint;
BEGIN
  broken := (SELECT count(*) FROM (SELECT t.id, t.packed FROM odds_snapshots_packed t WHERE NOT EXISTS (SELECT FROM odds_snapshots_unpacked d WHERE d.id = t.id)) left_to_do);
  IF broken IS DISTINCT FROM 0 THEN
    RAISE EXCEPTION 'Not done: %', 'unpack the documents of odds_snapshots and hash them into odds_snapshots_unpacked (id, hash)'
      USING DETAIL = format('%s rows are left to do.', broken), HINT = 'Run 103-07-unpack-the-documents-of-odds-snapshots-and-hash-them.py to its end. Execute nothing that follows.';
  END IF;
END
$check$;

BEGIN;

LOCK TABLE odds_snapshots IN ACCESS EXCLUSIVE MODE;

DO $check$
DECLARE
  broken bigint;
BEGIN
  broken := (SELECT count(*) FROM odds_snapshots t LEFT JOIN odds_snapshots_unpacked u ON u.id = t.id WHERE u.hash IS DISTINCT FROM sha256(convert_to(t.raw_response::text, 'UTF8')));
  IF broken IS DISTINCT FROM 0 THEN
    RAISE EXCEPTION 'Not proved: %', 'every document of odds_snapshots comes back as it was'
      USING DETAIL = format('%s differences.', broken), HINT = 'Execute nothing that follows.';
  END IF;
END
$check$;

CREATE FUNCTION odds_snapshots_document(bigint) RETURNS bytea LANGUAGE sql STABLE AS 'SELECT packed FROM odds_snapshots_packed WHERE id = $1';

ALTER TABLE odds_snapshots ALTER COLUMN raw_response TYPE bytea USING odds_snapshots_document(id);

DROP FUNCTION odds_snapshots_document(bigint);

COMMIT;

DROP TABLE odds_snapshots_packed, odds_snapshots_unpacked;
