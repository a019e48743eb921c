"""The guarantees of a database about its tables: keys, constraints, indexes, defaults, types, crash safety."""

from __future__ import annotations

from collections.abc import Collection

from lab.postgres.database import Database
from lab.values import Guarantee, GuaranteeKind

_GUARANTEES = """
WITH tables AS (
  SELECT c.oid, c.relname::text AS name, c.relpersistence
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND NOT c.relispartition
)
SELECT t.name,
       CASE k.contype WHEN 'p' THEN 'primary key' WHEN 'f' THEN 'foreign key' WHEN 'u' THEN 'unique' WHEN 'c' THEN 'check'
                      WHEN 'x' THEN 'exclusion' ELSE 'other' END,
       NULL::text, pg_get_constraintdef(k.oid)
FROM tables t JOIN pg_constraint k ON k.conrelid = t.oid AND k.contype <> 'n'
UNION
SELECT t.name, 'index', NULL, replace(regexp_replace(pg_get_indexdef(i.indexrelid), '^.* USING ', ''), 'public.', '')
FROM tables t JOIN pg_index i ON i.indrelid = t.oid AND NOT i.indisprimary
UNION
SELECT t.name, 'column', a.attname::text,
       format_type(a.atttypid, a.atttypmod) || CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END
       || CASE WHEN d.oid IS NULL THEN '' ELSE ' DEFAULT ' || pg_get_expr(d.adbin, d.adrelid) END
FROM tables t
JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_attrdef d ON d.adrelid = t.oid AND d.adnum = a.attnum
UNION
SELECT t.name, 'survives a crash', NULL, '' FROM tables t WHERE t.relpersistence = 'p'
UNION
SELECT viewname::text, 'survives a crash', NULL, '' FROM pg_views  -- as long as all that it may be made of does
WHERE schemaname = 'public'
  AND NOT EXISTS (SELECT FROM pg_class WHERE relpersistence = 'u' AND relnamespace = 'public'::regnamespace)
"""


def read(database: Database) -> frozenset[Guarantee]:
    """All guarantees of all tables of the schema `public`."""
    return frozenset(
        Guarantee(table=table, kind=GuaranteeKind(kind), column=column, definition=definition)
        for table, kind, column, definition in database.fetch(_GUARANTEES)
    )


def lost(before: Collection[Guarantee], after: Collection[Guarantee]) -> tuple[Guarantee, ...]:
    """The guarantees that were lost, in the order of their words."""
    return tuple(sorted(frozenset(before) - frozenset(after), key=lambda guarantee: guarantee.words))
