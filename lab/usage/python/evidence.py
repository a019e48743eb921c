"""The classes that a name in a function stands for, according to annotations, constructors and assignments."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from lab.usage.python.module import Module, Scope, above, callee, enclosing_class, last_name, names, scope
from lab.usage.python.schema import Schema

BESIDE = {"select_from", "join", "join_from", "outerjoin", "delete", "update", "insert", "isinstance"}
"""Calls that name a class without returning objects of it."""

DERIVED = {"aliased", "alias", "subquery", "cte", "lateral"}
"""Calls whose result can be selected from like their argument, a class or a query."""
OF_TABLE = {"__table__", "columns", "c"}
"""Attributes of a class or table that stand for its table or for all its columns."""
NARROWING = {"with_only_columns", "with_entities"}
"""Calls after which a query does not return the classes that it began with."""

Meanings = Mapping[str, frozenset[str]]
"""The classes of the schema that each name may be an object of."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Evidence:
    """Of one file: which classes of the schema each name of each function stands for."""

    module: Module
    schema: Schema
    meanings: Mapping[ast.AST, Meanings]
    """By function, and by the module for code outside functions."""
    aliases: Meanings
    """Names that stand for a class itself, not for its objects: imports, aliased(…), `A if x else B`."""

    def of(self, node: ast.expr) -> frozenset[str]:
        """The classes of the schema that an expression may be an object of; empty without evidence."""
        if last_name(node) in ("self", "cls") and isinstance(node, ast.Name):
            owner = enclosing_class(self.module, node)
            return self.schema.class_aliases.get(owner.name, frozenset()) if owner else frozenset()
        for outer in above(self.module, node):
            if outer in self.meanings and (classes := _mentioned(node, self.meanings[outer], self.schema, self.module)):
                return classes
        return frozenset()

    def classes(self, node: ast.AST) -> frozenset[str]:
        """The classes of the schema that an expression is the class of."""
        if isinstance(node, ast.Name):
            return self.aliases.get(node.id, self.schema.class_aliases.get(node.id, frozenset()) & {node.id})
        if isinstance(node, ast.Starred) or (isinstance(node, ast.Attribute) and node.attr in OF_TABLE):
            return self.classes(node.value)
        if isinstance(node, ast.Call) and callee(node) in DERIVED:
            return frozenset().union(*map(self.classes, _derived(node)))
        if isinstance(node, ast.Attribute):
            own = self.schema.class_aliases.get(node.attr, frozenset())
            return own if node.attr in own or _is_class_attribute(node) else frozenset()
        return frozenset()


def _is_class_attribute(node: ast.Attribute) -> bool:
    """`self.model`, where an annotation or assignment says which class that is."""
    return last_name(node.value) in ("self", "cls")


def evidence(module: Module, schema: Schema) -> Evidence:
    """Read every assignment, loop and annotation of the file, in the order of the text."""
    aliases = _aliases(module, schema)
    meanings: dict[ast.AST, dict[str, frozenset[str]]] = {module.tree: dict(aliases)}
    for target, value, inner in sorted(_bindings(module), key=lambda binding: binding[0].lineno):
        classes = meanings.setdefault(inner, dict(aliases))
        mentioned = _mentioned(value, classes, schema, module)
        for name in _targets(target):
            classes[name] = classes.get(name, frozenset()) | mentioned
    return Evidence(module=module, schema=schema, meanings=meanings, aliases=aliases)


def _bindings(module: Module) -> Iterator[tuple[ast.expr | ast.arg, ast.AST, Scope]]:
    """Each binding: its target, its value or annotation, and its function."""
    for node in module.nodes:
        match node:
            case ast.arg(annotation=ast.expr() as annotation):
                yield node, annotation, scope(module, node)
            case ast.AnnAssign():
                yield node.target, node.annotation, scope(module, node)
            case ast.Assign():
                yield from ((target, node.value, scope(module, node)) for target in node.targets)
            case ast.NamedExpr():
                yield node.target, node.value, scope(module, node)
            case ast.For() | ast.AsyncFor():
                yield node.target, node.iter, scope(module, node)
            case ast.comprehension():
                yield node.target, node.iter, scope(module, node.target)
            case ast.withitem(optional_vars=ast.expr() as variables):
                yield variables, node.context_expr, scope(module, node)


def _targets(node: ast.expr | ast.arg) -> Iterator[str]:
    if isinstance(node, ast.arg):
        yield node.arg
        return
    yield from (
        inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store)
    )


def _mentioned(node: ast.AST, meanings: Meanings, schema: Schema, module: Module) -> frozenset[str]:
    mentioned: frozenset[str] = frozenset()
    for inner in ast.walk(node):
        match inner:
            case ast.Name(id=name) if not _beside(inner, module):
                mentioned |= meanings.get(name) or schema.class_aliases.get(name, frozenset())
            case ast.Attribute(attr=name) if not _beside(inner, module):
                mentioned |= schema.class_aliases.get(name, frozenset())
            case ast.Constant():
                mentioned |= names(inner) & schema.class_aliases.keys()
    return mentioned


def _beside(node: ast.expr, module: Module) -> bool:
    """Whether the code only names a class: for one of its attributes, or in a call that returns something else."""
    outer = module.parents.get(node)
    if isinstance(outer, ast.Attribute):
        return (
            isinstance(node, ast.Name) and node.id[:1].isupper() and not isinstance(module.parents.get(outer), ast.Call)
        )
    return callee(outer) in BESIDE


def _aliases(module: Module, schema: Schema) -> dict[str, frozenset[str]]:
    aliases: dict[str, frozenset[str]] = {}
    for node in module.nodes:
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                if alias.asname and alias.name in schema.class_aliases.get(alias.name, ()):
                    aliases[alias.asname] = frozenset({alias.name})
        elif isinstance(node, ast.Assign):
            names = map(last_name, _class_value(node.value))
            meant = frozenset().union(
                *(aliases.get(name, schema.class_aliases.get(name, frozenset()) & {name}) for name in names)
            )
            aliases |= {last_name(target): meant for target in node.targets if meant}
    return aliases


def _class_value(value: ast.AST) -> Iterator[ast.AST]:
    """The classes in a value that is a class: `A`, `A if x else B`, `A.__table__`, `aliased(A)`, `select(A).subquery()`."""
    match value:
        case ast.Attribute() if value.attr in OF_TABLE:
            yield from _class_value(value.value)
        case ast.Name() | ast.Attribute():
            yield value
        case ast.IfExp():
            yield from (node for side in (value.body, value.orelse) for node in _class_value(side))
        case ast.Call() if callee(value) in DERIVED:
            yield from _derived(value)


def _derived(call: ast.Call) -> Iterator[ast.expr]:
    """The classes behind `aliased(A)`, `select(A).where(…).subquery()` and `A.__table__.alias()`."""
    if callee(call) in NARROWING:
        return
    inner = call.func.value if isinstance(call.func, ast.Attribute) else None
    if callee(call) in ("aliased", "select", "query"):
        yield from call.args
    elif isinstance(inner, ast.Call):
        yield from _derived(inner)
    elif inner is not None:
        yield inner
