-- What a run asks of the engine, on little data: V8 keeps the functions that these statements call.
-- A blank line ends a statement.
CREATE EXTENSION timescaledb

CREATE TABLE parent (id bigserial PRIMARY KEY, name text NOT NULL, at timestamptz NOT NULL, price numeric(8, 2),
  note varchar(40), document json, tree jsonb, flag boolean, part smallint, ratio double precision, bytes bytea, many integer[])

CREATE TABLE child (id bigserial PRIMARY KEY, parent_id bigint NOT NULL REFERENCES parent ON DELETE CASCADE,
  line double precision, at timestamptz NOT NULL DEFAULT now(), outcomes json NOT NULL)

INSERT INTO parent (name, at, price, note, document, tree, flag, part, ratio, bytes, many)
SELECT 'name ' || n, timestamptz '2026-01-01' + n * interval '7 minutes', round((n % 977) / 7.0, 2), left(md5(n::text), n % 40),
  json_build_object('id', n, 'text', repeat(md5(n::text), n % 90)),
  jsonb_build_object('a', n, 'b', ARRAY[n, n + 1], 'c', md5(n::text)),
  n % 3 = 0, n % 100, n / 3.0, convert_to(repeat(md5(n::text), n % 99), 'UTF8'), ARRAY[n, n % 7]
FROM generate_series(1, 4000) n

INSERT INTO child (parent_id, line, outcomes)
SELECT id, n / 4.0, json_build_array(json_build_object('name', 'Over', 'odds', 1.5 + n / 10.0),
  json_build_object('name', 'Under', 'odds', 2.5))
FROM parent, generate_series(1, 5) n

COPY parent TO '/tmp/parent'

CREATE TABLE copied (LIKE parent)

COPY copied FROM '/tmp/parent'

CREATE INDEX ON parent (at)

CREATE INDEX ON parent (name, part DESC)

CREATE INDEX ON parent USING gin (tree)

CREATE INDEX ON child USING brin (at)

CREATE UNIQUE INDEX ON child (parent_id, line)

VACUUM (ANALYZE)

SELECT p.part, count(*), sum(p.price), avg(c.line), min(p.at), max(p.name)
FROM parent p JOIN child c ON c.parent_id = p.id GROUP BY p.part HAVING count(*) > 3 ORDER BY 2 DESC, 1

SELECT DISTINCT ON (part) part, at, document FROM parent WHERE at > '2026-01-03' ORDER BY part, at DESC

SELECT name, lag(price) OVER (PARTITION BY part ORDER BY at), row_number() OVER (ORDER BY at, id), rank() OVER (ORDER BY price)
FROM parent

SELECT outcome ->> 'name', (outcome ->> 'odds')::numeric, count(*)
FROM child, LATERAL json_array_elements(outcomes) outcome GROUP BY 1, 2 ORDER BY 1, 2

SELECT md5(string_agg(md5(parent::text), '' ORDER BY id)), sum(hashtextextended(parent::text, 0)) FROM parent

SELECT document ->> 'id', tree -> 'a', tree #>> '{b,0}', tree @> '{"a": 5}', jsonb_typeof(tree), length(bytes),
  encode(bytes, 'hex'), many[1], document::jsonb
FROM parent

SELECT * FROM parent WHERE id IN (SELECT parent_id FROM child WHERE line > 0.5) AND name LIKE 'name 1%' AND note IS NOT NULL
ORDER BY ratio LIMIT 500

SELECT * FROM parent WHERE id = 77

SELECT * FROM child WHERE parent_id = ANY (ARRAY[1, 5, 77, 90]) ORDER BY line

WITH RECURSIVE r (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 500)
SELECT sum(n), to_char(now(), 'YYYY-MM-DD'), date_trunc('day', now()) FROM r

SELECT coalesce(p.id, c.id), CASE WHEN flag THEN 1 ELSE 2 END, extract(epoch FROM p.at),
  EXISTS (SELECT FROM child other WHERE other.parent_id = p.id)
FROM parent p FULL JOIN child c USING (id) EXCEPT SELECT 1, 1, 1, true

EXPLAIN (ANALYZE, BUFFERS, FORMAT json) SELECT count(*) FROM parent JOIN child USING (id)

UPDATE parent SET price = price + 1, note = upper(note) WHERE part < 50

INSERT INTO parent (id, name, at) SELECT n, 'again', now() FROM generate_series(1, 500) n
ON CONFLICT (id) DO UPDATE SET name = excluded.name

DELETE FROM parent WHERE part > 90

ALTER TABLE parent ALTER COLUMN document TYPE jsonb USING document::jsonb, ALTER COLUMN part TYPE integer

CLUSTER parent USING parent_pkey

VACUUM (FULL, ANALYZE) child

CREATE VIEW whole AS SELECT p.id, jsonb_agg(c.outcomes ORDER BY c.id) AS outcomes
FROM parent p JOIN child c ON c.parent_id = p.id GROUP BY p.id

SELECT count(*), sum(length(outcomes::text)) FROM whole

DO $$
DECLARE
  r record;
  n integer := 0;
BEGIN
  FOR r IN SELECT * FROM child LOOP
    IF r.line > 0.5 THEN n := n + 1; END IF;
  END LOOP;
END $$

SELECT relname, pg_relation_size(oid), pg_total_relation_size(oid) FROM pg_class WHERE relkind IN ('r', 'i') ORDER BY 2 DESC

CREATE TABLE series (at timestamptz NOT NULL, key integer, value double precision, name text)

SELECT create_hypertable('series', 'at', chunk_time_interval => interval '1 day')

INSERT INTO series SELECT timestamptz '2026-01-01' + n * interval '1 minute', n % 10, n / 7.0, 'name ' || n % 20
FROM generate_series(1, 5000) n

ALTER TABLE series SET (timescaledb.compress, timescaledb.compress_segmentby = 'key', timescaledb.compress_orderby = 'at DESC')

SELECT compress_chunk(chunk) FROM show_chunks('series') chunk

SELECT key, count(*), avg(value), max(name) FROM series GROUP BY key

SELECT * FROM series WHERE key = 3 AND at > '2026-01-02' ORDER BY at DESC LIMIT 100

INSERT INTO series VALUES ('2026-01-01 00:00:30', 3, 1, 'late')
