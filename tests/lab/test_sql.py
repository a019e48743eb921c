"""What statements, indexes and defaults mean, however they are written."""

from __future__ import annotations

import pytest

from lab.sql.effects import Effect, EffectKind, effects, verb
from lab.sql.expressions import is_present
from lab.sql.indexes import index_definition


def effect(kind: EffectKind, name: str = "", new_name: str = "") -> Effect:
    return Effect(kind=kind, name=name, new_name=new_name)


LOOP = "FOR chunk IN SELECT 1 LOOP CALL convert_to_columnstore(chunk); COMMIT; END LOOP;"


@pytest.mark.parametrize(
    ("sql", "does"),
    [
        ("CREATE TABLE t (a int COMPRESSION lz4)", [effect(EffectKind.CREATE, new_name="t")]),
        ("CREATE UNLOGGED TABLE IF NOT EXISTS t AS SELECT 1", [effect(EffectKind.CREATE, new_name="t")]),
        ('create or replace view public."Odd" AS SELECT 1', [effect(EffectKind.CREATE, new_name="Odd")]),
        ("CREATE TABLE other.t (a int)", [effect(EffectKind.CREATE, new_name="other.t")]),
        ("CREATE TEMP TABLE t (a int)", []),
        ("CREATE UNIQUE INDEX CONCURRENTLY ON t (a)", [effect(EffectKind.CREATE)]),
        ("CREATE FUNCTION t() RETURNS int LANGUAGE sql AS 'SELECT 1'", [effect(EffectKind.CREATE)]),
        ("CREATE EXTENSION IF NOT EXISTS timescaledb", [effect(EffectKind.CREATE_EXTENSION, "timescaledb")]),
        ("SELECT create_hypertable('t', by_range('at'))", [effect(EffectKind.CREATE)]),
        ("INSERT INTO t SELECT 1 ON CONFLICT (a) DO UPDATE SET a = 1", [effect(EffectKind.CREATE)]),
        ("WITH n AS (SELECT 1) INSERT INTO t SELECT * FROM n", [effect(EffectKind.CREATE)]),
        ("WITH n AS (SELECT 1) SELECT * FROM n FOR UPDATE", []),
        ("WITH gone AS (DELETE FROM t RETURNING a) INSERT INTO u SELECT * FROM gone", [effect(EffectKind.CHANGE_ROWS)]),
        ("-- old rows\nDELETE FROM t", [effect(EffectKind.CHANGE_ROWS)]),
        ("update only t set a = 1", [effect(EffectKind.CHANGE_ROWS)]),
        ("TRUNCATE t", [effect(EffectKind.CHANGE_ROWS)]),
        (
            'DROP TABLE IF EXISTS public.t, "T" CASCADE',
            [effect(EffectKind.DROP_TABLE, "t"), effect(EffectKind.DROP_TABLE, "T")],
        ),
        ("DROP INDEX i", []),
        ("ALTER TABLE IF EXISTS ONLY public.t RENAME TO t_old", [effect(EffectKind.RENAME, "t", "t_old")]),
        ("ALTER TABLE t RENAME a TO t_old", [effect(EffectKind.ALTER, "t")]),
        ("ALTER VIEW v RENAME TO t", [effect(EffectKind.RENAME, "v", "t")]),
        (
            "ALTER TABLE t ADD b numeric(5, 2), DROP COLUMN IF EXISTS a, ALTER c TYPE bytea USING f(a, b)",
            [effect(EffectKind.CREATE, "t"), effect(EffectKind.DROP_COLUMN, "t"), effect(EffectKind.CHANGE_TYPE, "t")],
        ),
        ('ALTER TABLE t ALTER COLUMN "type" SET DATA TYPE text', [effect(EffectKind.CHANGE_TYPE, "t")]),
        ('ALTER TABLE t ALTER "type" SET NOT NULL', [effect(EffectKind.ALTER, "t")]),
        ("ALTER TABLE t DROP CONSTRAINT c", []),
        ("ALTER TABLE t ALTER COLUMN a SET COMPRESSION lz4", [effect(EffectKind.ALTER, "t")]),
        ("ALTER SEQUENCE s OWNED BY NONE", [effect(EffectKind.ALTER)]),
        ("SET default_toast_compression = lz4", [effect(EffectKind.ALTER)]),
        ("CALL convert_to_columnstore('c')", [effect(EffectKind.COMPRESS)]),
        (f"DO $$ DECLARE chunk regclass; BEGIN {LOOP} END $$", [effect(EffectKind.COMPRESS)]),
        ("DO $x$ BEGIN CALL convert_to_columnstore('c'); END $x$", [effect(EffectKind.COMPRESS)]),
        ("DO $$ BEGIN EXECUTE 'CALL convert_to_columnstore(''c'')'; END $$", [effect(EffectKind.COMPRESS)]),
        ("DO $$ BEGIN RAISE NOTICE 'not convert_to_columnstore'; END $$", []),
        ("SELECT 'DROP TABLE t'", []),
        ("VACUUM FULL t", []),
        ("", []),
        ("SELECT 'open", []),
    ],
)
def test_what_a_statement_does(sql: str, does: list[Effect]) -> None:
    assert list(effects(sql)) == does


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("create  unlogged\ntable t (a int)", "CREATE UNLOGGED TABLE"),
        ("CREATE UNIQUE INDEX i ON t (a)", "CREATE UNIQUE INDEX"),
        ("DROP MATERIALIZED VIEW v", "DROP MATERIALIZED VIEW"),
        ("ALTER TABLE t ADD a int", "ALTER TABLE"),
        ("SELECT count(*) FROM t", "SELECT count"),
        ("SELECT a FROM t", "SELECT"),
        ("CALL refresh('t')", "CALL refresh"),
        ("VACUUM FULL t", "VACUUM FULL"),
        ("VACUUM", "VACUUM"),
        ("DO $$ BEGIN END $$", "DO"),
        ("/* why */ INSERT INTO t VALUES (1)", "INSERT"),
    ],
)
def test_a_statement_is_counted_by_its_verb(sql: str, words: str) -> None:
    assert verb(sql) == words


