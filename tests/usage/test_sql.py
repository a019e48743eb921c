"""Files of SQL, statement by statement."""

from __future__ import annotations

import pytest

from lab.usage import sql
from lab.usage.values import ColumnSearch
from tests.usage.conftest import Read

MERGE = "MERGE INTO odds_snapshots t USING staging s ON t.id = s.id WHEN MATCHED THEN"
SEARCH = ColumnSearch(column="raw_response", tables=frozenset({"odds_snapshots"}))


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("SELECT raw_response FROM odds_snapshots", ["read"]),
        ('SELECT "raw_response" FROM "odds_snapshots"', ["read"]),
        ("SELECT RAW_RESPONSE FROM ODDS_SNAPSHOTS", ["read"]),
        ("SELECT s.raw_response->'markets' FROM odds_snapshots AS s", ["read"]),
        ("SELECT 1 FROM odds_snapshots s JOIN events e ON s.raw_response->>'id' = e.name", ["read"]),
        ("DELETE FROM odds_snapshots WHERE raw_response IS NULL", ["read"]),
        ("EXPLAIN ANALYZE SELECT raw_response FROM odds_snapshots", ["read"]),
        ("WITH x AS (SELECT raw_response FROM odds_snapshots) SELECT * FROM x", ["read"]),
        ("CREATE VIEW v AS SELECT raw_response FROM odds_snapshots", ["read"]),
        ("COPY odds_snapshots (raw_response) TO STDOUT", ["read"]),
        ("COPY odds_snapshots (raw_response) FROM STDIN", ["write"]),
        ("UPDATE odds_snapshots SET raw_response = NULL", ["write"]),
        ("UPDATE odds_snapshots SET (id, raw_response) = (1, NULL)", ["write"]),
        ("UPDATE odds_snapshots SET raw_response = raw_response - 'x'", ["write", "read"]),
        ("INSERT INTO odds_snapshots (raw_response) VALUES (1)", ["write"]),
        (
            "INSERT INTO odds_snapshots (id) VALUES (1) ON CONFLICT (id) DO UPDATE SET raw_response = excluded.raw_response",
            ["write"],
        ),
        ("CREATE TABLE odds_snapshots (raw_response jsonb)", ["declare"]),
        ("ALTER TABLE odds_snapshots ADD COLUMN raw_response jsonb", ["declare"]),
        ("ALTER TABLE odds_snapshots ALTER COLUMN raw_response SET COMPRESSION lz4", ["declare"]),
        ("COMMENT ON COLUMN odds_snapshots.raw_response IS 'payload'", ["declare"]),
        ("CREATE INDEX ON odds_snapshots USING gin (raw_response)", ["declare"]),
        ("CREATE TABLE odds_snapshots (id bigint, CHECK (raw_response IS NOT NULL))", ["declare"]),
        ("ANALYZE odds_snapshots (raw_response)", ["declare"]),
        (
            f"{MERGE} UPDATE SET raw_response = s.raw_response WHEN NOT MATCHED THEN INSERT (raw_response) VALUES (s.raw_response)",
            ["write", "unclear", "write", "unclear"],
        ),
        (
            "MERGE INTO events e USING odds_snapshots s ON e.id = s.id WHEN MATCHED THEN UPDATE SET doc = s.raw_response",
            ["read"],
        ),
        ("SELECT * FROM odds_snapshots", ["read whole"]),
        ("SELECT s.*, e.id FROM events e JOIN odds_snapshots s ON s.event_id = e.id", ["read whole"]),
        ("SELECT e.* FROM events e JOIN odds_snapshots s ON s.event_id = e.id", []),
        ("INSERT INTO events (id) VALUES (1) RETURNING *", []),
        ("UPDATE odds_snapshots SET id = 1 RETURNING *", ["read whole"]),
        ("TABLE odds_snapshots", ["read whole"]),
        ("COPY odds_snapshots TO STDOUT", ["read whole"]),
        ("COPY odds_snapshots FROM STDIN", ["write whole"]),
        ("CREATE TABLE old AS SELECT * FROM odds_snapshots", ["read whole"]),
        ("SELECT to_jsonb(s) FROM odds_snapshots s", ["unclear whole"]),
        ("SELECT count(*) FROM odds_snapshots", []),
        ("SELECT 1 WHERE EXISTS (SELECT * FROM odds_snapshots)", []),
        ("SELECT * FROM events", []),
        ("SELECT 'raw_response' AS name", []),
        ("SELECT 1 AS raw_response", []),
        ("SELECT id FROM odds_snapshots -- raw_response", []),
        ("SELECT h.raw_response FROM http_log h", ["unclear"]),
        ("DO $$ BEGIN UPDATE odds_snapshots SET raw_response = NULL; END $$", ["unclear"]),
        ("CREATE FUNCTION f() RETURNS text LANGUAGE sql AS $$ SELECT raw_response FROM odds_snapshots $$", ["unclear"]),
        ("CREATE FUNCTION f() RETURNS text LANGUAGE sql AS 'SELECT raw_response FROM odds_snapshots'", ["unclear"]),
        (
            "CREATE OR REPLACE FUNCTION f() RETURNS text AS $x$ BEGIN RETURN NEW.raw_response; END $x$ LANGUAGE plpgsql",
            ["unclear"],
        ),
        ("CREATE PROCEDURE p() LANGUAGE sql AS $$ UPDATE events e SET doc = s.raw_response FROM s $$", ["unclear"]),
        (
            "CREATE FUNCTION f() RETURNS odds_snapshots LANGUAGE sql AS $$ SELECT * FROM odds_snapshots $$",
            ["unclear whole"],
        ),
        ("CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$ SELECT 1 $$", []),
        ("SELECT FROM WHERE raw_response", ["unclear"]),
        ("{% if x %} SELECT raw_response FROM odds_snapshots {% endif %}", ["unclear"]),
        ("SELECT FROM WHERE odds_snapshots", ["unclear whole"]),
    ],
)
def test_a_statement_is_judged_by_its_clauses(statement: str, expected: list[str]) -> None:
    occurrences, _ = sql.look(statement, SEARCH)
    assert [f"{occurrence.access}{' whole' * occurrence.whole}" for occurrence in occurrences] == expected


