"""Strings in Python: joined as far as the file shows their content, then read as SQL or as a key."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TypeAlias

from lab.usage import sql
from lab.usage.python import keys, names
from lab.usage.python.evidence import Evidence
from lab.usage.python.module import Module, above, callee, first_text, last_name
from lab.usage.python.module import names as names_in
from lab.usage.text import word
from lab.usage.values import UNKNOWN, Access, ColumnSearch, Occurrence

STATEMENT = re.compile(
    r"\s*((--[^\n]*\n|/\*.*?\*/)\s*)*\(?\s*"
    r"(WITH|SELECT|INSERT|UPDATE|DELETE|MERGE|COPY|CREATE|ALTER|DROP|TABLE|EXPLAIN|COMMENT\s+ON|DO|GRANT|TRUNCATE)\s",
    re.IGNORECASE | re.DOTALL,
)
FRAGMENTS = {"text", "literal_column", "SQL"}
MESSAGES = {"debug", "info", "warning", "warn", "error", "exception", "critical", "log", "print", "echo", "secho"}
WORDING = (ast.JoinedStr, ast.FormattedValue, ast.BinOp, ast.keyword, ast.Tuple, ast.List, ast.Attribute, ast.Call)
"""Nodes that build a message, such as `"…".format(…)`."""
PERCENT = re.compile(r"%(\(\w+\))?[a-z]")
BRACED = re.compile(r"\{[^{}]*\}")
PIECE = re.compile(r"\s*((LEFT|RIGHT|FULL|INNER|OUTER|CROSS)\s+)*(FROM|JOIN)\s", re.IGNORECASE)
TABLE_ONLY = {
    *("Table", "table", "ForeignKey", "batch_alter_table", "create_index", "Identifier"),
    *("copy_records_to_table", "copy_to_table", "to_sql"),
}
"""Calls that declare a table or write to it; `Identifier` names it for a query, which is examined itself."""

_String: TypeAlias = ast.Constant | ast.JoinedStr | ast.BinOp


def constants(module: Module) -> dict[str, str]:
    """Names that the file assigns exactly one string, with that string."""
    given: dict[str, list[str | None]] = {}
    for node in module.nodes:
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                given.setdefault(last_name(target), []).append(_folded(node.value, {}))
    return {name: values[0] for name, values in given.items() if len(values) == 1 and values[0] is not None}


def look(module: Module, search: ColumnSearch, evidence: Evidence) -> Iterator[Occurrence]:
    """The uses of the column by every string of the file; docstrings and messages are no use."""
    values = constants(module)
    words = (*evidence.schema.names, *search.tables)
    matters = re.compile(
        "|".join([*(word(needle).pattern for needle in words), UNKNOWN, BRACED.pattern]), re.IGNORECASE
    )
    for node in module.nodes:
        if isinstance(node, ast.Constant | ast.JoinedStr | ast.BinOp) and not _part(module, node):
            text = _folded(node, values)
            if text is not None and matters.search(text) and not _silent(module, node):
                yield from _string(node, text, search, evidence)


def _string(node: _String, text: str, search: ColumnSearch, evidence: Evidence) -> Iterator[Occurrence]:
    module, names_it = evidence.module, word(search.column).search(text)
    if names_it and (by := names.declaring(module, node)):
        yield Occurrence(line=node.lineno, access=Access.DECLARE, how=f"{by}(…)")
    elif STATEMENT.match(text) or _fragment(module, node):
        yield from _statement(module, node, text, search)
    else:
        yield from _words(node, text, search, evidence)


def _words(node: _String, text: str, search: ColumnSearch, evidence: Evidence) -> Iterator[Occurrence]:
    """The uses of the column by a string that is no statement: a column's or table's name, or a part of a statement."""
    unclear = partial(Occurrence, line=node.lineno, access=Access.UNCLEAR)
    match node:
        case ast.Constant() if text.lower() == search.column.lower():
            yield from keys.look(node, evidence)
        case ast.Constant() if text in evidence.schema.names:
            yield from keys.renamed(node, evidence)
        case _ if PIECE.match(text) and any(word(table).search(text.lower()) for table in search.tables):
            yield unclear(how="a piece of SQL that names the table", whole=True)
        case ast.Constant() if text.lower() in search.tables:
            yield from _table(evidence.module, node)
        case _ if word(search.column).search(text):
            yield unclear(how="a string that holds the name")


def _folded(node: ast.AST, values: Mapping[str, str]) -> str | None:
    """The string that an expression builds, with `UNKNOWN` for unknown parts; None if it is not a string."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=pieces):
            return "".join(_known(piece, values) for piece in pieces)
        case ast.Call(func=ast.Attribute(value=owner)) if callee(node) in ("format", "dedent", "strip"):
            return _folded(owner if callee(node) != "dedent" else next(iter(node.args), owner), values)
        case ast.BinOp(op=ast.Mod()):
            left = _folded(node.left, values)
            return None if left is None else PERCENT.sub(UNKNOWN, left)
        case ast.BinOp(op=ast.Add()):
            sides = (_folded(node.left, values), _folded(node.right, values))
            return None if sides == (None, None) else "".join(UNKNOWN if side is None else side for side in sides)
    return values.get(node.id) if isinstance(node, ast.Name) else None


