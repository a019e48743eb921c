"""The locks on tables that a session holds, and to which table each locked relation belongs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from lab.postgres import timescaledb
from lab.postgres.database import Database, Row
from lab.postgres.relations import named
from lab.postgres.sql import FIRST_USER_OID
from lab.values import LockMode

OWN = """
SELECT relation::bigint, mode, split_part(virtualtransaction, '/', 2)::bigint FROM pg_locks
WHERE pid IS NOT DISTINCT FROM nullif(pg_backend_pid(), 0) AND locktype IN ('relation', 'virtualxid')
"""
"""Of the session that asks. A server with a single session has no process of that number, and its locks have none."""

_RELATIONS = f"""
SELECT c.oid::bigint, n.nspname::text, c.relname::text,
       coalesce(i.indrelid, owner.oid, (SELECT inhparent FROM pg_inherits WHERE inhrelid = c.oid LIMIT 1))::bigint,
       c.relkind IN ('i', 'I', 't') OR c.relispartition
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_index i ON i.indexrelid = c.oid
LEFT JOIN pg_class owner ON owner.reltoastrelid = c.oid
WHERE c.oid >= {FIRST_USER_OID} AND c.relkind IN ('r', 'm', 'p', 'v', 'f', 'i', 'I', 't') AND c.relpersistence <> 't'
"""

_MODES = {f"{mode.title().replace(' ', '')}Lock": mode for mode in LockMode}
"""By the name that the server shows, such as 'ShareRowExclusiveLock'."""

Held = frozenset[tuple[int, LockMode]]
"""Locked relations by oid, each with a mode."""


@dataclass(frozen=True, kw_only=True)
class Owner:
    """The table that a relation belongs to."""

    table: str
    """As people write it."""
    whole: bool
    """Whether the relation is the table itself; otherwise it is an index, its TOAST, a partition or a chunk."""


@dataclass(frozen=True, kw_only=True)
class Own:
    """What a session saw of itself."""

    held: Held
    transaction: int
    """The number of its transaction: the next one has the next number."""


def own(rows: Iterable[Row]) -> Own:
    """From the rows of `OWN`."""
    (transaction,) = {number for _, _, number in rows}
    return Own(held=held((oid, mode) for oid, mode, _ in rows if oid is not None), transaction=transaction)


def of_process(pid: int) -> str:
    """The query for what that session has locked or waits for: whoever comes later waits for both. `held` takes its rows."""
    return f"""
SELECT relation::bigint, mode FROM pg_locks WHERE pid = {pid} AND locktype = 'relation' AND relation >= {FIRST_USER_OID}
"""


def held(locks: Iterable[tuple[int, str]]) -> Held:
    """From oids and modes as the server writes them, without the system's relations."""
    return frozenset((oid, _MODES[mode]) for oid, mode in locks if oid >= FIRST_USER_OID and mode != "SIReadLock")


def owners(database: Database) -> Mapping[int, Owner]:
    """By oid, the table of every relation of the users; the tables of an extension are nobody's."""
    rows = database.fetch(_RELATIONS)
    hypertables = timescaledb.hypertables(database)
    parents = {oid: parent for oid, _, _, parent, part in rows if part or parent in hypertables}
    parents |= timescaledb.compressed(database)
    names = {oid: (schema, name) for oid, schema, name, _, _ in rows}
    tables = {}
    for oid in names:
        root = oid
        while root in parents:
            root = parents[root]
        schema, name = names.get(root, ("_timescaledb_", ""))
        if not schema.startswith("_timescaledb_"):
            tables[oid] = Owner(table=named(schema, name), whole=root == oid)
    return tables
