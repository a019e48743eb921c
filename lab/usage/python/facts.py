"""The declarations of one Python file that matter for a column: classes, tables and functions."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from lab.usage.python.module import Module, callee, enclosing_class, first_text, given, last_name, names

COLUMNS = {"Column", "mapped_column", "deferred", "column_property", "synonym", "column"}
Fields: TypeAlias = Mapping[str, tuple[ast.expr | None, ast.expr | None]]
FROM_ATTRIBUTES = {"from_attributes", "orm_mode"}
EAGER = {"joined", "selectin", "subquery", "immediate", "False"}


@dataclass(frozen=True, kw_only=True)
class Declared:
    """A class, or a table in a variable."""

    name: str
    bases: frozenset[str] = frozenset()
    table: str | None = None
    mapped: bool = False
    """Whether its own body says that it is a table."""
    attributes: frozenset[str] = frozenset()
    """Its attributes that hold the column; in a class that is no table, those with the column's name."""
    deferred: bool = False
    """Whether that column is loaded only when it is asked for."""
    from_attributes: bool = False
    """Whether it is a schema that is filled from the attributes of an object."""
    refers: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """By attribute, the names in its annotation and value."""
    relationships: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """By attribute that the ORM loads on use, the names of the classes that it leads to."""
    eager: frozenset[str] = frozenset()
    """Names of the classes that are loaded with it."""
    reflected: bool = False
    """Whether its columns are read from the database."""


@dataclass(frozen=True, kw_only=True)
class Function:
    """A function or method."""

    name: str
    returns: frozenset[str]
    """The names in its return annotation."""
    has_parameter: bool
    """Whether it has a parameter with the column's name."""
    takes: frozenset[str]
    """The names in the annotations of its parameters, if a decorator may call it with a request."""
    answers: frozenset[str]
    """The names in the type that a decorator may turn its result into: an answer to a request."""


def declared(module: Module, column: str) -> Iterator[Declared]:
    """Every class of the file, and every table that a call of Table declares."""
    for node in module.nodes:
        match node:
            case ast.ClassDef():
                yield _class(module, node, column)
            case ast.Call() if callee(node) in ("Table", "table"):
                yield from _table(module, node, column)
            case ast.Assign(value=ast.Attribute() | ast.Subscript() as value):
                yield from _automapped(module, node, value)
            case ast.Call(args=[model, table, *_]) if callee(node) in ("map_imperatively", "mapper"):
                yield Declared(name=last_name(model), bases=frozenset({last_name(table)}))


def functions(module: Module, column: str) -> Iterator[Function]:
    """Every function of the file."""
    for node in module.nodes:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield _function(node, column)


def _function(node: ast.FunctionDef | ast.AsyncFunctionDef, column: str) -> Function:
    every = (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)
    decorated = bool(node.decorator_list)
    return Function(
        name=node.name,
        returns=frozenset(names(node.returns)),
        has_parameter=any(parameter.arg == column for parameter in every),
        takes=frozenset(name for parameter in every for name in names(parameter.annotation) if decorated),
        answers=frozenset(name for response in _models(node) for name in names(response) if decorated),
    )


