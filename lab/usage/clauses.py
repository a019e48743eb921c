"""What one parsed statement of SQL does to a column, clause by clause."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from lab.usage.values import SIZE_ONLY, UNKNOWN, Access, ColumnSearch, Occurrence

DECLARING = (
    exp.ColumnDef,
    exp.AlterColumn,
    exp.RenameColumn,
    exp.Drop,
    exp.Comment,
    exp.Index,
    exp.Constraint,
    exp.CheckColumnConstraint,
    exp.Analyze,
    exp.Grant,
    exp.TriggerEvent,
)
SIZES = ("pg_column_size", "octet_length", "length", "char_length")
STATEMENTS = (exp.Select, exp.Update, exp.Delete, exp.Insert, exp.Merge, exp.Copy)
CLAUSES: tuple[tuple[type[exp.Expr], str], ...] = (
    (exp.Where, "WHERE"),
    (exp.Returning, "RETURNING"),
    (exp.Join, "JOIN"),
    (exp.Order, "ORDER BY"),
    (exp.Group, "GROUP BY"),
    (exp.Having, "HAVING"),
    (exp.Update, "the value of an UPDATE"),
    (exp.Select, "SELECT"),
)


def look(tree: exp.Expr, search: ColumnSearch) -> Iterator[Occurrence]:
    """Every place of the statement that touches the column, by name or with its whole row."""
    for node in tree.walk():
        match node:
            case exp.Identifier() if node.name.lower() == search.column:
                yield from _named(node, search)
            case exp.Star():
                yield from _starred(node, search)
            case exp.Column() if not node.table:
                yield from _row(node, search)
            case exp.Copy() | exp.Insert() if isinstance(node.this, exp.Table):
                yield from _without_columns(node, search)


def gives(tree: exp.Create | exp.Alter, column: str) -> bool:
    """Whether the statement makes a table or view with the column, or adds it to one."""
    body = tree.args.get("expression")
    selected = body.named_selects if isinstance(body, exp.Query) else ()
    return column in (
        *(definition.name.lower() for definition in tree.find_all(exp.ColumnDef)),
        *(name.lower() for name in selected),
    )


def table_of(tree: exp.Create | exp.Alter) -> str:
    """The table or view that the statement makes or changes, in lower case."""
    table = tree.find(exp.Table)
    return table.name.lower() if table else ""


def _named(node: exp.Identifier, search: ColumnSearch) -> Iterator[Occurrence]:
    parent = node.parent
    if isinstance(parent, exp.Alias | exp.TableAlias | exp.Table | exp.CTE | exp.Placeholder) or _excluded(parent):
        return  # a name given by the statement, or the row that an INSERT brings along
    access, how = _access(node)
    if access is not Access.DECLARE and (other := _other_table(node, search)):
        access, how = Access.UNCLEAR, f"a column of {other}, which is not known to have this one"
    size_only = access is Access.READ and _measured_by(node) is not None
    yield Occurrence(line=_line(node), access=access, how=how, size_only=size_only)


def _access(node: exp.Identifier) -> tuple[Access, str]:
    schema = node.parent if isinstance(node.parent, exp.Schema) else None
    owner = schema.parent if schema else None
    if isinstance(owner, exp.Insert):
        return Access.WRITE, "INSERT"
    if isinstance(owner, exp.Copy):
        return (Access.WRITE, "COPY FROM") if owner.args.get("kind") else (Access.READ, "COPY TO")
    if schema or node.find_ancestor(*DECLARING):
        return Access.DECLARE, "schema"
    if change := _assigned(node):
        return Access.WRITE, change
    return Access.READ, _clause(node)


def _assigned(node: exp.Identifier) -> str | None:
    """The kind of statement that assigns to the identifier: UPDATE, INSERT, …; None if nothing assigns to it."""
    outer: exp.Expr = node.parent or node
    if isinstance(outer.parent, exp.Tuple):
        outer = outer.parent
    owner = outer.parent
    if isinstance(owner, exp.Insert) and outer.arg_key == "this":
        return "INSERT"
    if isinstance(owner, exp.EQ) and outer.arg_key == "this" and _sets(owner):
        return "ON CONFLICT DO UPDATE" if isinstance(owner.parent, exp.OnConflict) else "UPDATE"
    return None


def _sets(node: exp.EQ) -> bool:
    return isinstance(node.parent, exp.Update | exp.OnConflict) and node.arg_key == "expressions"


def _measured_by(node: exp.Expr) -> str | None:
    """The function that reads only the size of the node; None if there is none."""
    function = node.find_ancestor(exp.Func, exp.Select)
    while isinstance(function, exp.Cast):
        function = function.find_ancestor(exp.Func, exp.Select)
    return name if isinstance(function, exp.Func) and (name := _called(function)) in SIZES else None


def _clause(node: exp.Expr) -> str:
    if name := _measured_by(node):
        return f"{name}: {SIZE_ONLY}"
    clause = node.find_ancestor(*(kind for kind, _ in CLAUSES))
    return next((name for kind, name in CLAUSES if isinstance(clause, kind)), "SQL")


def _called(function: exp.Func) -> str:
    return (function.name if isinstance(function, exp.Anonymous) else function.sql_name()).lower()


def _excluded(parent: exp.Expr | None) -> bool:
    inserting = parent.find_ancestor(exp.OnConflict) if parent else None
    return isinstance(parent, exp.Column) and parent.table.lower() == "excluded" and inserting is not None


def _sources(node: exp.Expr) -> dict[str, exp.Table]:
    """Tables of the nearest statement around `node`, by their names in it."""
    statement = node.find_ancestor(*STATEMENTS)
    if statement and isinstance(statement.parent, exp.When):
        statement = statement.find_ancestor(exp.Merge)
    if statement is None:
        return {}
    parts = [statement.args.get(key) for key in ("this", "from_", "using", "joins")]
    nodes = [piece for part in parts for piece in (part if isinstance(part, list) else [part])]
    tables = [table for piece in nodes if isinstance(piece, exp.Expr) for table in _tables(piece)]
    return {table.alias_or_name.lower(): table for table in tables}


def _tables(part: exp.Expr) -> Iterator[exp.Table]:
    """Tables of a FROM, JOIN or target, without those inside a subquery."""
    for node in part.walk(prune=lambda inner: isinstance(inner, exp.Subquery)):
        if isinstance(node, exp.Table):
            yield node


def _other_table(node: exp.Identifier, search: ColumnSearch) -> str | None:
    """The other table that the column evidently belongs to; None if it may be one of the searched tables tables."""
    sources = _sources(node)
    column = node.parent
    table = column.table.lower() if isinstance(column, exp.Column) else ""
    owner = sources.get(table) if table else next(iter(sources.values())) if len(sources) == 1 else None
    if owner is None or owner.name.lower() in search.tables or UNKNOWN in owner.name.lower() or _common(owner):
        return None
    return owner.name


def _common(table: exp.Table) -> bool:
    """Whether a WITH defines the name; its query is examined separately."""
    root = table.root()
    return any(cte.alias.lower() == table.name.lower() for cte in root.find_all(exp.CTE))


def _starred(node: exp.Star, search: ColumnSearch) -> Iterator[Occurrence]:
    """`*` and `s.*` where a query returns them; count(*) and EXISTS (SELECT *) take no column."""
    column = node.parent if isinstance(node.parent, exp.Column) else None
    owner = (column or node).parent
    if isinstance(owner, exp.Func) and column is None:
        return
    if isinstance(owner, exp.Select) and isinstance(owner.parent, exp.Exists):
        return
    sources = _sources(node)
    alias = column.table.lower() if column else ""
    starred = [sources[alias]] if alias in sources else [] if alias else list(sources.values())
    yield from _taken(
        node, {table.name.lower() for table in starred}, search, f"{alias}.*" if alias else f"{_clause(node)} *"
    )


def _taken(node: exp.Expr, names: set[str], search: ColumnSearch, how: str) -> Iterator[Occurrence]:
    if names & search.tables:
        table = min(names & search.tables)
        yield Occurrence(line=_line(node), access=Access.READ, how=f"{how} of {table}", whole=True)
    elif any(UNKNOWN in name for name in names):
        how = f"{how.replace(UNKNOWN, '…')} of a table whose name is computed"
        yield Occurrence(line=_line(node), access=Access.UNCLEAR, how=how, whole=True)


def _row(node: exp.Column, search: ColumnSearch) -> Iterator[Occurrence]:
    """A whole row as one value, as in to_jsonb(s), or columns that the program fills in when it runs."""
    sources = _sources(node)
    table = sources.get(node.name.lower())
    ours = bool({source_table.name.lower() for source_table in sources.values()} & search.tables)
    if table is not None and table.name.lower() in search.tables:
        how = f"the whole row of {table.name} as a value"
    elif ours and UNKNOWN in node.name.lower() and _selected(node):
        how = "columns that are computed"
    else:
        return
    yield Occurrence(line=_line(node), access=Access.UNCLEAR, how=how, whole=True)


def _selected(node: exp.Column) -> bool:
    """Whether a query returns the column, instead of only ordering or filtering by it."""
    return isinstance(node.find_ancestor(exp.Select, exp.Where, exp.Order, exp.Join), exp.Select)


def _without_columns(node: exp.Copy | exp.Insert, search: ColumnSearch) -> Iterator[Occurrence]:
    """COPY t and INSERT INTO t without a list of columns."""
    name = node.this.name.lower()
    if name in search.tables:
        reads = isinstance(node, exp.Copy) and not node.args.get("kind")
        how = f"{'COPY' if isinstance(node, exp.Copy) else 'INSERT'} of {name} without a list of columns"
        yield Occurrence(line=_line(node.this), access=Access.READ if reads else Access.WRITE, how=how, whole=True)


def _line(node: exp.Expr) -> int:
    """The line of the node; if the node has none, that of an inner part or of the statement."""
    line: int = next((token.meta["line"] for token in (*node.walk(), node.root()) if "line" in token.meta), 1)
    return line
