"""How SQL stands in a file of the plan."""

from __future__ import annotations


def terminated(sql: str) -> str:
    """The statement with its semicolon."""
    return f"{sql.strip().removesuffix(';')};"


def commented(sql: str) -> str:
    """The query as a comment: what a client reads, and psql does not."""
    return "\n".join(f"--   {line}" for line in sql.strip().splitlines())
