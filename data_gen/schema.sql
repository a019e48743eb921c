-- The production schema. Every statement ends its line with a semicolon; sections are read by name.

-- section tables
-- In the order of creation.
CREATE TABLE sports (
    id serial PRIMARY KEY,
    name varchar(100) NOT NULL UNIQUE,
    slug varchar(100) NOT NULL UNIQUE
);

CREATE TABLE bookmakers (
    id serial PRIMARY KEY,
    name varchar(100) NOT NULL UNIQUE,
    slug varchar(100) NOT NULL UNIQUE,
    is_active boolean NOT NULL,
    base_url varchar(500),
    logo_url varchar(500),
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);

CREATE TABLE tournaments (
    id serial PRIMARY KEY,
    sport_id int NOT NULL,
    name varchar(255) NOT NULL,
    country varchar(100) NOT NULL DEFAULT 'Unknown',
    sportradar_id varchar(100) UNIQUE,
    UNIQUE (sport_id, name, country)
);

CREATE TABLE events (
    id serial PRIMARY KEY,
    tournament_id int NOT NULL,
    name varchar(500) NOT NULL,
    home_team varchar(255) NOT NULL,
    away_team varchar(255) NOT NULL,
    kickoff timestamptz NOT NULL,
    sportradar_id varchar(100) NOT NULL UNIQUE,
    created_at timestamptz NOT NULL
);

CREATE TABLE event_bookmakers (
    id serial PRIMARY KEY,
    event_id int NOT NULL,
    bookmaker_id int NOT NULL,
    external_event_id varchar(100) NOT NULL,
    event_url varchar(1000),
    created_at timestamptz NOT NULL,
    UNIQUE (event_id, bookmaker_id)
);

CREATE TABLE competitor_tournaments (
    id serial PRIMARY KEY,
    source varchar(20) NOT NULL,
    sport_id int NOT NULL,
    name varchar(255) NOT NULL,
    country_raw varchar(100),
    country_iso varchar(3),
    external_id varchar(100) NOT NULL,
    sportradar_id varchar(100),
    created_at timestamp NOT NULL,
    deleted_at timestamp,
    UNIQUE (source, external_id)
);

CREATE TABLE competitor_events (
    id serial PRIMARY KEY,
    source varchar(20) NOT NULL,
    tournament_id int NOT NULL,
    betpawa_event_id int,
    name varchar(500) NOT NULL,
    home_team varchar(255) NOT NULL,
    away_team varchar(255) NOT NULL,
    kickoff timestamp NOT NULL,
    external_id varchar(100) NOT NULL,
    sportradar_id varchar(100) NOT NULL,
    created_at timestamp NOT NULL,
    updated_at timestamp NOT NULL,
    deleted_at timestamp,
    UNIQUE (source, external_id)
);

CREATE TABLE scrape_batches (
    id serial PRIMARY KEY,
    status varchar(20) NOT NULL,
    started_at timestamptz NOT NULL,
    completed_at timestamptz
);

CREATE TABLE scrape_runs (
    id serial PRIMARY KEY,
    status varchar(20) NOT NULL,
    started_at timestamptz NOT NULL,
    completed_at timestamptz,
    events_scraped int NOT NULL,
    events_failed int NOT NULL,
    trigger varchar(50),
    current_phase varchar(30),
    current_platform varchar(20),
    platform_status json,
    batch_id int,
    platform_timings json
);

CREATE TABLE scrape_phase_logs (
    id serial PRIMARY KEY,
    scrape_run_id int NOT NULL,
    platform varchar(20),
    phase varchar(30) NOT NULL,
    started_at timestamp NOT NULL,
    ended_at timestamp,
    events_processed int,
    message text,
    error_details json
);

CREATE TABLE scrape_errors (
    id serial PRIMARY KEY,
    scrape_run_id int NOT NULL,
    bookmaker_id int,
    event_id int,
    error_type varchar(50) NOT NULL,
    error_message text NOT NULL,
    occurred_at timestamptz NOT NULL
);

CREATE TABLE event_scrape_status (
    id serial PRIMARY KEY,
    scrape_run_id int NOT NULL,
    sportradar_id varchar(50) NOT NULL,
    status varchar(20) NOT NULL,
    platforms_requested json NOT NULL,
    platforms_scraped json NOT NULL,
    platforms_failed json NOT NULL,
    timing_ms int NOT NULL,
    error_details json,
    created_at timestamp NOT NULL
);

CREATE TABLE odds_snapshots (
    id bigserial,
    event_id int NOT NULL,
    bookmaker_id int NOT NULL,
    captured_at timestamptz NOT NULL DEFAULT now(),
    scrape_run_id int,
    raw_response jsonb,
    last_confirmed_at timestamp,
    PRIMARY KEY (id, captured_at)) PARTITION BY RANGE (captured_at
);

CREATE TABLE odds_snapshots_default PARTITION OF odds_snapshots DEFAULT;

CREATE TABLE competitor_odds_snapshots (
    id bigserial PRIMARY KEY,
    competitor_event_id int NOT NULL,
    captured_at timestamp NOT NULL DEFAULT now(),
    scrape_run_id int,
    raw_response json,
    last_confirmed_at timestamp
);

CREATE TABLE market_odds (
    id bigserial PRIMARY KEY,
    snapshot_id bigint NOT NULL,
    betpawa_market_id varchar(50) NOT NULL,
    betpawa_market_name varchar(255) NOT NULL,
    line float8,
    handicap_type varchar(50),
    handicap_home float8,
    handicap_away float8,
    outcomes json NOT NULL,
    handicap_value float8,
    market_groups json,
    unavailable_at timestamptz
);

