"""Everything that depends on each table, from the catalog: views, grants, triggers, policies, publications and more."""

from __future__ import annotations

from collections.abc import Sequence

from lab.postgres.relations import named
from lab.profiling.catalog.session import ReadOnlySession
from lab.profiling.catalog.tables import Table
from lab.values import Dependant, DependantKind

_WANTED = """
WITH wanted AS (
  SELECT c.oid, c.relname, c.relowner, c.relacl, format('%%I.%%I', n.nspname, c.relname) AS name
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = ANY (%s::oid[])
)
"""
"""Each query returns the table's oid, the name, the columns and the definition; that of foreign keys also the schema and the
name of the referring table."""

_OWNER = """
SELECT w.oid::bigint, role, '{}'::text[], format('ALTER TABLE %%s OWNER TO %%s', w.name, role)
FROM wanted w, quote_ident(pg_get_userbyid(w.relowner)) role
"""

_GRANT = """
SELECT g.oid::bigint, g.role, g.columns,
       format('GRANT %%s%%s ON %%s TO %%s%%s', g.rights, ' (' || nullif(array_to_string(g.columns, ', '), '') || ')', g.name,
              g.role, CASE WHEN g.is_grantable THEN ' WITH GRANT OPTION' END)
FROM (
  SELECT w.oid, w.name, '{}'::text[] AS columns, a.is_grantable,
         CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END AS role,
         string_agg(a.privilege_type, ', ' ORDER BY a.privilege_type) AS rights
  FROM wanted w, aclexplode(w.relacl) a WHERE a.grantee <> w.relowner GROUP BY w.oid, w.name, a.grantee, a.is_grantable
  UNION ALL
  SELECT w.oid, w.name, array_agg(quote_ident(c.attname) ORDER BY c.attnum), a.is_grantable,
         CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END, a.privilege_type
  FROM wanted w JOIN pg_attribute c ON c.attrelid = w.oid AND NOT c.attisdropped, aclexplode(c.attacl) a
  GROUP BY w.oid, w.name, a.grantee, a.is_grantable, a.privilege_type
) g
"""

_USED_BY_VIEWS = """
SELECT w.oid::bigint, format('%%I.%%I', n.nspname, v.relname),
       coalesce(array_agg(DISTINCT a.attname::text) FILTER (WHERE a.attname IS NOT NULL), '{}'), DEFINITION
FROM wanted w
JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = w.oid AND d.classid = 'pg_rewrite'::regclass
JOIN pg_rewrite r ON r.oid = d.objid AND r.rulename = '_RETURN'
JOIN pg_class v ON v.oid = r.ev_class AND v.relkind = 'KIND' AND v.oid <> w.oid
JOIN pg_namespace n ON n.oid = v.relnamespace AND NOT starts_with(n.nspname, '_timescaledb_')
LEFT JOIN pg_attribute a ON a.attrelid = w.oid AND a.attnum = d.refobjsubid AND d.refobjsubid > 0
GROUP BY w.oid, v.oid, n.nspname, v.relname, v.reloptions
"""
_VIEW = _USED_BY_VIEWS.replace("KIND", "v").replace(
    "DEFINITION",
    "format('CREATE OR REPLACE VIEW %%I.%%I%%s AS %%s', n.nspname, v.relname,"
    " ' WITH (' || array_to_string(v.reloptions, ', ') || ')', rtrim(pg_get_viewdef(v.oid), ';'))",
)
_MATERIALIZED_VIEW = _USED_BY_VIEWS.replace("KIND", "m").replace(
    "DEFINITION",
    "format('CREATE MATERIALIZED VIEW %%I.%%I AS %%s', n.nspname, v.relname, rtrim(pg_get_viewdef(v.oid), ';'))",
)

_RULE = """
SELECT w.oid::bigint, quote_ident(r.rulename), '{}'::text[], rtrim(pg_get_ruledef(r.oid), ';')
FROM wanted w JOIN pg_rewrite r ON r.ev_class = w.oid AND r.rulename <> '_RETURN'
"""

_TRIGGER = """
SELECT w.oid::bigint, quote_ident(t.tgname), '{}'::text[], pg_get_triggerdef(t.oid)
FROM wanted w JOIN pg_trigger t ON t.tgrelid = w.oid AND NOT t.tgisinternal AND t.tgname <> 'ts_insert_blocker'
"""

_POLICY = """
SELECT w.oid::bigint, quote_ident(p.polname), '{}'::text[],
       format('CREATE POLICY %%I ON %%s AS %%s FOR %%s TO %%s%%s%%s', p.polname, w.name,
              CASE WHEN p.polpermissive THEN 'PERMISSIVE' ELSE 'RESTRICTIVE' END,
              CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE'
                            ELSE 'ALL' END,
              (SELECT string_agg(CASE role WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(role)) END, ', ')
               FROM unnest(p.polroles) role),
              ' USING (' || pg_get_expr(p.polqual, w.oid) || ')',
              ' WITH CHECK (' || pg_get_expr(p.polwithcheck, w.oid) || ')')
FROM wanted w JOIN pg_policy p ON p.polrelid = w.oid
"""

