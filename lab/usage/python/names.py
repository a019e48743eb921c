"""Attributes, keywords, class bodies and patterns that use the column's name."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from lab.usage.python.evidence import Evidence
from lab.usage.python.module import Module, above, callee, given, last_name, scope
from lab.usage.values import SIZE_ONLY, Access, Occurrence

FILTERS = {"filter_by", "filter", "exclude"}
STATEMENTS = {"values", "update", "create", "get_or_create", "update_or_create", "bulk_create", "insert"}
DEFERRING = {"defer", "raiseload", "noload", "lazyload"}
ASKING = {"load_only", "undefer", "with_expression"}
SIZES = {"pg_column_size", "octet_length", "length", "char_length"}
CASTS = {"cast", "type_coerce"}
DECLARING = {
    *("Index", "create_index", "CheckConstraint", "create_check_constraint", "UniqueConstraint"),
    *("create_unique_constraint", "ExcludeConstraint", "create_exclude_constraint"),
    *("listens_for", "listen", "validates"),
}
"""Calls that say something about a column when the program starts."""
DESCRIBING = (ast.List, ast.Tuple, ast.keyword, ast.Call, ast.Attribute, ast.Subscript)
PARTS = {"text", "column", "literal_column", "desc", "asc", "cast"}
"""Calls that name or describe a column inside such calls."""


def look(node: ast.AST, column: str, evidence: Evidence) -> Iterator[Occurrence]:
    """The uses of the column by `node` itself."""
    spellings = evidence.schema.names
    match node:
        case ast.Attribute() if node.attr in spellings and not excluded(node.value):
            yield _attribute(node, column, evidence)
        case ast.keyword() if node.arg in spellings:
            yield from _keyword(node, column, evidence)
        case ast.ClassDef():
            yield from _body(node, column, evidence)
        case ast.MatchClass() if not spellings.isdisjoint(node.kwd_attrs):
            yield from _pattern(node, column, evidence)


def excluded(owner: ast.expr) -> bool:
    """Whether it is the new row of an upsert: `statement.excluded`."""
    return isinstance(owner, ast.Attribute) and owner.attr == "excluded"


def declaring(module: Module, node: ast.AST) -> str | None:
    """The call that declares something about the column that `node` names, such as an index of it."""
    for outer in above(module, node):
        if isinstance(outer, ast.Call) and callee(outer) in DECLARING:
            return callee(outer)
        taken = isinstance(outer, ast.Subscript) and node is outer.slice
        if taken or not isinstance(outer, DESCRIBING) or (isinstance(outer, ast.Call) and callee(outer) not in PARTS):
            return None
        node = outer
    return None


def _pattern(node: ast.MatchClass, column: str, evidence: Evidence) -> Iterator[Occurrence]:
    for name, position in zip(node.kwd_attrs, node.kwd_patterns, strict=True):
        if name == column or (name in evidence.schema.names and _ours(node.cls, evidence)):
            yield Occurrence(line=position.lineno, access=Access.READ, how="matched by a pattern")


def _ours(node: ast.AST, evidence: Evidence) -> bool:
    """Whether a class of the table is named within an expression."""
    return any(evidence.classes(inner) & evidence.schema.entities for inner in ast.walk(node))


def _attribute(node: ast.Attribute, column: str, evidence: Evidence) -> Occurrence:
    access, how = _use(node, evidence)
    if access is not Access.DECLARE and (reason := _doubt(node, column, evidence)):
        access, how = Access.UNCLEAR, reason
    size_only = access is Access.READ and isinstance(node.ctx, ast.Load) and _nearest(node, evidence) in SIZES
    return Occurrence(line=node.end_lineno or node.lineno, access=access, how=how, size_only=size_only)


def _use(node: ast.Attribute, evidence: Evidence) -> tuple[Access, str]:
    outer = evidence.module.parents.get(node)
    if isinstance(node.ctx, ast.Del):
        return Access.WRITE, "attribute deleted"
    if isinstance(node.ctx, ast.Store):
        both = isinstance(outer, ast.AugAssign)
        return (Access.READ, "attribute changed in place") if both else (Access.WRITE, "attribute set")
    if isinstance(outer, ast.Call) and outer.func is node:
        return Access.UNCLEAR, "called like a method"
    if isinstance(outer, ast.Dict) and node in outer.keys:
        return Access.WRITE, "column set by a statement"
    if (by := declaring(evidence.module, node)) and _ours(node.value, evidence):
        return Access.DECLARE, f"{by}(…)"
    return _asked(node, evidence)


def _asked(node: ast.AST, evidence: Evidence) -> tuple[Access, str]:
    """How the nearest enclosing calls use a column: not loaded, loaded, only measured."""
    around = {callee(inner) for inner in above(evidence.module, node) if isinstance(inner, ast.Call)}
    nearest = _nearest(node, evidence)
    if nearest in DEFERRING:
        return Access.DECLARE, f"{nearest}: this query does not load it"
    if nearest in SIZES:
        return Access.READ, f"{nearest}: {SIZE_ONLY}"
    if nearest in ASKING:
        return Access.READ, f"{nearest} asks for it"
    return Access.READ, "in a query" if around & {"select", "query", "where", "filter"} else "attribute"


def _nearest(node: ast.AST, evidence: Evidence) -> str:
    """The name of the nearest enclosing call that is not a cast; empty if there is none."""
    calls = (inner for inner in above(evidence.module, node) if isinstance(inner, ast.Call | ast.stmt))
    return next((name for call in calls if (name := callee(call)) not in CASTS), "")


def _doubt(node: ast.Attribute, column: str, evidence: Evidence) -> str | None:
    """Why the owner of an attribute may not be a row of the column's table."""
    owner, schema = node.value, evidence.schema
    owners = evidence.of(owner)
    if (owners | evidence.classes(owner)) & schema.entities:
        return None
    if owners & schema.homonyms:
        return f"an attribute of {', '.join(sorted(owners & schema.homonyms))}, which is not the table's class"
    if constructor := _constructed(owner, evidence):
        return f"an attribute of {constructor}, which is not a class of the table"
    if node.attr != column:
        return f"{node.attr} is the column's attribute where {ast.unparse(owner)[:40]} is a row of the table"
    if schema.homonyms:
        return f"{ast.unparse(owner)[:40]} may be a {' or '.join(sorted(schema.homonyms)[:3])}, which has that name too"
    return None