@pytest.mark.parametrize(
    ("index", "same"),
    [
        ("CREATE INDEX ON t (a, b DESC)", 'CREATE UNIQUE INDEX "an index" ON public.t USING btree (a, b DESC)'),
        (
            "CREATE INDEX ON t USING brin (at) WITH (pages_per_range = 32)",
            "CREATE INDEX i ON ONLY public.t USING brin (at) WITH (pages_per_range='32')",
        ),
        (
            "CREATE INDEX ON t (a) WHERE a IS NOT NULL",
            "CREATE INDEX i ON public.t USING btree (a) WHERE (a IS NOT NULL)",
        ),
        ("CREATE INDEX ON t (lower(a))", "CREATE INDEX i ON public.t USING btree (lower(a))"),
    ],
)
def test_one_index_written_in_two_ways_is_the_same(index: str, same: str) -> None:
    assert index_definition(index) == index_definition(same) is not None


@pytest.mark.parametrize(
    "other",
    [
        "CREATE INDEX ON u (a)",
        "CREATE INDEX ON other.t (a)",
        "CREATE INDEX ON t (b)",
        "CREATE INDEX ON t (a DESC)",
        "CREATE INDEX ON t USING hash (a)",
        "CREATE INDEX ON t (a) INCLUDE (b)",
        "CREATE INDEX ON t (a) WHERE a IS NULL",
        "CREATE INDEX ON t (a) WITH (fillfactor = 70)",
        "CREATE INDEX ON t (a text_pattern_ops)",
    ],
)
def test_an_index_of_something_else_is_another(other: str) -> None:
    assert index_definition("CREATE INDEX ON t (a)") != index_definition(other) is not None


@pytest.mark.parametrize(
    ("sql", "columns"),
    [
        ("CREATE INDEX ON t (a, b DESC NULLS LAST) INCLUDE (c) WHERE (d IS NOT NULL)", {"a", "b", "c", "d"}),
        ("CREATE INDEX ON t ((a + b))", None),
        ("CREATE INDEX ON t (a text_pattern_ops)", None),
        ("CREATE INDEX ON t (a) WHERE (b = 1)", None),
    ],
)
def test_an_index_of_plain_columns_names_them(sql: str, columns: set[str] | None) -> None:
    definition = index_definition(sql)
    assert definition is not None
    assert definition.columns == columns
    assert sql.endswith(definition.parts)


@pytest.mark.parametrize("sql", ["CREATE TABLE t (a int)", "an index", "", "CREATE INDEX ON t (a) NULLS NOT DISTINCT"])
def test_what_creates_no_known_index_is_none(sql: str) -> None:
    assert index_definition(sql) is None


@pytest.mark.parametrize(
    "sql",
    [
        "now()",
        "CURRENT_TIMESTAMP",
        "(CURRENT_TIMESTAMP)::timestamp(3) with time zone",
        "LOCALTIMESTAMP(0)",
        "CURRENT_DATE",
        "clock_timestamp()",
        "timezone('utc'::text, now())",
        "((now() AT TIME ZONE 'utc'::text))::date",
    ],
)
def test_an_expression_is_the_present(sql: str) -> None:
    assert is_present(sql)


@pytest.mark.parametrize(
    "sql",
    ["", "(now() + '1 day'::interval)", "date_trunc('day'::text, now())", "'2026-01-01'::date", "nextval('s')", "(("],
)
def test_an_expression_is_another_moment_or_none(sql: str) -> None:
    assert not is_present(sql)
