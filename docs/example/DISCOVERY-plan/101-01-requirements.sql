-- Written by `lab discover`, and written anew whenever it runs.
-- pack_raw_response+pack_market_history: phase 101, requirements (file 1 of 23).
\set ON_ERROR_STOP on
SET search_path = public;
SET lock_timeout = '5s';

DO $check$
DECLARE
  broken bigint;
BEGIN
  broken := (SELECT count(*) FROM (SELECT) needed WHERE NOT EXISTS (SELECT FROM pg_class c WHERE c.oid = to_regclass('odds_snapshots') AND c.relkind IN ('r', 'p') AND NOT EXISTS (SELECT FROM pg_inherits i JOIN pg_class chunk ON chunk.oid = i.inhrelid JOIN pg_namespace n ON n.oid = chunk.relnamespace WHERE i.inhparent = c.oid AND n.nspname = '_timescaledb_internal')));
  IF broken IS DISTINCT FROM 0 THEN
    RAISE EXCEPTION 'Required: %', 'odds_snapshots is a plain table'
      USING DETAIL = format('%s rows break it.', broken), HINT = 'Execute nothing that follows.';
  END IF;
END
$check$;

DO $check$
DECLARE
  broken bigint;
BEGIN
  broken := (SELECT count(*) FROM (SELECT) needed WHERE NOT EXISTS (SELECT FROM pg_class c WHERE c.oid = to_regclass('competitor_odds_snapshots') AND c.relkind IN ('r', 'p') AND NOT EXISTS (SELECT FROM pg_inherits i JOIN pg_class chunk ON chunk.oid = i.inhrelid JOIN pg_namespace n ON n.oid = chunk.relnamespace WHERE i.inhparent = c.oid AND n.nspname = '_timescaledb_internal')));
  IF broken IS DISTINCT FROM 0 THEN
    RAISE EXCEPTION 'Required: %', 'competitor_odds_snapshots is a plain table'
      USING DETAIL = format('%s rows break it.', broken), HINT = 'Execute nothing that follows.';
  END IF;
END
$check$;

DO $check$
DECLARE
  broken bigint;
BEGIN
  broken := (SELECT count(*) FROM (SELECT) needed WHERE NOT EXISTS (SELECT FROM pg_class c WHERE c.oid = to_regclass('market_odds') AND c.relkind IN ('r', 'p') AND NOT EXISTS (SELECT FROM pg_inherits i JOIN pg_class chunk ON chunk.oid = i.inhrelid JOIN pg_namespace n ON n.oid = chunk.relnamespace WHERE i.inhparent = c.oid AND n.nspname = '_timescaledb_internal')));
  IF broken IS DISTINCT FROM 0 THEN
    RAISE EXCEPTION 'Required: %', 'market_odds is a plain table'
      USING DETAIL = format('%s rows break it.', broken), HINT = 'Execute nothing that follows.';
  END IF;
END
$check$;

DO $check$
DECLARE
  broken bigint;
BEGIN
  broken := (SELECT count(*) FROM (SELECT) needed WHERE NOT EXISTS (SELECT FROM pg_class c WHERE c.oid = to_regclass('competitor_market_odds') AND c.relkind IN ('r', 'p') AND NOT EXISTS (SELECT FROM pg_inherits i JOIN pg_class chunk ON chunk.oid = i.inhrelid JOIN pg_namespace n ON n.oid = chunk.relnamespace WHERE i.inhparent = c.oid AND n.nspname = '_timescaledb_internal')));
  IF broken IS DISTINCT FROM 0 THEN
    RAISE EXCEPTION 'Required: %', 'competitor_market_odds is a plain table'
      USING DETAIL = format('%s rows break it.', broken), HINT = 'Execute nothing that follows.';
  END IF;
END
$check$;

DO $check$
DECLARE
  broken bigint;
BEGIN
  broken := (SELECT count(*) FROM (SELECT) needed WHERE NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass('odds_snapshots') AND attname = 'raw_response' AND NOT attisdropped));
  IF broken IS DISTINCT FROM 0 THEN
    RAISE EXCEPTION 'Required: %', 'odds_snapshots has a column raw_response'
      USING DETAIL = format('%s rows break it.', broken), HINT = 'Execute nothing that follows.';
  END IF;
END
$check$;

DO $check$
DECLARE
  broken bigint;
