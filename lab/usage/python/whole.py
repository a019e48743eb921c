"""Objects loaded whole: the column comes along without being named."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from lab.usage.python.evidence import BESIDE, DERIVED, NARROWING, OF_TABLE, Evidence
from lab.usage.python.module import above, callee, chain, enclosing_class, first_text, given, last_name, names, scope
from lab.usage.values import Access, Occurrence

LOADING = {"select", "query", "get", "get_one", "returning", "add_entity", "add_columns", "with_entities"}
RELOADING = {"refresh", "merge"}
ALONG = {"selectinload", "joinedload", "subqueryload", "immediateload", "contains_eager"}
COUNTING = {"count", "exists", "delete", "update", "with_only_columns", "with_entities", "subquery", "cte"}
SERIALISING = {
    *("asdict", "vars", "dict", "_asdict", "to_dict", "as_dict", "json", "model_dump", "model_dump_json"),
    *("jsonable_encoder", "model_validate", "from_orm"),
}
"""Calls that turn a row into a dictionary, a schema or JSON; they may load a deferred column."""
NAMING = {
    *(*BESIDE, *DERIVED, *LOADING, *ALONG, *SERIALISING),
    *("relationship", "exists", "issubclass", "type", "inspect", "TypeVar", "cast", "listen", "listens_for", "print"),
    *("bulk_insert_mappings", "bulk_update_mappings", "map_imperatively", "mapper", "create_all"),
}
"""Calls that take a class without loading rows by that alone, or whose loads another rule finds."""


HOLDING = (ast.List, ast.Tuple, ast.Set, ast.Dict, ast.arguments, ast.Return)
"""Nodes that keep or return a class as a value."""


def look(node: ast.AST, evidence: Evidence) -> Iterator[Occurrence]:
    """The whole rows of the column's table that `node` loads or passes on."""
    match node:
        case ast.Call():
            yield from _call(node, evidence)
            yield from _given_away(node, callee(node), evidence)
        case ast.ClassDef():
            yield from _given_away(node, node.name, evidence)
        case ast.Attribute(ctx=ast.Load()):
            yield from _attribute(node, evidence)
            yield from _put_away(node, evidence)
        case ast.Name(ctx=ast.Load()):
            yield from _put_away(node, evidence)


def _call(node: ast.Call, evidence: Evidence) -> Iterator[Occurrence]:
    name, schema = callee(node), evidence.schema
    given = node.args[:1] if name in ("get", "get_one") else node.args
    loaded = frozenset(model for arg in given for model in evidence.classes(arg) & schema.eager_models)
    if name in LOADING and loaded:
        yield from _loaded(node, f"{name}({' | '.join(sorted(loaded))})", evidence, loaded)
    elif name in RELOADING and len(node.args) == 1 and evidence.of(node.args[0]) & schema.eager_models:
        yield _whole(node, name)
    elif name == "undefer_group" or (name == "undefer" and first_text(node) == "*"):
        yield from _undeferred(node, name, evidence)
    elif name in ALONG and (relation := _relation(node, evidence)):
        yield from _loaded(node, f"{name}({relation})", evidence)
    elif name in SERIALISING:
        yield from _handed_on(node, name, evidence)
    elif name == "getattr" and len(node.args) > 1 and not isinstance(node.args[1], ast.Constant):
        yield from _computed(node, evidence)
    elif (
        name == "select"
        and isinstance(node.func, ast.Attribute)
        and evidence.classes(node.func.value) & schema.eager_models
    ):
        yield from _loaded(node, f"{last_name(node.func.value)}.select()", evidence)


def _attribute(node: ast.Attribute, evidence: Evidence) -> Iterator[Occurrence]:
    """`Entity.query`, `object.relation`, `object.__dict__`."""
    schema = evidence.schema
    owners = evidence.classes(node.value)
    if node.attr == "query" and owners & schema.eager_models:
        yield from _loaded(node, f"{last_name(node.value)}.query", evidence)
    elif node.attr in schema.relations and not owners and _may_have(node, evidence):
        yield Occurrence(
            line=node.end_lineno or 1, access=Access.READ, how=f"whole entity: relationship {node.attr}", whole=True
        )
    elif node.attr in ("__dict__", "_mapping") and evidence.of(node.value) & schema.eager_models:
        yield Occurrence(
            line=node.end_lineno or 1, access=Access.UNCLEAR, how=f"{node.attr} of a whole row", whole=True
        )


