-- Written by `lab discover`, and written anew whenever it runs.
-- pack_raw_response+pack_market_history: phase 103, train a dictionary for each platform (file 2 of 23).
\set ON_ERROR_STOP on
SET search_path = public;
SET lock_timeout = '5s';

CREATE TABLE payload_dictionaries (id integer PRIMARY KEY, platform text NOT NULL UNIQUE, content bytea NOT NULL);

ALTER TABLE payload_dictionaries ALTER COLUMN content SET STORAGE EXTERNAL;
