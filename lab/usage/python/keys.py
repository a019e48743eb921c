"""Strings that are the column's name itself: keys, arguments of calls, lists of columns."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import replace

from lab.usage.python import names
from lab.usage.python.evidence import Evidence
from lab.usage.python.module import callee, scope
from lab.usage.values import Access, Occurrence

PARSERS = {"loads", "json"}
"""Calls whose result is not a row of the table."""
READERS = {"getattr", "hasattr", "attrgetter", "itemgetter", "column", "values_list", "only", *names.ASKING}
WRITERS = {"setattr", "delattr", "flag_modified", "setdefault"}
SCHEMA = {
    "Column",
    "mapped_column",
    "drop_column",
    "alter_column",
    *names.DEFERRING,
}


def look(node: ast.Constant, evidence: Evidence) -> Iterator[Occurrence]:
    """The use of the column, according to the expression that holds the string."""
    outer = evidence.module.parents.get(node)
    if not (isinstance(outer, ast.Subscript) and names.excluded(outer.value)):
        access, how = _use(node, evidence)
        yield Occurrence(line=node.lineno, access=access, how=how)


def renamed(node: ast.Constant, evidence: Evidence) -> Iterator[Occurrence]:
    """A key with the name of an attribute that holds the column; the code does not show whose row it is."""
    for place in look(node, evidence):
        if place.access is Access.READ:
            yield replace(place, access=Access.UNCLEAR, how=f"{place.how} of an attribute that holds the column")


def _use(node: ast.Constant, evidence: Evidence) -> tuple[Access, str]:
    module = evidence.module
    outer = module.parents.get(node)
    listed = module.parents.get(outer) if isinstance(outer, ast.List | ast.Tuple) else None
    match outer, listed:
        case (ast.Subscript() as subscript, _) | (_, ast.Subscript() as subscript):
            return _subscript(subscript, evidence)
        case ast.Dict() as mapping, _:
            return (
                names.into(mapping, evidence) if node in mapping.keys else (Access.UNCLEAR, "a value that is the name")
            )
        case ast.Call() as call, _:
            return _argument(call, node, evidence)
        case ast.MatchValue() | ast.MatchMapping(), _:
            return Access.READ, "matched by a pattern"
        case _, ast.keyword(arg="columns"):
            return _columns(callee(module.parents.get(listed)))
    return Access.UNCLEAR, "a string that is the name"


def _subscript(node: ast.Subscript, evidence: Evidence) -> tuple[Access, str]:
    return _taken(node.value, "key", evidence) if isinstance(node.ctx, ast.Load) else (Access.WRITE, "key set")


def _taken(owner: ast.expr, how: str, evidence: Evidence) -> tuple[Access, str]:
    """A key read from a row, or unclear if the owner was made in this function or belongs to another class."""
    of = evidence.of(owner)
    others = of & evidence.schema.homonyms if not of & evidence.schema.entities else frozenset()
    if others:
        return Access.UNCLEAR, f"{how} of {', '.join(sorted(others))}, which is not the table's class"
    if _is_new_dictionary(owner, evidence):
        return Access.UNCLEAR, f"{how} of a dictionary that was made here"
    return Access.READ, how


def _is_new_dictionary(owner: ast.expr, evidence: Evidence) -> bool:
    """Whether the function assigns only dictionaries to the owner, written there or parsed from JSON."""
    values = [owner]
    if isinstance(owner, ast.Name):
        values = list(evidence.module.assigned.get((scope(evidence.module, owner), owner.id), ()))
    plain = (value.value if isinstance(value, ast.Await) else value for value in values)
    return bool(values) and all(
        (isinstance(value, ast.Dict) and None not in value.keys) or callee(value) in PARSERS for value in plain
    )


def _argument(call: ast.Call, node: ast.Constant, evidence: Evidence) -> tuple[Access, str]:
    name = callee(call)
    if name in SCHEMA or (name == "column" and callee(evidence.module.parents.get(call)) == "table"):
        return Access.DECLARE, f"{name}(…)"
    if name in WRITERS:
        return Access.WRITE, f"{name}(…)"
    if name == "get" and call.args[:1] == [node] and isinstance(call.func, ast.Attribute):
        return _taken(call.func.value, "get(…)", evidence)
    if name in READERS:
        return Access.READ, f"{name}(…)"
    return Access.UNCLEAR, f"a string given to {name or 'a call'}"


def _columns(name: str) -> tuple[Access, str]:
    """Asyncpg's and pandas' lists of columns."""
    if name.endswith("_to_table"):
        return Access.WRITE, f"{name}(…)"
    return (Access.READ, f"{name}(…)") if name.startswith("read_sql") else (Access.UNCLEAR, f"columns of {name}")
