"""Objects that a strategy must not leave behind, because they change answers or hide data.

Tables, indexes, views, sequences, types, functions, constraints and triggers are a strategy's own business, because their
bytes are counted and their answers are compared. An object of any other kind is named, and so is everything outside the
database: settings, sessions, roles, other databases, files.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

from lab.errors import DatabaseError
from lab.postgres.database import Database
from lab.postgres.sql import FIRST_USER_OID, literal, quoted
from lab.servers.cluster import MARK

READER = "storage_lab_reader"
"""The read-only role that asks views a second time."""

_LOOK_AGAIN_SECONDS = 1.0
_GROWTH = 1 << 20

_WELCOME = (
    "pg_attrdef",
    "pg_class",
    "pg_constraint",
    "pg_enum",
    "pg_largeobject_metadata",
    "pg_namespace",
    "pg_proc",
    "pg_rewrite",
    "pg_statistic_ext",
    "pg_trigger",
    "pg_type",
)
"""Catalogs that may get new rows; what must not be among those is in `_DATABASE`."""

_OTHER_CATALOGS = f"""
SELECT c.relname::text FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'oid'
WHERE c.relnamespace = 'pg_catalog'::regnamespace AND c.relkind = 'r' AND NOT c.relisshared
  AND c.relname NOT IN ({", ".join(literal(name) for name in _WELCOME)}) AND has_column_privilege(c.oid, a.attnum, 'SELECT')
"""

_NOT_THE_EXTENSIONS = """
NOT EXISTS (SELECT FROM pg_depend d JOIN pg_extension x ON x.oid = d.refobjid AND x.extname = 'timescaledb'
            WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e' AND d.classid = {catalog} AND d.objid = {oid})
"""

_OBJECTS = f"""
SELECT i.type, i.identity FROM pg_catalog.{{catalog}} o, pg_identify_object('pg_catalog.{{catalog}}'::regclass, o.oid, 0) i
WHERE o.oid >= {FIRST_USER_OID} AND i.identity IS DISTINCT FROM 'timescaledb'
  AND {_NOT_THE_EXTENSIONS.format(catalog="'pg_catalog.{catalog}'::regclass", oid="o.oid")}
"""

_DATABASE = f"""
SELECT 'foreign table', oid::regclass::text FROM pg_class WHERE relkind = 'f'
UNION ALL
SELECT 'row security', oid::regclass::text FROM pg_class WHERE relrowsecurity
UNION ALL
SELECT 'function that runs as its owner, or is no SQL', p.oid::regprocedure::text
FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang
WHERE p.oid >= {FIRST_USER_OID} AND (p.prosecdef OR l.lanname NOT IN ('sql', 'plpgsql'))
  AND {_NOT_THE_EXTENSIONS.format(catalog="'pg_proc'::regclass", oid="p.oid")}
UNION ALL
SELECT 'setting', setting FROM pg_db_role_setting s, unnest(s.setconfig) setting
WHERE s.setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())
   OR s.setdatabase = 0 AND s.setrole IN (0, (SELECT oid FROM pg_roles WHERE rolname = current_user))
UNION ALL
SELECT 'prepared transaction', gid FROM pg_prepared_xacts WHERE database = current_database()
UNION ALL
SELECT 'session', format('%s %s', pid, application_name) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
  AND backend_type NOT IN ('autovacuum worker', 'parallel worker')
"""

_JOBS = "SELECT 'background job', proc_name::text FROM timescaledb_information.jobs WHERE job_id >= 1000"

_CLUSTER = f"""
SELECT 'role', rolname::text FROM pg_roles WHERE rolname <> {literal(READER)}
UNION ALL
SELECT 'tablespace', spcname::text FROM pg_tablespace
UNION ALL
SELECT 'database', datname::text FROM pg_database
WHERE shobj_description(oid, 'pg_database') !~ {literal(f"^{MARK}[0-9a-f]+$")}
   OR shobj_description(oid, 'pg_database') IS NULL
