"""Tables whose size cannot be read at the moment."""

from __future__ import annotations

from dataclasses import dataclass

from lab.postgres.relations import named
from lab.profiling.catalog.session import ReadOnlySession

_ABSENT = """
SELECT c.oid::bigint, n.nspname::text, c.relname::text, coalesce(r.oid::bigint, 0), s.nspname::text, r.relname::text
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_class r ON r.oid <> c.oid AND r.oid = coalesce(pg_partition_root(c.oid), (
  SELECT h.inhparent FROM pg_inherits h WHERE h.inhrelid = c.oid AND starts_with(n.nspname, '_timescaledb_') LIMIT 1))
LEFT JOIN pg_namespace s ON s.oid = r.relnamespace
WHERE c.relkind IN ('r', 'm', 'p') AND NOT starts_with(n.nspname, 'pg_temp') AND {reason} ORDER BY 1
"""
_LOCKED = """c.oid IN (
  SELECT coalesce(t.oid, i.indrelid, l.relation)
  FROM pg_locks l LEFT JOIN pg_index i ON i.indexrelid = l.relation
  LEFT JOIN pg_class t ON t.reltoastrelid = coalesce(i.indrelid, l.relation)
  WHERE l.mode = 'AccessExclusiveLock' AND l.relation IS NOT NULL AND l.pid IS DISTINCT FROM pg_backend_pid()
    AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()))
"""  # A lock that is only waited for counts too, because later requests queue behind it. A prepared transaction has no pid.


@dataclass(frozen=True, kw_only=True)
class Absent:
    """A table whose size cannot be read."""

    oid: int
    root: int
    """`oid` of the table that it is a part of, 0 where it is no part."""
    label: str


def locked(source: ReadOnlySession) -> list[Absent]:
    """Tables that somebody has locked exclusively, so that even reading their size would wait."""
    return _absent(source, _LOCKED)


def unlogged(source: ReadOnlySession) -> list[Absent]:
    """Tables that a replica knows by name only, because their data are not in WAL."""
    return _absent(source, "c.relpersistence = 'u'")


def _absent(source: ReadOnlySession, reason: str) -> list[Absent]:
    return [
        Absent(oid=oid, root=root, label=named(schema, name) + (f" of {named(*whole)}" if root else ""))
        for oid, schema, name, root, *whole in source.fetch(_ABSENT.format(reason=reason))
    ]