def _known(node: ast.AST, values: Mapping[str, str]) -> str:
    inner = node.value if isinstance(node, ast.FormattedValue) else node
    text = _folded(inner, values)
    return UNKNOWN if text is None else text


def _part(module: Module, node: ast.AST) -> bool:
    """Whether the string is a part of a larger string, or a docstring."""
    outer = module.parents.get(node)
    return isinstance(outer, ast.JoinedStr | ast.FormattedValue | ast.Expr) or (
        isinstance(outer, ast.BinOp) and isinstance(outer.op, ast.Add | ast.Mod)
    )


def _silent(module: Module, node: ast.AST) -> bool:
    """Whether the string is only a message (logged, printed, raised) that is not indexed first."""
    for outer in above(module, node):
        if isinstance(outer, ast.Assert):
            return node is outer.msg
        if isinstance(outer, ast.Call) and node is not outer.func:
            return callee(outer) in MESSAGES or isinstance(module.parents.get(outer), ast.Raise)
        if not isinstance(outer, WORDING):
            return False
        node = outer
    return False


def _fragment(module: Module, node: ast.AST) -> bool:
    """Whether the string is passed to a call that takes a piece of SQL."""
    return callee(module.parents.get(node)) in FRAGMENTS


def _statement(module: Module, node: _String, text: str, search: ColumnSearch) -> Iterator[Occurrence]:
    places, _ = sql.look(text if sql.TEMPLATE.search(text) else BRACED.sub(UNKNOWN, text), search)
    for place in places:
        how = place.how if place.how.startswith("SQL") else f"SQL: {place.how}"
        yield replace(place, how=how, line=_line(node, place, module.source.lines, search))


def _line(node: ast.expr, occurrence: Occurrence, lines: Sequence[str], search: ColumnSearch) -> int:
    """The line of the file: counted inside the string if the name is there, else the first line that has the name."""
    first, last = node.lineno, node.end_lineno or node.lineno
    counted = min(first + occurrence.line - 1, last)
    pattern = word(search.column.lower())
    if occurrence.whole or pattern.search(lines[counted - 1].lower()):
        return counted
    return next((number for number in range(first, last + 1) if pattern.search(lines[number - 1].lower())), first)


def _table(module: Module, node: ast.Constant) -> Iterator[Occurrence]:
    """The table's name in a call that may load it, `copy_from_table("t")`, or as a key, `metadata.tables["t"]`."""
    outer = next(inner for inner in above(module, node) if not isinstance(inner, ast.keyword | ast.List | ast.Tuple))
    by = callee(outer) if isinstance(outer, ast.Call) else last_name(outer) if isinstance(outer, ast.Subscript) else ""
    migrates = isinstance(outer, ast.Call) and "op" in names_in(outer.func)
    if by and by not in TABLE_ONLY and not migrates:
        yield Occurrence(line=node.lineno, access=Access.UNCLEAR, how=f"the table's name given to {by}", whole=True)


def tables(module: Module, column: str) -> Iterator[str]:
    """Tables that a migration or SQL in a string creates with the column, or adds it to."""
    values = constants(module)
    for node in module.nodes:
        if callee(node) in ("add_column", "create_table") and isinstance(node, ast.Call):
            yield from _migrated(node, column)
        elif isinstance(node, ast.Constant | ast.JoinedStr | ast.BinOp) and not _part(module, node):
            text = _folded(node, values) or ""
            yield from sql.tables(text, column) if column.lower() in text.lower() and STATEMENT.match(text) else ()


def _migrated(call: ast.Call, column: str) -> Iterator[str]:
    """`op.add_column("t", sa.Column(column))`; in other libraries a call of that name has nothing to do with tables."""
    keywords = {keyword.arg: keyword.value for keyword in call.keywords}
    table = keywords.get("table_name")
    name = table.value if isinstance(table, ast.Constant) else first_text(call)
    given = (*call.args, *keywords.values())
    if isinstance(name, str) and any(
        callee(argument) == "Column" and first_text(argument) == column for argument in given
    ):
        yield name.lower()