def _constructed(owner: ast.expr, evidence: Evidence) -> str | None:
    """The class of the owner, if a constructor in the same function made it and the class is no entity."""
    if not isinstance(owner, ast.Name):
        return None
    constructors = set(map(callee, evidence.module.assigned.get((scope(evidence.module, owner), owner.id), ())))
    (name, *others) = constructors or {""}
    return name if not others and name[:1].isupper() and evidence.schema.entities else None


def _keyword(node: ast.keyword, column: str, evidence: Evidence) -> Iterator[Occurrence]:
    call = evidence.module.parents[node]
    if node.arg != column and not _ours(call, evidence):
        return  # many a call has a keyword of such a name
    if isinstance(call, ast.Call) and (use := _passed(call, evidence)):
        yield Occurrence(line=node.lineno, access=use[0], how=use[1])


def _passed(call: ast.Call, evidence: Evidence) -> tuple[Access, str] | None:
    """How a call uses a keyword of that name; None if it is a parameter of a function in the sources."""
    name, schema = callee(call), evidence.schema
    if name in FILTERS:
        return Access.READ, f"{name}: a condition"
    if evidence.classes(call.func) & schema.entities or (name[:1].isupper() and name not in schema.homonyms):
        return Access.WRITE, f"constructor of {name}"
    if evidence.classes(call.func) & schema.homonyms or name in schema.homonyms:
        return Access.UNCLEAR, f"constructor of {name}, which is not the table's class"
    if name in STATEMENTS:
        return Access.WRITE, f"{name}(…)"
    if name == "dict":
        return into(call, evidence)
    return None if name in schema.parameters else (Access.UNCLEAR, f"keyword of {name or 'a call'}")


def into(node: ast.expr, evidence: Evidence) -> tuple[Access, str]:
    """Where a dictionary with the column as a key goes: into a statement that writes, or elsewhere (unclear)."""
    sink = _sink(node, evidence)
    for name in () if sink else _holders(node, evidence):
        sink = sink or _used(node, name, evidence)
    return (Access.WRITE, f"key of a dictionary for {sink}") if sink else (Access.UNCLEAR, "key of a dictionary")


def _sink(node: ast.AST, evidence: Evidence) -> str | None:
    """The writing call that takes `node` as an argument, also inside lists and dictionaries."""
    for outer in above(evidence.module, node):
        if isinstance(outer, ast.stmt | ast.Lambda):
            return None
        if isinstance(outer, ast.keyword) and outer.arg == "set_":
            return "ON CONFLICT DO UPDATE"
        if isinstance(outer, ast.Call) and node is not outer.func:
            return _writer(outer, evidence)
        node = outer
    return None


def _writer(call: ast.Call, evidence: Evidence) -> str | None:
    name = callee(call)
    if name in STATEMENTS or name.startswith("bulk_"):
        return f"{name}(…)"
    if evidence.classes(call.func) & evidence.schema.entities:
        return f"the constructor of {name}"
    statement = call.args[0] if call.args else None
    if name in ("execute", "executemany", "scalars") and statement is not None:
        return next((words for node in ast.walk(statement) if (words := _changing(node))), None)
    return None


def _changing(node: ast.AST) -> str | None:
    """In words, a statement that writes rows: built by a call, or a string of SQL."""
    if callee(node) in ("insert", "update"):
        return f"{callee(node)}(…)"
    text = node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""
    first = (text.split() or [""])[0].upper()
    return first if first in ("INSERT", "UPDATE", "MERGE") else None


def _holders(node: ast.AST, evidence: Evidence) -> Iterator[str]:
    """Variables that hold `node`: assigned, or a list it is appended to."""
    for outer in above(evidence.module, node):
        match outer:
            case ast.Assign():
                yield from (last_name(target) for target in outer.targets)
            case ast.AnnAssign():
                yield last_name(outer.target)
            case ast.Call(func=ast.Attribute(value=owner)) if callee(outer) in ("append", "extend"):
                yield last_name(owner)
        if isinstance(outer, ast.stmt):
            return


def _used(node: ast.AST, name: str, evidence: Evidence) -> str | None:
    """The writing call in the same function that takes the variable `name` as an argument."""
    uses = evidence.module.uses.get((scope(evidence.module, node), name), ())
    return next((sink for use in uses if (sink := _sink(use, evidence))), None)


def _body(node: ast.ClassDef, column: str, evidence: Evidence) -> Iterator[Occurrence]:
    schema = evidence.schema
    for statement in node.body:
        fields = set(given(statement))
        if (access := schema.schemas.get(node.name)) and fields & schema.names:
            how = f"field of {node.name}, which {'is' if access is Access.READ else 'may be'} filled from rows"
            yield Occurrence(line=statement.lineno, access=access, how=how)
        elif column in fields:
            other = node.name not in schema.entities
            how = f"{'attribute' if other else 'column'} of {node.name}"
            yield Occurrence(line=statement.lineno, access=Access.DECLARE, how=how, other_class=other)
