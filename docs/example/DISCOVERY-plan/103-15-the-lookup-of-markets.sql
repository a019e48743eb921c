-- Written by `lab discover`, and written anew whenever it runs.
-- pack_raw_response+pack_market_history: phase 103, the lookup of markets (file 16 of 23).
\set ON_ERROR_STOP on
SET search_path = public;
SET lock_timeout = '5s';

DROP TABLE IF EXISTS market_lookup;

CREATE TABLE market_lookup (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, key text NOT NULL UNIQUE, betpawa_market_id varchar(50) NOT NULL, betpawa_market_name varchar(255) NOT NULL, market_groups json, line float8, handicap_type varchar(50), handicap_home float8, handicap_away float8, prices integer NOT NULL, template text NOT NULL);
