"""The guarantees of a database about its tables: keys, constraints, indexes, defaults, types, crash safety."""

from __future__ import annotations

from collections.abc import Collection

from lab.postgres.database import Database
from lab.postgres.relations import named
from lab.postgres.sql import FIRST_USER_OID
from lab.values import Guarantee, GuaranteeKind

_GUARANTEES = f"""
WITH relations AS (
  SELECT c.oid, n.nspname::text AS schema, c.relname::text AS name, c.relkind, c.relpersistence
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.oid >= {FIRST_USER_OID} AND NOT c.relispartition
    AND NOT starts_with(n.nspname, 'pg_') AND NOT starts_with(n.nspname, '_timescaledb_')
    AND NOT EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_class'::regclass AND objid = c.oid AND deptype = 'e')
), tables AS (
  SELECT * FROM relations WHERE relkind IN ('r', 'p')
)
SELECT t.schema, t.name,
       CASE k.contype WHEN 'p' THEN 'primary key' WHEN 'f' THEN 'foreign key' WHEN 'u' THEN 'unique' WHEN 'c' THEN 'check'
                      WHEN 'x' THEN 'exclusion' ELSE 'other' END,
       NULL::text, pg_get_constraintdef(k.oid)
FROM tables t JOIN pg_constraint k ON k.conrelid = t.oid AND k.contype <> 'n'
UNION
SELECT t.schema, t.name, 'index', NULL, replace(regexp_replace(pg_get_indexdef(i.indexrelid), '^.* USING ', ''), 'public.', '')
FROM tables t JOIN pg_index i ON i.indrelid = t.oid AND NOT i.indisprimary
UNION
SELECT t.schema, t.name, 'column', a.attname::text,
       format_type(a.atttypid, a.atttypmod) || CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END
       || CASE WHEN d.oid IS NULL THEN '' ELSE ' DEFAULT ' || pg_get_expr(d.adbin, d.adrelid) END
FROM tables t
JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_attrdef d ON d.adrelid = t.oid AND d.adnum = a.attnum
UNION
SELECT t.schema, t.name, 'survives a crash', NULL, '' FROM tables t WHERE t.relpersistence = 'p'
UNION
SELECT schema, name, 'survives a crash', NULL, '' FROM relations  -- a view as long as all that it may be made of does
WHERE relkind = 'v' AND NOT EXISTS (SELECT FROM pg_class WHERE relpersistence = 'u')
"""


def read(database: Database) -> frozenset[Guarantee]:
    """All guarantees of all tables; one outside of the schema `public` has its schema in its name."""
    with database.transaction():
        database.execute("SET LOCAL search_path = public")  # which decides what schemas a definition names
        rows = database.fetch(_GUARANTEES)
    return frozenset(
        Guarantee(table=named(schema, table), kind=GuaranteeKind(kind), column=column, definition=definition)
        for schema, table, kind, column, definition in rows
    )


def lost(before: Collection[Guarantee], after: Collection[Guarantee]) -> tuple[Guarantee, ...]:
    """The guarantees that were lost, in the order of their words."""
    return tuple(sorted(frozenset(before) - frozenset(after), key=lambda guarantee: guarantee.words))
