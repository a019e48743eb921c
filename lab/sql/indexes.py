"""What an index is made of, from the statement that creates it, as `pg_get_indexdef` or a schema writes it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from sqlglot import exp

from lab.sql.dialect import text, tokens, tree, word


@dataclass(frozen=True, kw_only=True)
class IndexDefinition:
    """An index without its name, and without the promise that its values are unique.

    Two are equal where they index the same in the same way, however they were written.
    """

    table: str
    """With its schema where that is not `public`."""
    method: str
    keys: tuple[str, ...]
    """Columns or expressions, each with its order, in SQL."""
    included: tuple[str, ...]
    """Columns that it stores beside its keys."""
    settings: tuple[tuple[str, str], ...]
    condition: str
    """In SQL; empty where it holds every row."""
    columns: frozenset[str] | None = field(compare=False)
    """All that it names, where the keys are plain columns and the condition is that a column is NULL, or is not."""
    parts: str = field(compare=False)
    """What follows the method, as it was written: '(a, b) WHERE (c IS NULL)'."""


def index_definition(sql: str) -> IndexDefinition | None:
    """What the statement creates; None where it creates no index, or one of a kind that sqlglot does not know."""
    statement = tree(sql)
    index = statement.this if isinstance(statement, exp.Create) else None
    parameters = index.args.get("params") if isinstance(index, exp.Index) else None
    if not isinstance(index, exp.Index) or not isinstance(parameters, exp.IndexParameters):
        return None
    keys, where = parameters.args.get("columns") or [], parameters.args.get("where")
    included = tuple(column.name for column in parameters.args.get("include") or ())
    condition = where.this.unnest() if where else None
    columns = [*map(_plain_column, keys), *included, *([_tested_column(condition)] if condition else [])]
    return IndexDefinition(
        table=_table(index.args["table"]),
        method=str(parameters.args.get("using") or "btree"),
        keys=tuple(map(text, keys)),
        included=included,
        settings=tuple((setting.name, setting.text("value")) for setting in parameters.args.get("with_storage") or ()),
        condition=text(condition) if condition else "",
        columns=None if None in columns else frozenset(filter(None, columns)),
        parts=sql[next(_opening(sql)) :],
    )


def _table(table: exp.Table) -> str:
    return table.name if table.db in ("", "public") else f"{table.db}.{table.name}"


def _plain_column(key: exp.Expr) -> str | None:
    """The column that the key is, whatever its order; None of an expression, or with a class of operators or a collation."""
    column = key.this if isinstance(key, exp.Ordered) else key
    return column.name if isinstance(column, exp.Column) else None


def _tested_column(condition: exp.Expr) -> str | None:
    """The column that the condition tests for NULL; None of another condition."""
    test = condition.this.unnest() if isinstance(condition, exp.Not) else condition
    is_null = isinstance(test, exp.Is) and isinstance(test.expression, exp.Null)
    return _plain_column(test.this) if is_null else None


def _opening(sql: str) -> Iterator[int]:
    """Where the parentheses open."""
    return (token.start for token in tokens(sql) if word(token) == "(")