UNION ALL
SELECT 'comment', format('on a %s: %s', classoid::regclass, md5(description)) FROM pg_shdescription
WHERE description !~ {literal(f"^{MARK}[0-9a-f]+$")}
UNION ALL
SELECT 'security label', format('on a %s: %s', classoid::regclass, md5(label)) FROM pg_shseclabel
UNION ALL
SELECT 'replication slot', slot_name::text FROM pg_replication_slots
UNION ALL
SELECT 'replication origin', roname FROM pg_replication_origin
UNION ALL
SELECT 'subscription', subname::text FROM pg_subscription
"""

_FILES = """
SELECT 'server setting', format('%s = %s', name, setting) FROM pg_file_settings
WHERE sourcefile LIKE '%postgresql.auto.conf'
UNION ALL
SELECT 'file of the server', name FROM pg_ls_dir('.') name
"""

_IS_SUPERUSER = "SELECT rolsuper FROM pg_roles WHERE rolname = current_user"

_OTHERS_BYTES = f"""
SELECT datname::text, pg_database_size(oid) FROM pg_database
WHERE datname <> current_database()
  AND (shobj_description(oid, 'pg_database') IS NULL OR NOT starts_with(shobj_description(oid, 'pg_database'), {literal(MARK)}))
"""

Inventory = Counter[tuple[str, str]]
"""Number of objects by kind and name."""


def inventory(database: Database, *, private: bool) -> Inventory:
    """Objects of these kinds that exist now; a `private` server is used by the lab alone.

    On any other server it reads only the database itself and its settings, because other users' objects come and go.
    """
    return Counter((kind, name) for sql in _queries(database, private=private) for kind, name in database.fetch(sql))


def left(database: Database, before: Inventory, *, private: bool) -> Inventory:
    """Objects that are new since `before`, without those that vanish within a second, such as a clone being made."""
    new = inventory(database, private=private) - before
    if new:
        time.sleep(_LOOK_AGAIN_SECONDS)
        new &= inventory(database, private=private)
    return new


def others_bytes(database: Database) -> Mapping[str, int]:
    """Bytes of each database of a private server that the lab did not make, or has not marked yet."""
    return dict(database.fetch(_OTHERS_BYTES))


def growth(before: Mapping[str, int], after: Mapping[str, int]) -> int:
    """Bytes by which other databases grew, beyond the caches that a first connection writes.

    One that was there only before or only afterwards is a neighbour's clone that had no mark yet; or it was left, as `left` finds.
    """
    grew = sum(after[name] - size for name, size in before.items() if name in after)
    return grew if grew > _GROWTH else 0


def sessions(database: Database) -> int | None:
    """Number of connections to this database so far; None where the server does not count them."""
    if int(database.value("SHOW server_version_num")) < 15_00_00:
        return None
    database.fetch("SELECT pg_stat_force_next_flush()")
    return int(database.value("SELECT sessions FROM pg_stat_database WHERE datname = current_database()"))


@contextmanager
def reader(database: Database) -> Iterator[None]:
    """Use the read-only role inside the block; the connection keeps its own role where it may not create that role."""
    if not database.value(_IS_SUPERUSER):
        yield
        return
    if not database.fetch("SELECT FROM pg_roles WHERE rolname = %s", [READER]):
        with suppress(DatabaseError):  # another trial was faster
            database.execute(f"CREATE ROLE {READER} IN ROLE pg_read_all_data")
    owner = database.value("SELECT session_user::text")
    database.execute(f"SET SESSION AUTHORIZATION {READER}")
    try:
        yield
    finally:
        # By its name: on pglite, where nobody logs in, RESET changes nothing, and what follows would be refused.
        database.execute(f"SET SESSION AUTHORIZATION {quoted(owner)}")


def restore(database: Database) -> None:
    """Undo everything that would outlive the clone or prevent dropping it, as far as the role may.

    A setting of a whole server would change every later trial.
    """
    for (gid,) in database.fetch("SELECT gid FROM pg_prepared_xacts WHERE database = current_database()"):
        database.execute(f"ROLLBACK PREPARED {literal(gid)}")
    if database.value(_IS_SUPERUSER):
        for statement in ("ALTER SYSTEM RESET ALL", "ALTER ROLE CURRENT_USER RESET ALL", "ALTER ROLE ALL RESET ALL"):
            database.execute(statement)
        database.fetch("SELECT pg_reload_conf()")


def _queries(database: Database, *, private: bool) -> Iterator[str]:
    yield " UNION ALL ".join(_OBJECTS.format(catalog=catalog) for (catalog,) in database.fetch(_OTHER_CATALOGS))
    yield _DATABASE
    if database.value("SELECT to_regclass('timescaledb_information.jobs') IS NOT NULL"):
        yield _JOBS
    if private:
        yield _CLUSTER
        if database.value(_IS_SUPERUSER):
            yield _FILES