CREATE TABLE competitor_market_odds (
    id bigserial PRIMARY KEY,
    snapshot_id bigint NOT NULL,
    betpawa_market_id varchar(50) NOT NULL,
    betpawa_market_name varchar(255) NOT NULL,
    line float8,
    handicap_type varchar(50),
    handicap_home float8,
    handicap_away float8,
    outcomes json NOT NULL,
    handicap_value float8,
    market_groups json,
    unavailable_at timestamptz
);

-- A column dropped in the past: every row keeps a null bitmap for it, which makes its header 32 bytes.
ALTER TABLE market_odds DROP COLUMN handicap_value;
ALTER TABLE competitor_market_odds DROP COLUMN handicap_value;

-- section indexes
-- There while rows come in, as in production: their fill is the natural one.
CREATE INDEX ON odds_snapshots (event_id);
CREATE INDEX ON odds_snapshots (bookmaker_id);
CREATE INDEX ON odds_snapshots (event_id, captured_at DESC);
CREATE INDEX ON odds_snapshots USING brin (captured_at) WITH (pages_per_range = 32);
CREATE INDEX ON market_odds (snapshot_id);
CREATE INDEX ON market_odds (betpawa_market_id);
CREATE INDEX ON competitor_odds_snapshots (competitor_event_id);
CREATE INDEX ON competitor_odds_snapshots (captured_at);
CREATE INDEX ON competitor_tournaments (source);
CREATE INDEX ON competitor_tournaments (sport_id);
CREATE INDEX ON competitor_tournaments (sportradar_id) WHERE sportradar_id IS NOT NULL;
CREATE INDEX ON competitor_events (source);
CREATE INDEX ON competitor_events (tournament_id);
CREATE INDEX ON competitor_events (sportradar_id);
CREATE INDEX ON competitor_events (kickoff);
CREATE INDEX ON competitor_events (betpawa_event_id) WHERE betpawa_event_id IS NOT NULL;
CREATE INDEX ON scrape_runs (status);
CREATE INDEX ON scrape_runs (started_at);
CREATE INDEX ON event_scrape_status (scrape_run_id);
CREATE INDEX ON event_scrape_status (sportradar_id);

-- section backfill
-- The day last_confirmed_at came: every snapshot was rewritten, and later ones fill the holes.
UPDATE odds_snapshots SET last_confirmed_at = captured_at AT TIME ZONE 'UTC';
UPDATE competitor_odds_snapshots SET last_confirmed_at = captured_at;
VACUUM odds_snapshots_default;
VACUUM competitor_odds_snapshots;

-- section late index
-- Added when most of a week was stored already.
CREATE INDEX ON market_odds (snapshot_id, betpawa_market_id);

-- section packed indexes
-- Built when all rows are there, because the published width is that of a table of 20 million rows.
--
-- Filled row by row, that table has 22.5 bytes a row in its primary key, 7.1 by snapshot_id and 6.4 by
-- betpawa_market_id, each of whose hundred keys fills some 160 pages to 96 %. In a small one, the keys share pages that
-- split half-empty: up to 3 bytes a row. Built at the end, both take 7 bytes at 20 million rows, so that the sum is
-- production's; what a small table has on top are the first, the topmost and the last page of each index.
CREATE INDEX ON competitor_market_odds (snapshot_id);
CREATE INDEX ON competitor_market_odds (betpawa_market_id);

-- section foreign keys
-- Added last. market_odds has none, as in production.
ALTER TABLE tournaments ADD FOREIGN KEY (sport_id) REFERENCES sports;
ALTER TABLE events ADD FOREIGN KEY (tournament_id) REFERENCES tournaments;
ALTER TABLE event_bookmakers ADD FOREIGN KEY (event_id) REFERENCES events;
ALTER TABLE event_bookmakers ADD FOREIGN KEY (bookmaker_id) REFERENCES bookmakers;
ALTER TABLE competitor_tournaments ADD FOREIGN KEY (sport_id) REFERENCES sports;
ALTER TABLE competitor_events ADD FOREIGN KEY (tournament_id) REFERENCES competitor_tournaments;
ALTER TABLE competitor_events ADD FOREIGN KEY (betpawa_event_id) REFERENCES events;
ALTER TABLE scrape_runs ADD FOREIGN KEY (batch_id) REFERENCES scrape_batches;
ALTER TABLE scrape_phase_logs ADD FOREIGN KEY (scrape_run_id) REFERENCES scrape_runs;
ALTER TABLE scrape_errors ADD FOREIGN KEY (scrape_run_id) REFERENCES scrape_runs;
ALTER TABLE scrape_errors ADD FOREIGN KEY (bookmaker_id) REFERENCES bookmakers;
ALTER TABLE scrape_errors ADD FOREIGN KEY (event_id) REFERENCES events;
ALTER TABLE event_scrape_status ADD FOREIGN KEY (scrape_run_id) REFERENCES scrape_runs;
ALTER TABLE odds_snapshots ADD FOREIGN KEY (event_id) REFERENCES events;
ALTER TABLE odds_snapshots ADD FOREIGN KEY (bookmaker_id) REFERENCES bookmakers;
ALTER TABLE odds_snapshots ADD FOREIGN KEY (scrape_run_id) REFERENCES scrape_runs;
ALTER TABLE competitor_odds_snapshots ADD FOREIGN KEY (competitor_event_id) REFERENCES competitor_events;
ALTER TABLE competitor_odds_snapshots ADD FOREIGN KEY (scrape_run_id) REFERENCES scrape_runs;
ALTER TABLE competitor_market_odds ADD FOREIGN KEY (snapshot_id) REFERENCES competitor_odds_snapshots;