def test_a_statement_that_cannot_be_parsed_hides_no_other() -> None:
    occurrences, unparsed = sql.look("SELECT 1;\nSELECT FROM WHERE;\nSELECT raw_response FROM odds_snapshots;", SEARCH)
    assert [(occurrence.line, str(occurrence.access)) for occurrence in occurrences] == [(3, "read")]
    assert unparsed == 1


@pytest.mark.parametrize(
    "before",
    [
        "SELECT id FROM events WHERE id = $1;\nSELECT id FROM events WHERE id = $1;",
        "PREPARE q AS SELECT id FROM events\nWHERE id = $1;",
        "DO $$ BEGIN\nNULL;\nEND $$;",
        "DECLARE c CURSOR FOR SELECT id FROM events;\n-- comment",
        "CREATE FUNCTION f(a int) RETURNS int AS $$\nSELECT $1 $$ LANGUAGE sql;",
    ],
)
def test_a_hit_has_its_line_whatever_stands_before_it(before: str) -> None:
    occurrences, _ = sql.look(
        f"{before}\nSELECT id\nFROM odds_snapshots WHERE raw_response IS NULL;\nTABLE odds_snapshots", SEARCH
    )
    lines = before.count("\n") + 1
    assert [occurrence.line for occurrence in occurrences] == [lines + 2, lines + 3]


def test_rows_and_commands_of_a_dump_are_no_sql() -> None:
    dump = "\\connect odds\nCOPY events (name) FROM stdin;\nraw_response\t;'\n\\.\n\\copy odds_snapshots (raw_response) TO 'x'\n"
    occurrences, unparsed = sql.look(dump, SEARCH)
    assert [(occurrence.line, str(occurrence.access)) for occurrence in occurrences] == [(5, "read")]
    assert unparsed == 0


def test_the_tables_are_those_that_the_sources_give_the_column(read: Read) -> None:
    usage = read({"a.sql": "CREATE TABLE payloads (raw_response jsonb);", "b.sql": "SELECT *\nFROM payloads;"})
    assert usage.tables == ("payloads",)
    assert [(hit.path, hit.line, hit.whole) for hit in usage.hits] == [("a.sql", 1, False), ("b.sql", 1, True)]


def test_where_no_source_declares_the_column_the_snapshots_tables_are_meant(read: Read) -> None:
    usage = read({"a.sql": "SELECT * FROM competitor_odds_snapshots;"})
    assert usage.tables == ("competitor_odds_snapshots", "odds_snapshots")
    assert usage.reading == "loaded, not used by name"


def test_a_file_not_understood_in_full_is_named(read: Read) -> None:
    usage = read({"a.sql": "SELECT FROM WHERE raw_response;"})
    assert [(file.path, file.reason) for file in usage.unparsed] == [
        ("a.sql", "1 statement with the body of a function, or in SQL that does not parse")
    ]
    assert usage.reading == "perhaps read"