_PUBLICATION = """
SELECT w.oid::bigint, quote_ident(p.pubname), '{}'::text[],
       CASE WHEN p.puballtables THEN '' ELSE format('ALTER PUBLICATION %%I ADD TABLE %%s', p.pubname, w.name) END
FROM wanted w
JOIN pg_publication p ON p.puballtables OR EXISTS (
  SELECT FROM pg_publication_rel r WHERE r.prpubid = p.oid AND r.prrelid = w.oid)
"""

_FOREIGN_KEY = """
SELECT w.oid::bigint, format('%%I.%%I.%%I', n.nspname, c.relname, k.conname),
       (SELECT array_agg(a.attname::text) FROM pg_attribute a WHERE a.attrelid = w.oid AND a.attnum = ANY (k.confkey)),
       format('ALTER TABLE %%I.%%I ADD CONSTRAINT %%I %%s', n.nspname, c.relname, k.conname, pg_get_constraintdef(k.oid)),
       n.nspname::text, c.relname::text
FROM wanted w
JOIN pg_constraint k ON k.confrelid = w.oid AND k.contype = 'f' AND k.conparentid = 0 AND k.conrelid <> w.oid
JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
"""

_FUNCTION = r"""
SELECT w.oid::bigint, p.oid::regprocedure::text, '{}'::text[], pg_get_functiondef(p.oid)
FROM wanted w
JOIN pg_proc p ON p.prokind IN ('f', 'p') AND (
  p.prosrc ~ ('\m' || regexp_replace(w.relname, '\W', '\\\&', 'g') || '\M')
  OR EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid
             AND d.refclassid = 'pg_class'::regclass AND d.refobjid = w.oid))
JOIN pg_namespace n ON n.oid = p.pronamespace AND n.nspname NOT IN ('pg_catalog', 'information_schema')
JOIN pg_language l ON l.oid = p.prolang AND l.lanname NOT IN ('internal', 'c')
WHERE NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = 'pg_proc'::regclass AND e.objid = p.oid AND e.deptype = 'e')
"""

_SEQUENCE = """
SELECT w.oid::bigint, format('%%I.%%I', n.nspname, s.relname), ARRAY[a.attname::text],
       format('ALTER SEQUENCE %%I.%%I OWNED BY %%s.%%I', n.nspname, s.relname, w.name, a.attname)
FROM wanted w
JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = w.oid AND d.classid = 'pg_class'::regclass
                AND d.deptype = 'a'
JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S' JOIN pg_namespace n ON n.oid = s.relnamespace
JOIN pg_attribute a ON a.attrelid = w.oid AND a.attnum = d.refobjsubid
"""

_STATISTICS = """
SELECT w.oid::bigint, format('%%I.%%I', n.nspname, s.stxname),
       (SELECT coalesce(array_agg(a.attname::text), '{}') FROM pg_attribute a
        WHERE a.attrelid = w.oid AND a.attnum = ANY (s.stxkeys)),
       pg_get_statisticsobjdef(s.oid)
FROM wanted w JOIN pg_statistic_ext s ON s.stxrelid = w.oid JOIN pg_namespace n ON n.oid = s.stxnamespace
"""

_COMMENT = """
SELECT w.oid::bigint, w.name || coalesce('.' || quote_ident(a.attname), ''),
       CASE WHEN a.attname IS NULL THEN '{}'::text[] ELSE ARRAY[a.attname::text] END, quote_literal(d.description)
FROM wanted w
JOIN pg_description d ON d.classoid = 'pg_class'::regclass AND d.objoid = w.oid
LEFT JOIN pg_attribute a ON a.attrelid = w.oid AND a.attnum = d.objsubid AND d.objsubid > 0
"""

_QUERIES = {
    DependantKind.OWNER: _OWNER,
    DependantKind.GRANT: _GRANT,
    DependantKind.VIEW: _VIEW,
    DependantKind.MATERIALIZED_VIEW: _MATERIALIZED_VIEW,
    DependantKind.RULE: _RULE,
    DependantKind.TRIGGER: _TRIGGER,
    DependantKind.POLICY: _POLICY,
    DependantKind.PUBLICATION: _PUBLICATION,
    DependantKind.FOREIGN_KEY: _FOREIGN_KEY,
    DependantKind.FUNCTION: _FUNCTION,
    DependantKind.SEQUENCE: _SEQUENCE,
    DependantKind.STATISTICS: _STATISTICS,
    DependantKind.COMMENT: _COMMENT,
}


def read(source: ReadOnlySession, tables: Sequence[Table]) -> tuple[Dependant, ...]:
    """Everything that depends on these tables, in the order of the kinds, then of the tables' and their own names.

    Errors: `DatabaseError` where the server refuses or takes too long.
    """
    labels = {table.oid: table.label for table in tables if table.oid}
    return tuple(
        Dependant(
            kind=kind,
            name=name,
            table=labels[oid],
            columns=tuple(columns),
            definition=definition or "",
            referring_table=named(*referring) if referring else "",
        )
        for kind, query in _QUERIES.items()
        for oid, name, columns, definition, *referring in sorted(
            source.fetch(_WANTED + query, ([*labels],)), key=lambda row: (labels[row[0]], row[1], *row[2:])
        )
    )
