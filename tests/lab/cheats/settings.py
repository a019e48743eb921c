"""Defaults of a database, a role or a server, so that the question is read elsewhere; and what stays behind."""

from __future__ import annotations

from tests.lab.cheats.cheat import Cheat, differs, fails

_SETTINGS = {
    "search_path": "'pg_temp'",
    "TimeZone": "'GMT-3'",
    "row_security": "on",
    "DateStyle": "'SQL, DMY'",
    "IntervalStyle": "'iso_8601'",
    "extra_float_digits": "-15",
    "statement_timeout": "1",
    "default_transaction_read_only": "on",
    "enable_seqscan": "off",
    "work_mem": "'1TB'",
}


def _database(setting: str, value: str) -> Cheat:
    statement = (
        f"DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET {setting} = %s', current_database(), $v${value}$v$); END $$"
    )
    return differs("left behind: setting", statement)


CHEATS: dict[str, Cheat] = {
    **{f"sets the database's {name}": _database(name, value) for name, value in _SETTINGS.items()},
    "hides data in a setting": differs(
        "left behind: setting",
        "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET hidden.data = %L', current_database(), repeat('x', 100000)); END $$",
    ),
    "sets the role's search path": differs(
        "left behind: setting", "ALTER ROLE CURRENT_USER SET search_path = pg_catalog"
    ),
    "sets the search path of all": differs("left behind: setting", "ALTER ROLE ALL SET search_path = pg_catalog"),
    "sets the server": differs("left behind: server setting", "ALTER SYSTEM SET enable_seqscan = off"),
    "hides rows behind a policy": differs(
        "left behind: row security",
        "ALTER TABLE events ENABLE ROW LEVEL SECURITY",
        "CREATE POLICY half ON events USING (id % 2 = 0)",
    ),
    "makes a role": differs("left behind: role", "CREATE ROLE cheat_role"),
    "makes a cast": differs("left behind: cast", "CREATE CAST (json AS bigint) WITH INOUT"),
    "makes an operator": differs(
        "left behind: operator",
        "CREATE FUNCTION same(json, json) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT true'",
        "CREATE OPERATOR = (FUNCTION = same, LEFTARG = json, RIGHTARG = json)",
    ),
    "makes a function that runs as its owner": differs(
        "left behind: function",
        "CREATE FUNCTION secret() RETURNS text LANGUAGE sql SECURITY DEFINER AS 'SELECT pg_read_file(''PG_VERSION'')'",
    ),
    "makes an event trigger": differs(
        "left behind: event trigger",
        "CREATE FUNCTION watch() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'",
        "CREATE EVENT TRIGGER watch ON ddl_command_end EXECUTE FUNCTION watch()",
    ),
    "makes a publication": differs("left behind: publication", "CREATE PUBLICATION everything FOR ALL TABLES"),
    "keeps the write-ahead log": differs(
        "left behind: replication slot", "SELECT pg_create_physical_replication_slot('cheat_slot', true)"
    ),
    "prepares a transaction": fails("prepared transactions are disabled", "BEGIN; PREPARE TRANSACTION 'cheat'"),
}
