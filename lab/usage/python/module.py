"""One Python file as a tree, with the ways through it that the rules need."""

from __future__ import annotations

import ast
import warnings
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product

from lab.usage.values import Source

Scope = ast.Module | ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, kw_only=True, eq=False)
class Module:
    """A parsed file."""

    source: Source
    tree: ast.Module
    nodes: tuple[ast.AST, ...]
    """Every node, outer ones before inner ones."""
    parents: Mapping[ast.AST, ast.AST]

    @cached_property
    def uses(self) -> Mapping[tuple[ast.AST, str], Sequence[ast.Name]]:
        """Every use of a name, by each enclosing function and by the module."""
        uses = defaultdict[tuple[ast.AST, str], list[ast.Name]](list)
        for node in self.nodes:
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
                for inside in _scopes(self, node):
                    uses[inside, node.id].append(node)
        return uses

    @cached_property
    def assigned(self) -> Mapping[tuple[ast.AST, str], Sequence[ast.expr]]:
        """Every value that is assigned to a name or an attribute, by the same keys."""
        values = defaultdict[tuple[ast.AST, str], list[ast.expr]](list)
        for node in self.nodes:
            if isinstance(node, ast.Assign | ast.AnnAssign) and node.value:
                for key in product(_scopes(self, node), given(node)):
                    values[key].append(node.value)
        return values


class UnparsableError(Exception):
    """The file is not valid Python 3; the message says why."""


def parse(source: Source) -> Module:
    """The tree of a file.

    Errors: `UnparsableError` where the bytes are not what their encoding says, or the text is not Python 3.
    """
    if not source.encoded:
        raise UnparsableError("its bytes are not what its encoding says")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an invalid escape in somebody's string is not our subject
            tree = ast.parse(source.text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        words = error.msg if isinstance(error, SyntaxError) else str(error)
        raise UnparsableError(f"not Python 3: {words}") from error
    nodes: list[ast.AST] = [tree]
    parents: dict[ast.AST, ast.AST] = {}
    for node in nodes:  # grows while it is walked
        for child in ast.iter_child_nodes(node):
            if not isinstance(child, ast.expr_context):  # one object for all, of no place
                parents[child] = node
                nodes.append(child)
    return Module(source=source, tree=tree, nodes=tuple(nodes), parents=parents)


def above(module: Module, node: ast.AST) -> Iterator[ast.AST]:
    """The nodes around `node`, from the inside out."""
    while (outer := module.parents.get(node)) is not None:
        yield outer
        node = outer


def scope(module: Module, node: ast.AST) -> Scope:
    """The function that `node` lies in, or the module."""
    return next(_scopes(module, node))


def _scopes(module: Module, node: ast.AST) -> Iterator[Scope]:
    return (inner for inner in above(module, node) if isinstance(inner, Scope))


def enclosing_class(module: Module, node: ast.AST) -> ast.ClassDef | None:
    """The class whose body or methods `node` lies in."""
    return next((inner for inner in above(module, node) if isinstance(inner, ast.ClassDef)), None)


def last_name(node: ast.AST | None) -> str:
    """`c` of a.b.c, of c and of c[…]; empty where there is no name."""
    while isinstance(node, ast.Subscript):
        node = node.value
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def callee(node: ast.AST | None) -> str:
    """The last part of the called name; empty if `node` is not a call."""
    return last_name(node.func) if isinstance(node, ast.Call) else ""


def first_text(node: ast.AST | None) -> str | None:
    """The string that is the first argument of a call."""
    first = node.args[0] if isinstance(node, ast.Call) and node.args else None
    return first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else None


def given(node: ast.stmt) -> Iterator[str]:
    """The names that a statement defines or assigns."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield node.name
    targets = [node.target] if isinstance(node, ast.AnnAssign) else node.targets if isinstance(node, ast.Assign) else []
    yield from map(last_name, targets)


def names(node: ast.AST | None) -> set[str]:
    """Every name in an annotation or expression, including names inside strings."""
    words: set[str] = set()
    for inner in ast.walk(node) if node else ():
        if isinstance(inner, ast.Constant) and isinstance(inner.value, str):
            words |= set("".join(c if c.isalnum() or c == "_" else " " for c in inner.value).split())
        elif isinstance(inner, ast.Name | ast.Attribute):
            words.add(last_name(inner))
    return words


def chain(module: Module, node: ast.AST) -> Iterator[ast.Call]:
    """The calls chained to `node`: for f(x) in f(x).a(y).b(z), the calls of a and b."""
    outer = module.parents.get(node)
    while isinstance(outer, ast.Attribute | ast.Call | ast.Await):
        if isinstance(outer, ast.Call):
            if outer.func is not node:
                return
            yield outer
        node, outer = outer, module.parents.get(outer)
