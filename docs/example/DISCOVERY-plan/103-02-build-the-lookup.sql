-- Written by `lab discover`, and written anew whenever it runs.
-- drop_raw_response+outcome_normalization_snapshot: phase 103, build the lookup (file 3 of 12).
\set ON_ERROR_STOP on
SET search_path = public;
SET lock_timeout = '5s';

DROP TABLE IF EXISTS market_lookup;

CREATE TABLE market_lookup (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, key text NOT NULL UNIQUE, betpawa_market_id varchar(50) NOT NULL, betpawa_market_name varchar(255) NOT NULL, market_groups json, line float8, handicap_type varchar(50), handicap_home float8, handicap_away float8, outcome_names text[] NOT NULL, outcomes json);

INSERT INTO market_lookup (key, betpawa_market_id, betpawa_market_name, market_groups, line, handicap_type, handicap_home, handicap_away, outcome_names, outcomes) SELECT p.key, p.betpawa_market_id, p.betpawa_market_name, p.market_groups::json, p.line, p.handicap_type, p.handicap_home, p.handicap_away, p.outcome_names, p.outcomes::json FROM (SELECT md5(ROW(p.betpawa_market_id, p.betpawa_market_name, p.market_groups::text, p.line, p.handicap_type, p.handicap_home, p.handicap_away, p.outcome_names)::text), p.betpawa_market_id, p.betpawa_market_name, p.market_groups::text, p.line, p.handicap_type, p.handicap_home, p.handicap_away, p.outcome_names, NULL FROM parsed_market_odds p WHERE true UNION SELECT md5(ROW(p.betpawa_market_id, p.betpawa_market_name, p.market_groups::text, p.line, p.handicap_type, p.handicap_home, p.handicap_away, p.outcome_names)::text), p.betpawa_market_id, p.betpawa_market_name, p.market_groups::text, p.line, p.handicap_type, p.handicap_home, p.handicap_away, p.outcome_names, NULL FROM parsed_competitor_market_odds p WHERE true) p(key, betpawa_market_id, betpawa_market_name, market_groups, line, handicap_type, handicap_home, handicap_away, outcome_names, outcomes) ORDER BY p.betpawa_market_id, p.line, p.key;

INSERT INTO market_lookup (key, betpawa_market_id, betpawa_market_name, market_groups, line, handicap_type, handicap_home, handicap_away, outcome_names, outcomes) SELECT p.key, p.betpawa_market_id, p.betpawa_market_name, p.market_groups::json, p.line, p.handicap_type, p.handicap_home, p.handicap_away, p.outcome_names, p.outcomes::json FROM (SELECT md5(ROW(p.betpawa_market_id, p.betpawa_market_name, p.market_groups::text, p.line, p.handicap_type, p.handicap_home, p.handicap_away, p.outcome_names, p.verbatim::text)::text), p.betpawa_market_id, p.betpawa_market_name, p.market_groups::text, p.line, p.handicap_type, p.handicap_home, p.handicap_away, p.outcome_names, p.verbatim::text FROM parsed_market_odds p WHERE p.verbatim IS NOT NULL UNION SELECT md5(ROW(p.betpawa_market_id, p.betpawa_market_name, p.market_groups::text, p.line, p.handicap_type, p.handicap_home, p.handicap_away, p.outcome_names, p.verbatim::text)::text), p.betpawa_market_id, p.betpawa_market_name, p.market_groups::text, p.line, p.handicap_type, p.handicap_home, p.handicap_away, p.outcome_names, p.verbatim::text FROM parsed_competitor_market_odds p WHERE p.verbatim IS NOT NULL) p(key, betpawa_market_id, betpawa_market_name, market_groups, line, handicap_type, handicap_home, handicap_away, outcome_names, outcomes) ORDER BY p.betpawa_market_id, p.line, p.key;

ANALYZE market_lookup;

CREATE OR REPLACE FUNCTION unpacked_outcomes(names text[], odds integer[]) RETURNS json
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT json_agg(json_build_object('name', o.name, 'odds', round(abs(o.odds) / 100.0, 2), 'is_active', o.odds > 0)
                  ORDER BY o.position)
  FROM unnest(names, odds) WITH ORDINALITY AS o(name, odds, position)
  WHERE o.name IS NOT NULL
$$;