def _models(node: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[ast.expr | None]:
    """The type that FastAPI turns a result into: the return annotation, or the decorator's `response_model`."""
    yield node.returns
    keywords = (inner for call in node.decorator_list for inner in ast.walk(call) if isinstance(inner, ast.keyword))
    yield from (keyword.value for keyword in keywords if keyword.arg == "response_model")


def heirs(facts: Iterable[Declared], roots: Collection[str]) -> set[str]:
    """These classes and all their subclasses."""
    roots = set(roots)
    while more := {model.name for model in facts if model.bases & roots} - roots:
        roots |= more
    return roots


def _table(module: Module, node: ast.Call, column: str) -> Iterator[Declared]:
    """`pages = Table("pages", metadata, Column("body", JSON))`."""
    outer = module.parents.get(node)
    targets = outer.targets if isinstance(outer, ast.Assign) else []
    attributes = frozenset({column} if column in _named(node) else ())
    reflected = any(keyword.arg in ("autoload_with", "autoload") for keyword in node.keywords)
    for target in targets:
        yield Declared(
            name=last_name(target), table=first_text(node), mapped=True, attributes=attributes, reflected=reflected
        )


def _automapped(module: Module, node: ast.Assign, value: ast.Attribute | ast.Subscript) -> Iterator[Declared]:
    """`Page = Base.classes.pages`, `pages = metadata.tables["pages"]`."""
    table = value.attr if isinstance(value, ast.Attribute) else _text(module, value.slice)
    if table and last_name(value.value) in ("classes", "tables"):
        for target in node.targets:
            yield Declared(name=last_name(target), table=table, mapped=True, reflected=True)


def _class(module: Module, node: ast.ClassDef, column: str) -> Declared:
    fields = dict(_fields(node))
    attributes = frozenset(_attributes(module, node, fields, column))
    core = fields.get("__table__", (None, None))[1]
    values = [fields[name][1] for name in attributes & fields.keys()]
    return Declared(
        name=node.name,
        bases=frozenset(filter(None, map(last_name, (*node.bases, core)))),
        table=_text(module, fields.get("__tablename__", (None, None))[1]) or first_text(core),
        mapped=any(_says_table(name, *field) for name, field in fields.items()) or _keyword(node, "table"),
        attributes=attributes,
        deferred=any(_deferred(value) for value in values),
        from_attributes=_from_attributes(node),
        refers={name: frozenset(names(kind) | _related(value)) for name, (kind, value) in fields.items()},
        relationships=dict(_relationships(node.name, fields)),
        eager=frozenset(
            name for kind, value in fields.values() if _eager(value) for name in names(kind) | _related(value)
        ),
    )


def _text(module: Module, node: ast.expr | None) -> str | None:
    """A string, or the string that the file assigns to a name."""
    if isinstance(node, ast.Name):
        values = module.assigned.get((module.tree, node.id), ())
        node = values[0] if len(values) == 1 else None
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _fields(node: ast.ClassDef) -> Iterator[tuple[str, tuple[ast.expr | None, ast.expr | None]]]:
    """Names in the body of a class, with annotation and value."""
    for statement in node.body:
        match statement:
            case ast.AnnAssign():
                yield last_name(statement.target), (statement.annotation, statement.value)
            case ast.Assign():
                yield from ((last_name(target), (None, statement.value)) for target in statement.targets)
            case ast.FunctionDef() | ast.AsyncFunctionDef() if statement.decorator_list:
                yield statement.name, (statement.returns, None)


def _attributes(module: Module, node: ast.ClassDef, fields: Fields, column: str) -> Iterator[str]:
    """`raw_body = Column(JSON)`, `payload = Column("raw_body", JSON)`; or methods set self.<column>."""
    for name, (_, value) in fields.items():
        named = _named(value)
        if column in named if named else name == column:
            yield column if name == "__table__" else name
    stored = (
        inner for inner in ast.walk(node) if isinstance(inner, ast.Attribute) and isinstance(inner.ctx, ast.Store)
    )
    for inner in stored:
        if inner.attr == column and last_name(inner.value) == "self" and enclosing_class(module, inner) is node:
            yield column


def _named(value: ast.AST | None) -> set[str]:
    """The column names inside an expression."""
    return (
        {name for node in ast.walk(value) if callee(node) in COLUMNS and (name := first_text(node))} if value else set()
    )


def _deferred(value: ast.expr | None) -> bool:
    grouped = isinstance(value, ast.Call) and any(keyword.arg == "deferred_group" for keyword in value.keywords)
    return grouped or callee(value) == "deferred" or _keyword(value, "deferred")


def _says_table(name: str, kind: ast.expr | None, value: ast.expr | None) -> bool:
    return name in ("__tablename__", "__table__") or callee(value) in COLUMNS or last_name(kind) == "Mapped"


def _keyword(node: ast.AST | None, name: str) -> bool:
    given = node.keywords if isinstance(node, ast.Call | ast.ClassDef) else ()
    return any(
        option.arg == name and isinstance(option.value, ast.Constant) and option.value.value is True for option in given
    )


def _related(value: ast.expr | None) -> set[str]:
    if isinstance(value, ast.Call) and _relates(value):
        return {name for arg in value.args for name in names(arg)}
    return {last_name(value)}


def _relates(value: ast.expr | None) -> bool:
    return callee(value) in ("relationship", "Relationship", "dynamic_loader")


def _relationships(owner: str, fields: Fields) -> Iterator[tuple[str, frozenset[str]]]:
    for name, (kind, value) in fields.items():
        if _relates(value) or (value is None and last_name(kind) == "Mapped"):
            yield name, frozenset(names(kind) | _related(value))
        for keyword in value.keywords if isinstance(value, ast.Call) and _relates(value) else ():
            if keyword.arg == "backref" and isinstance(keyword.value, ast.Constant):
                yield str(keyword.value.value), frozenset({owner})


def _eager(value: ast.expr | None) -> bool:
    """Whether a relationship is loaded together with its owner."""
    given = value.keywords if isinstance(value, ast.Call) and _relates(value) else ()
    return any(
        option.arg == "lazy" and isinstance(option.value, ast.Constant) and str(option.value.value) in EAGER
        for option in given
    )


def _from_attributes(node: ast.ClassDef) -> bool:
    """Pydantic's `model_config = ConfigDict(from_attributes=True)`, `class Config: orm_mode = True`, or a class keyword."""
    configs = [statement for statement in node.body if _configures(statement)]
    return any(_turned_on(inner) for config in (*configs, *node.keywords) for inner in ast.walk(config))


def _configures(node: ast.stmt) -> bool:
    return node.name == "Config" if isinstance(node, ast.ClassDef) else "model_config" in given(node)


def _turned_on(node: ast.AST) -> bool:
    return any(
        name in FROM_ATTRIBUTES and not (isinstance(value, ast.Constant) and value.value is False)
        for name, value in _settings(node)
    )


def _settings(node: ast.AST) -> Iterator[tuple[str, ast.expr | None]]:
    """The settings in a keyword, a dictionary or an assignment."""
    match node:
        case ast.keyword():
            yield node.arg or "", node.value
        case ast.Dict():
            yield from ((text, value) for key, value in zip(node.keys, node.values, strict=True) for text in names(key))
        case ast.Assign() | ast.AnnAssign():
            yield from ((name, node.value) for name in given(node))