BEGIN
  broken := (SELECT count(*) FROM (SELECT) needed WHERE NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass('competitor_odds_snapshots') AND attname = 'raw_response' AND NOT attisdropped));
  IF broken IS DISTINCT FROM 0 THEN
    RAISE EXCEPTION 'Required: %', 'competitor_odds_snapshots has a column raw_response'
      USING DETAIL = format('%s rows break it.', broken), HINT = 'Execute nothing that follows.';
  END IF;
END
$check$;

DO $check$
DECLARE
  broken bigint;
BEGIN
  broken := (SELECT count(*) FROM (SELECT id FROM odds_snapshots GROUP BY id HAVING count(*) > 1) twice);
  IF broken IS DISTINCT FROM 0 THEN
    RAISE EXCEPTION 'Required: %', 'every id of odds_snapshots belongs to one snapshot'
      USING DETAIL = format('%s rows break it.', broken), HINT = 'Execute nothing that follows.';
  END IF;
END
$check$;

DO $check$
DECLARE
  broken bigint;
BEGIN
  broken := (SELECT (SELECT count(*) FROM odds_snapshots WHERE id <= 0) + (SELECT count(*) FROM competitor_odds_snapshots WHERE id <= 0));
  IF broken IS DISTINCT FROM 0 THEN
    RAISE EXCEPTION 'Required: %', 'every id of a snapshot is positive'
      USING DETAIL = format('%s rows break it.', broken), HINT = 'Execute nothing that follows.';
  END IF;
END
$check$;

DO $check$
DECLARE
  broken bigint;
BEGIN
  broken := (SELECT (SELECT count(*) FROM pg_class WHERE relname IN ('payload_dictionaries', 'odds_snapshots_packed', 'odds_snapshots_unpacked', 'odds_snapshots_references', 'odds_snapshots_document', 'competitor_odds_snapshots_packed', 'competitor_odds_snapshots_unpacked', 'competitor_odds_snapshots_references', 'competitor_odds_snapshots_document') AND relnamespace = 'public'::regnamespace) + (SELECT count(*) FROM pg_proc WHERE proname IN ('payload_dictionaries', 'odds_snapshots_packed', 'odds_snapshots_unpacked', 'odds_snapshots_references', 'odds_snapshots_document', 'competitor_odds_snapshots_packed', 'competitor_odds_snapshots_unpacked', 'competitor_odds_snapshots_references', 'competitor_odds_snapshots_document') AND pronamespace = 'public'::regnamespace));
  IF broken IS DISTINCT FROM 0 THEN
    RAISE EXCEPTION 'Required: %', 'nothing is called payload_dictionaries or odds_snapshots_packed or odds_snapshots_unpacked or odds_snapshots_references or odds_snapshots_document or competitor_odds_snapshots_packed or competitor_odds_snapshots_unpacked or competitor_odds_snapshots_references or competitor_odds_snapshots_document yet'
      USING DETAIL = format('%s rows break it.', broken), HINT = 'Execute nothing that follows.';
  END IF;
END
$check$;

DO $check$
DECLARE
  broken bigint;
BEGIN
  broken := (SELECT count(*) FROM pg_attribute WHERE attrelid = 'market_odds'::regclass AND attnum > 0 AND NOT attisdropped AND attname NOT IN ('id', 'snapshot_id', 'betpawa_market_id', 'betpawa_market_name', 'market_groups', 'line', 'handicap_type', 'handicap_home', 'handicap_away', 'outcomes', 'unavailable_at'));
  IF broken IS DISTINCT FROM 0 THEN
    RAISE EXCEPTION 'Required: %', 'market_odds has no other columns than id, snapshot_id, betpawa_market_id, betpawa_market_name, market_groups, line, handicap_type, handicap_home, handicap_away, outcomes, unavailable_at'
      USING DETAIL = format('%s rows break it.', broken), HINT = 'Execute nothing that follows.';
  END IF;
END
$check$;

DO $check$
DECLARE
  broken bigint;
BEGIN
  broken := (SELECT count(*) FROM (SELECT FROM market_odds GROUP BY snapshot_id HAVING max(id) - min(id) >= 2147483648) far_apart);
  IF broken IS DISTINCT FROM 0 THEN
    RAISE EXCEPTION 'Required: %', 'the ids of market_odds in one snapshot differ by less than 2,147,483,648'
      USING DETAIL = format('%s rows break it.', broken), HINT = 'Execute nothing that follows.';
  END IF;
END
$check$;

DO $check$
DECLARE
  broken bigint;
