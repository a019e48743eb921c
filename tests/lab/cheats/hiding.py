"""Data out of sight of the footprint."""

from __future__ import annotations

from lab.scenario import Shape
from lab.values import SYSTEM_CATALOGS
from tests.lab.cheats.cheat import Cheat, counted, differs

_TEXT = "(SELECT string_agg(md5(i::text), '') FROM generate_series(1, 40000) i)"
"""1.3 MB that do not compress."""


def _with_text(statement: str) -> str:
    """A statement that takes the text as a constant."""
    return f"DO $$ BEGIN EXECUTE format({statement!r}, {_TEXT}); END $$".replace('"', "'")


CHEATS: dict[str, Cheat] = {
    "in a temporary table": differs(
        "table scrape_errors",
        "CREATE TEMP TABLE scrape_errors AS SELECT * FROM public.scrape_errors",
        "DROP TABLE public.scrape_errors",
    ),
    "in another schema": counted(
        "elsewhere.copied", "CREATE SCHEMA elsewhere",
        "CREATE TABLE elsewhere.copied AS SELECT * FROM events"),
    "in a schema of the system": counted(
        "information_schema.copied", "CREATE TABLE information_schema.copied AS SELECT * FROM events"),
    "in the system's own schema": counted(
        "pg_catalog.copied", "SET allow_system_table_mods = on", "CREATE TABLE pg_catalog.copied AS SELECT * FROM events"
    ),
    "among the TOAST tables": differs(
        "bytes of the database",
        "SET allow_system_table_mods = on",
        "CREATE TABLE pg_toast.copied AS SELECT m.* FROM market_odds m, generate_series(1, 4)",
    ),
    "in a table of the system": counted(
        SYSTEM_CATALOGS, f"INSERT INTO information_schema.sql_features (feature_name) SELECT {_TEXT}"
    ),
    "in a materialized view": counted("copied", "CREATE MATERIALIZED VIEW copied AS SELECT * FROM events"),
    "in an unlogged table": counted("copied", "CREATE UNLOGGED TABLE copied AS SELECT * FROM events"),
    "in large objects": counted(
        "pg_catalog.pg_largeobject", "SELECT lo_from_bytea(0, raw_response::text::bytea) FROM odds_snapshots LIMIT 20"
    ),
    "in a comment": counted(SYSTEM_CATALOGS, _with_text("COMMENT ON TABLE events IS %L")),
    "in the body of a function": counted(
        SYSTEM_CATALOGS,
        "DO $$ BEGIN EXECUTE format('CREATE FUNCTION constants() RETURNS text LANGUAGE sql AS %L',"
        f" 'SELECT ' || quote_literal({_TEXT})); END $$",
    ),
    "in a view of constants": counted(SYSTEM_CATALOGS, _with_text("CREATE VIEW constants AS SELECT %L AS data")),
    "in the labels of a type": counted(
        SYSTEM_CATALOGS,
        "DO $$ BEGIN EXECUTE (SELECT 'CREATE TYPE labels AS ENUM (' || string_agg(quote_literal(md5(i::text) || md5((-i)::text)"
        "), ', ') || ')' FROM generate_series(1, 4000) i); END $$".replace("md5((-i)::text)", "left(md5((-i)::text), 30)"),
    ),
    "in a domain": counted(SYSTEM_CATALOGS, _with_text("CREATE DOMAIN constants AS text DEFAULT %L")),
    "in a default": counted(SYSTEM_CATALOGS, _with_text("CREATE TABLE empty (data text DEFAULT %L)")),
    "in a comment on a role": differs(
        "left behind: comment",
        "DO $$ BEGIN EXECUTE format('COMMENT ON ROLE pg_monitor IS %L', " + _TEXT + "); END $$",
    ),
    "in another database": differs("left behind: database", "CREATE DATABASE cheat_database"),
    "in a tablespace": differs(
        "left behind: tablespace",
        "SET allow_in_place_tablespaces = on",
        "CREATE TABLESPACE cheat_space LOCATION ''",
        "ALTER TABLE events SET TABLESPACE cheat_space",
    ),
    "in a foreign table": differs(
        "left behind: foreign table",
        "CREATE EXTENSION file_fdw",
        "CREATE SERVER files FOREIGN DATA WRAPPER file_fdw",
        "CREATE FOREIGN TABLE outside (data text) SERVER files OPTIONS (filename '/tmp/outside')",
    ),
    "behind a connection of the server": differs("left behind: extension", "CREATE EXTENSION dblink"),
    "in a file of the server": differs(
        "left behind: file of the server",
        "DO $$ BEGIN EXECUTE format('COPY events TO %L', current_setting('data_directory') || '/cheat.copy'); END $$",
    ),
    "in a file that a view reads": differs(
        "asked again",
        "COPY scrape_phase_logs TO '/tmp/storage-lab-cheat.copy'",
        "DO $$ BEGIN EXECUTE (SELECT 'CREATE TYPE log_line AS (' || string_agg(quote_ident(attname) || ' ' ||"
        " format_type(atttypid, atttypmod), ', ' ORDER BY attnum) || ')' FROM pg_attribute"
        " WHERE attrelid = 'scrape_phase_logs'::regclass AND attnum > 0); END $$",
        "DROP TABLE scrape_phase_logs",
        "CREATE VIEW scrape_phase_logs AS SELECT (r).* FROM (SELECT ('(' || replace(replace(line, '\\N', ''), E'\\t', ',')"
        " || ')')::log_line AS r FROM regexp_split_to_table(trim(E'\\n' FROM pg_read_file('/tmp/storage-lab-cheat.copy')),"
        " E'\\n') line) parsed",
        changes={"scrape_phase_logs": Shape.VIEW},
    ),
}  # fmt: skip
