"""The uses of a column in SQL: each statement is parsed, or searched by words if it cannot be parsed."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, replace

from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.tokenizer_core import Token, TokenType

from lab.sql.dialect import POSTGRES, parse
from lab.usage import clauses
from lab.usage.text import word
from lab.usage.values import UNKNOWN, Access, ColumnSearch, Occurrence

DECLARATION = re.compile(r"\s*(ALTER|COMMENT)\b", re.IGNORECASE)
MAKING = re.compile(r"\b(CREATE|ALTER)\b", re.IGNORECASE)
EXPLAIN = re.compile(r"^\s*EXPLAIN\b(\s*\([^)]*\)|\s+(ANALYZE|VERBOSE)\b)*", re.IGNORECASE | re.MULTILINE)
TEMPLATE = re.compile(r"\{\{|\{%")
COPIED = re.compile(r"^\s*COPY\b.*\bFROM\s+STDIN\b.*;\s*$", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class _Unparsed:
    text: str
    first: int


def look(sql: str, search: ColumnSearch) -> tuple[list[Occurrence], int]:
    """The uses of the column in `sql`, and the number of statements that are searched by words only."""
    search = replace(search, column=search.column.lower())  # as SQL folds it, quoted or not
    occurrences: list[Occurrence] = []
    unparsed = 0
    for statement in _statements(sql):
        if isinstance(statement, exp.Expr):
            occurrences += clauses.look(statement, search)
        else:
            unparsed += 1
            occurrences += _by_words(statement, search)
    return occurrences, unparsed


def tables(sql: str, column: str) -> set[str]:
    """Tables and views that `sql` creates with the column, or adds it to."""
    if not MAKING.search(sql):
        return set()
    trees = (tree for tree in _statements(sql) if isinstance(tree, exp.Create | exp.Alter))
    named = {clauses.table_of(tree) for tree in trees if clauses.gives(tree, column.lower())}
    return {name for name in named if name and UNKNOWN not in name}


def _by_words(statement: _Unparsed, search: ColumnSearch) -> Iterator[Occurrence]:
    """Lines that name the column; if there are none, the first line that names its table."""
    declares = DECLARATION.match(statement.text) is not None
    access = Access.DECLARE if declares else Access.UNCLEAR
    how = "ALTER" if declares else "SQL, by words"
    lines = list(enumerate(statement.text.lower().split("\n"), start=statement.first))
    named = [number for number, line in lines if word(search.column).search(line)]
    yield from (Occurrence(line=number, access=access, how=how) for number in named)
    tables = [number for number, line in lines if any(word(table).search(line) for table in search.tables)]
    if tables and not named and not declares:
        yield Occurrence(line=tables[0], access=access, how=f"{how}: names the table", whole=True)


def _statements(sql: str) -> Iterator[exp.Expr | _Unparsed]:
    """The statements one by one, so that an unparsable one does not hide the others."""
    sql = _plain(sql)
    try:
        tokens = POSTGRES.tokenize(sql)
    except SqlglotError:
        yield _Unparsed(text=sql, first=1)
        return
    ends = [match.start() for match in re.finditer("\n", sql)]
    statement: list[Token] = []
    for token in tokens:
        if token.token_type is not TokenType.SEMICOLON:
            statement.append(token)
        elif statement:
            yield _parsed(statement, sql, ends)
            statement = []
    if statement:
        yield _parsed(statement, sql, ends)


def _parsed(tokens: list[Token], sql: str, ends: list[int]) -> exp.Expr | _Unparsed:
    start = tokens[0].start
    unparsed = _Unparsed(text=sql[start : tokens[-1].end + 1], first=bisect_left(ends, start) + 1)
    if TEMPLATE.search(unparsed.text):
        return unparsed
    tree = parse(list(tokens), sql)
    return unparsed if tree is None or _opaque(tree) else _lined(tree, ends, unparsed.first)


def _opaque(tree: exp.Expr) -> bool:
    """Whether it contains code that the parser reads as a string."""
    return isinstance(tree, exp.Command) or (isinstance(tree, exp.Create) and tree.kind in ("FUNCTION", "PROCEDURE"))


def _lined(tree: exp.Expr, ends: list[int], first: int) -> exp.Expr:
    """The tree with the lines of `ends`: sqlglot counts those after a `$` or a command too often."""
    for node in tree.walk():
        if "start" in node.meta:
            node.meta["line"] = bisect_left(ends, node.meta["start"]) + 1
    tree.meta.setdefault("line", first)
    return tree


def _plain(sql: str) -> str:
    """`sql` without EXPLAIN, psql's own commands and the rows of a dump; every line stays where it is."""
    lines = []
    rows = False
    for line in EXPLAIN.sub(_blank, sql).replace("\r\n", "\n").split("\n"):
        ends = line.startswith("\\.")
        if rows or line.lstrip().startswith("\\"):
            lines.append(_psql_copy(line) if not rows else "")
            rows = rows and not ends
        else:
            lines.append(line)
            rows = COPIED.match(line) is not None
    return "\n".join(lines)


def _blank(match: re.Match[str]) -> str:
    return "\n" * match.group().count("\n")


def _psql_copy(line: str) -> str:
    """The statement of psql's own copy command, nothing for its other commands."""
    return f"{line.lstrip()[1:]};" if re.match(r"\s*\\copy\b", line, re.IGNORECASE) else ""