BEGIN
  broken := (SELECT count(*) FROM pg_attribute WHERE attrelid = 'competitor_market_odds'::regclass AND attnum > 0 AND NOT attisdropped AND attname NOT IN ('id', 'snapshot_id', 'betpawa_market_id', 'betpawa_market_name', 'market_groups', 'line', 'handicap_type', 'handicap_home', 'handicap_away', 'outcomes', 'unavailable_at'));
  IF broken IS DISTINCT FROM 0 THEN
    RAISE EXCEPTION 'Required: %', 'competitor_market_odds has no other columns than id, snapshot_id, betpawa_market_id, betpawa_market_name, market_groups, line, handicap_type, handicap_home, handicap_away, outcomes, unavailable_at'
      USING DETAIL = format('%s rows break it.', broken), HINT = 'Execute nothing that follows.';
  END IF;
END
$check$;

DO $check$
DECLARE
  broken bigint;
BEGIN
  broken := (SELECT count(*) FROM (SELECT FROM competitor_market_odds GROUP BY snapshot_id HAVING max(id) - min(id) >= 2147483648) far_apart);
  IF broken IS DISTINCT FROM 0 THEN
    RAISE EXCEPTION 'Required: %', 'the ids of competitor_market_odds in one snapshot differ by less than 2,147,483,648'
      USING DETAIL = format('%s rows break it.', broken), HINT = 'Execute nothing that follows.';
  END IF;
END
$check$;

DO $check$
DECLARE
  broken bigint;
BEGIN
  broken := (SELECT (SELECT count(*) FROM pg_class WHERE relname IN ('market_lookup', 'unpacked_outcomes', 'market_odds_rows', 'market_odds_blocks', 'market_odds_places', 'market_odds_old', 'competitor_market_odds_rows', 'competitor_market_odds_blocks', 'competitor_market_odds_places', 'competitor_market_odds_old', 'parsed_market_odds', 'listed_market_odds', 'parsed_competitor_market_odds', 'listed_competitor_market_odds') AND relnamespace = 'public'::regnamespace) + (SELECT count(*) FROM pg_proc WHERE proname IN ('market_lookup', 'unpacked_outcomes', 'market_odds_rows', 'market_odds_blocks', 'market_odds_places', 'market_odds_old', 'competitor_market_odds_rows', 'competitor_market_odds_blocks', 'competitor_market_odds_places', 'competitor_market_odds_old', 'parsed_market_odds', 'listed_market_odds', 'parsed_competitor_market_odds', 'listed_competitor_market_odds') AND pronamespace = 'public'::regnamespace));
  IF broken IS DISTINCT FROM 0 THEN
    RAISE EXCEPTION 'Required: %', 'nothing is called market_lookup or unpacked_outcomes or market_odds_rows or market_odds_blocks or market_odds_places or market_odds_old or competitor_market_odds_rows or competitor_market_odds_blocks or competitor_market_odds_places or competitor_market_odds_old or parsed_market_odds or listed_market_odds or parsed_competitor_market_odds or listed_competitor_market_odds yet'
      USING DETAIL = format('%s rows break it.', broken), HINT = 'Execute nothing that follows.';
  END IF;
END
$check$;

DO $check$
DECLARE
  broken bigint;
BEGIN
  broken := (SELECT (SELECT count(*) FROM pg_class WHERE relname IN ('chosen_market_odds', 'parsed_market_odds', 'placed_market_odds', 'books_market_odds', 'cells_market_odds', 'chosen_competitor_market_odds', 'parsed_competitor_market_odds', 'placed_competitor_market_odds', 'books_competitor_market_odds', 'cells_competitor_market_odds') AND relnamespace = 'public'::regnamespace) + (SELECT count(*) FROM pg_proc WHERE proname IN ('chosen_market_odds', 'parsed_market_odds', 'placed_market_odds', 'books_market_odds', 'cells_market_odds', 'chosen_competitor_market_odds', 'parsed_competitor_market_odds', 'placed_competitor_market_odds', 'books_competitor_market_odds', 'cells_competitor_market_odds') AND pronamespace = 'public'::regnamespace));
  IF broken IS DISTINCT FROM 0 THEN
    RAISE EXCEPTION 'Required: %', 'nothing is called chosen_market_odds or parsed_market_odds or placed_market_odds or books_market_odds or cells_market_odds or chosen_competitor_market_odds or parsed_competitor_market_odds or placed_competitor_market_odds or books_competitor_market_odds or cells_competitor_market_odds yet'
      USING DETAIL = format('%s rows break it.', broken), HINT = 'Execute nothing that follows.';
  END IF;
END
$check$;
