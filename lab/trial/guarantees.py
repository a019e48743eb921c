"""What the database itself guarantees about its tables: keys, constraints, indexes, defaults, types, crash safety."""

from __future__ import annotations

from lab.postgres.database import Database

_GUARANTEES = """
WITH tables AS (
  SELECT c.oid, c.relname::text AS name, c.relpersistence
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND NOT c.relispartition
)
SELECT t.name || ': ' || pg_get_constraintdef(k.oid)
FROM tables t JOIN pg_constraint k ON k.conrelid = t.oid AND k.contype <> 'n'
UNION
SELECT t.name || ': index ' || replace(regexp_replace(pg_get_indexdef(i.indexrelid), '^.* USING ', ''), 'public.', '')
FROM tables t JOIN pg_index i ON i.indrelid = t.oid AND NOT i.indisprimary
UNION
SELECT t.name || '.' || a.attname || ': ' || format_type(a.atttypid, a.atttypmod)
       || CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END
       || CASE WHEN d.oid IS NULL THEN '' ELSE ' DEFAULT ' || pg_get_expr(d.adbin, d.adrelid) END
FROM tables t
JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_attrdef d ON d.adrelid = t.oid AND d.adnum = a.attnum
UNION
SELECT t.name || ': survives a crash' FROM tables t WHERE t.relpersistence = 'p'
UNION
SELECT viewname || ': survives a crash' FROM pg_views  -- as long as nothing that it may be made of does not
WHERE schemaname = 'public'
  AND NOT EXISTS (SELECT FROM pg_class WHERE relpersistence = 'u' AND relnamespace = 'public'::regnamespace)
"""


def read(database: Database) -> frozenset[str]:
    """One line per guarantee of each table of the schema `public`."""
    return frozenset(row[0] for row in database.fetch(_GUARANTEES))


def lost(before: frozenset[str], after: frozenset[str]) -> tuple[str, ...]:
    """What was guaranteed and is not any more, in order."""
    return tuple(sorted(before - after))
