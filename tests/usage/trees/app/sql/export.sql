-- raw_response is exported too
COPY odds_snapshots (id, raw_response) TO '/tmp/snapshots.csv';

SELECT * FROM odds_snapshots
WHERE id = 1;

SELECT count(*) FROM odds_snapshots;