def _may_have(node: ast.Attribute, evidence: Evidence) -> bool:
    """Whether the owner may be an object with that relationship, rather than a class or an object of another known class."""
    name = last_name(node.value)
    owner = enclosing_class(evidence.module, node) if name == "self" else None
    return not name[:1].isupper() and (owner is None or owner.name in evidence.schema.relations[node.attr])


def _undeferred(node: ast.Call, name: str, evidence: Evidence) -> Iterator[Occurrence]:
    """A load of deferred columns, if the class defers this column."""
    if evidence.schema.entities - evidence.schema.eager_models:
        yield Occurrence(
            line=node.lineno, access=Access.UNCLEAR, how=f"{name} may load the deferred column", whole=True
        )


def _given_away(node: ast.Call | ast.ClassDef, name: str, evidence: Evidence) -> Iterator[Occurrence]:
    """The class itself, passed to code that may or may not load it: a repository, a page of an admin site."""
    inside = node.args if isinstance(node, ast.Call) else _used_by_bases(node)
    values = [] if name in NAMING else [*inside, *(keyword.value for keyword in node.keywords)]
    for value in (value for value in values if _is_class(value, evidence)):
        how = f"{ast.unparse(value)[:40]} given to {name or 'a call'}, which may load it"
        yield Occurrence(line=value.lineno, access=Access.UNCLEAR, how=how, whole=True)


def _put_away(node: ast.expr, evidence: Evidence) -> Iterator[Occurrence]:
    """The class itself in a list, a dictionary, a default or a result; the search does not follow it from there."""
    if isinstance(evidence.module.parents.get(node), HOLDING) and _is_class(node, evidence):
        user = next(inner for inner in above(evidence.module, node) if not isinstance(inner, (*HOLDING, ast.keyword)))
        if not isinstance(user, ast.Subscript) and callee(user) not in NAMING:
            how = f"{ast.unparse(node)[:40]} kept as a value, and may be loaded from there"
            yield Occurrence(line=node.lineno, access=Access.UNCLEAR, how=how, whole=True)


def _is_class(node: ast.expr, evidence: Evidence) -> bool:
    """Whether an expression names the class; an attribute of self may also be an object."""
    models = evidence.classes(node) & evidence.schema.eager_models
    return bool(models) and not (isinstance(node, ast.Attribute) and node.attr not in models | OF_TABLE)


def _used_by_bases(node: ast.ClassDef) -> Iterator[ast.expr]:
    """Classes that the bases of a class may load: `class A(Repository[Entity])`, `model = Entity`, also in its `class Meta`."""
    if not node.bases:
        return
    yield from (base.slice for base in node.bases if isinstance(base, ast.Subscript) and last_name(base) != "Generic")
    inner = (statement.body for statement in node.body if isinstance(statement, ast.ClassDef) and not statement.bases)
    values = (statement for body in (node.body, *inner) for statement in body if isinstance(statement, ast.Assign))
    yield from (statement.value for statement in values if "__table__" not in given(statement))


def _loaded(
    node: ast.expr, what: str, evidence: Evidence, loaded: frozenset[str] = frozenset()
) -> Iterator[Occurrence]:
    """A load, unless the chained calls leave out the column or every row."""
    calls = list(chain(evidence.module, node))
    given = {_option for call in calls for _option in _options(call)}
    held = _held(given, evidence)
    around = [value for value in (node, *calls, *held) if isinstance(value, ast.Call)]
    if {callee(call) for call in calls} & COUNTING or any(_narrowed(call, evidence, loaded) for call in around):
        return
    if later := _later(node, evidence, loaded):
        yield _whole(node, what, f", narrowed by {later} elsewhere in the function")
    elif given and not held:
        yield _whole(node, what, f", with options that the search does not follow: {', '.join(sorted(given))}")
    else:
        yield _whole(node, what)


def _whole(node: ast.expr, what: str, doubt: str = "") -> Occurrence:
    access = Access.UNCLEAR if doubt else Access.READ
    return Occurrence(
        line=node.end_lineno or node.lineno, access=access, how=f"whole entity: {what}{doubt}", whole=True
    )


