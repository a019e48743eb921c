"""What an expression stands for, such as the default of a column as the server writes it."""

from __future__ import annotations

from sqlglot import exp

from lab.sql.dialect import tree

_PRESENT = (exp.CurrentTimestamp, exp.Localtimestamp, exp.CurrentDate)
_PRESENT_FUNCTIONS = ("clock_timestamp", "transaction_timestamp", "statement_timestamp")


def is_present(sql: str) -> bool:
    """Whether the expression is the moment at which it is evaluated, in whatever type or time zone, and no other moment."""
    parsed = tree(sql)
    return parsed is not None and _is_present(parsed)


def _is_present(node: exp.Expr) -> bool:
    match node:
        case exp.Paren() | exp.Cast() | exp.AtTimeZone():
            return _is_present(node.this)
        case exp.Anonymous(name="timezone", expressions=[_, moment]):
            return _is_present(moment)
        case exp.Anonymous():
            return node.name in _PRESENT_FUNCTIONS
    return isinstance(node, _PRESENT)
