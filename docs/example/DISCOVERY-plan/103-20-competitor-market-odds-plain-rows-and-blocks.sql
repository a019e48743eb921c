-- Written by `lab discover`, and written anew whenever it runs.
-- pack_raw_response+pack_market_history: phase 103, competitor_market_odds: plain rows and blocks (file 21 of 23).
\set ON_ERROR_STOP on
SET search_path = public;
SET lock_timeout = '5s';

INSERT INTO competitor_market_odds_blocks (snapshot_id, first_id, layout, odds, listed, breaks, shifts) 
SELECT c.snapshot_id, c.first_id, c.layout, o.odds, c.listed, c.breaks, c.shifts
FROM (SELECT snapshot_id, layout, first_id,
             string_agg(CASE WHEN id IS NULL THEN '0' ELSE '1' END, '' ORDER BY position)::varbit AS listed,
             array_agg(position ORDER BY position) FILTER (WHERE jump <> 0) AS breaks,
             array_agg(shift ORDER BY position) FILTER (WHERE jump <> 0) AS shifts
      FROM cells_competitor_market_odds GROUP BY snapshot_id, layout, first_id) c
JOIN (SELECT snapshot_id, array_agg(u.odds ORDER BY position, u.number) AS odds
      FROM cells_competitor_market_odds t, unnest(t.odds) WITH ORDINALITY AS u(odds, number) GROUP BY snapshot_id) o USING (snapshot_id)
ORDER BY c.snapshot_id;

INSERT INTO competitor_market_odds_blocks (snapshot_id) SELECT DISTINCT snapshot_id FROM competitor_market_odds m WHERE NOT EXISTS (SELECT FROM competitor_market_odds_blocks b WHERE b.snapshot_id = m.snapshot_id);

ALTER TABLE competitor_market_odds_blocks ADD PRIMARY KEY (snapshot_id);

ALTER TABLE competitor_market_odds_blocks ADD FOREIGN KEY (snapshot_id) REFERENCES competitor_odds_snapshots (id);

CREATE INDEX ON competitor_market_odds_places (layout, betpawa_market_id) INCLUDE (position, market);

INSERT INTO competitor_market_odds_rows (id, snapshot_id, betpawa_market_id, betpawa_market_name, market_groups, line, handicap_type, handicap_home, handicap_away, outcomes, unavailable_at) SELECT id, snapshot_id, betpawa_market_id, betpawa_market_name, market_groups, line, handicap_type, handicap_home, handicap_away, outcomes, unavailable_at FROM competitor_market_odds m WHERE NOT EXISTS (SELECT FROM placed_competitor_market_odds p WHERE p.id = m.id) ORDER BY id;

REINDEX TABLE competitor_market_odds_rows;

ALTER SEQUENCE competitor_market_odds_id_seq OWNED BY competitor_market_odds_rows.id;

ANALYZE competitor_market_odds_rows;

ANALYZE competitor_market_odds_blocks;

ANALYZE competitor_market_odds_places;

ANALYZE market_lookup;