def _narrowed(call: ast.Call, evidence: Evidence, loaded: frozenset[str]) -> str | None:
    """The load_only or defer, in a call or its arguments, that leaves out the column; None unless it does for all of `loaded`."""
    given = (call, *call.args, *(keyword.value for keyword in call.keywords if keyword.arg == "options"))
    inside = [user for arg in given for user in (ast.walk(arg) if arg is not call else [call])]
    left = {user: _left_out(user, evidence) for user in inside if isinstance(user, ast.Call)}
    out = frozenset[str]().union(*left.values())
    return next((callee(user) for user, classes in left.items() if classes), None) if loaded <= out else None


def _left_out(call: ast.Call, evidence: Evidence) -> frozenset[str]:
    """The classes whose column a `defer` or `load_only` leaves out: those in its arguments, or all if it names none."""
    entities = evidence.schema.entities
    owners = [arg.value for arg in call.args if isinstance(arg, ast.Attribute)]
    of = frozenset[str]().union(*map(evidence.classes, owners)) & entities if owners else entities
    if callee(call) == "defer":
        named = {name for arg in call.args for name in names(arg)} & evidence.schema.names
        return of if named or first_text(call) == "*" else frozenset()
    return of if callee(call) == "load_only" else frozenset()


def _later(node: ast.expr, evidence: Evidence, loaded: frozenset[str]) -> str | None:
    """Calls that narrow the query through the variable it is assigned to."""
    statement = evidence.module.parents.get(node)
    while isinstance(statement, ast.Attribute | ast.Call | ast.Await):
        statement = evidence.module.parents.get(statement)
    held = {last_name(target) for target in statement.targets} if isinstance(statement, ast.Assign) else set()
    inside = scope(evidence.module, node)
    uses = (use for name in held for use in evidence.module.uses.get((inside, name), ()))
    for call in (call for use in uses for call in chain(evidence.module, use)):
        if narrowed := _narrowed(call, evidence, loaded) or ({callee(call)} & NARROWING and callee(call)):
            return narrowed
    return None


def _options(call: ast.Call) -> Iterator[str]:
    """Names of the variables that hold options."""
    for arg in call.args if callee(call) == "options" else ():
        inner = arg.value if isinstance(arg, ast.Starred) else arg
        if isinstance(inner, ast.Name | ast.Attribute):
            yield last_name(inner)


def _held(given: set[str], evidence: Evidence) -> list[ast.Call]:
    """The calls in the values that the file assigns to these names."""
    return [
        node
        for name in given
        for value in evidence.module.assigned.get((evidence.module.tree, name), ())
        for node in ast.walk(value)
        if isinstance(node, ast.Call)
    ]


def _relation(node: ast.Call, evidence: Evidence) -> str | None:
    attributes = (inner.attr for arg in node.args for inner in ast.walk(arg) if isinstance(inner, ast.Attribute))
    return next((name for name in attributes if name in evidence.schema.relations), None)


def _handed_on(node: ast.Call, name: str, evidence: Evidence) -> Iterator[Occurrence]:
    """A row turned into a dictionary or a schema; the search does not follow its keys."""
    owner = [node.func.value] if isinstance(node.func, ast.Attribute) else []
    handed = {model for arg in (*owner, *node.args) for model in evidence.of(arg)}
    if handed & evidence.schema.entities:
        yield Occurrence(line=node.lineno, access=Access.UNCLEAR, how=f"whole row handed to {name}", whole=True)


def _computed(node: ast.Call, evidence: Evidence) -> Iterator[Occurrence]:
    if evidence.of(node.args[0]) & evidence.schema.entities:
        how = "getattr of an object of the table with a computed name"
        yield Occurrence(line=node.lineno, access=Access.UNCLEAR, how=how, whole=True)


def computed(node: ast.AST) -> str | None:
    """In words, the use of a name that the program computes when it runs; None for every other node."""
    if callee(node) in ("getattr", "setattr") and isinstance(node, ast.Call) and len(node.args) > 1:
        return None if isinstance(node.args[1], ast.Constant) else f"{callee(node)} with a computed name"
    if callee(node) in ("exec", "eval") and isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        return f"{callee(node)} of computed code"
    return None
