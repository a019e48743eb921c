"""PostgreSQL's words and trees, as sqlglot reads them."""

from __future__ import annotations

import logging

from sqlglot import exp
from sqlglot.dialects.dialect import Dialect
from sqlglot.errors import SqlglotError
from sqlglot.tokenizer_core import Token, TokenType

POSTGRES = Dialect.get_or_raise("postgres")
LITERALS = (TokenType.STRING, TokenType.HEREDOC_STRING)
logging.getLogger("sqlglot").setLevel(logging.ERROR)  # who asks hears what it cannot parse


def tokens(sql: str) -> list[Token]:
    """Words, names, strings and signs, also of a statement that sqlglot cuts into its first word and the rest.

    Empty where it cannot read them.
    """
    try:
        read = POSTGRES.tokenize(sql)
    except SqlglotError:
        return []
    if len(read) > 1 and read[0].token_type is TokenType.COMMAND and read[1].token_type is TokenType.STRING:
        return [read[0], *tokens(read[1].text), *read[2:]]
    return read


def parse(words: list[Token], sql: str) -> exp.Expr | None:
    """The one statement that these tokens of `sql` are; None where sqlglot cannot parse it."""
    try:
        (parsed,) = POSTGRES.parser().parse(words, sql)
    except (SqlglotError, RecursionError, ValueError):
        return None
    return parsed


def tree(sql: str) -> exp.Expr | None:
    """One statement or expression, without ONLY, which sqlglot does not know everywhere; None where it cannot be parsed."""
    words = [token for token in tokens(sql) if token.token_type is not TokenType.ONLY]
    parsed = parse(words, sql)
    return None if isinstance(parsed, exp.Command) else parsed


def text(node: exp.Expr) -> str:
    """The node as SQL, in one form however it was written."""
    return node.sql(dialect=POSTGRES)


def word(token: Token) -> str:
    """The word in capitals, or the sign; empty of a quoted name and of a string."""
    return "" if token.token_type in (TokenType.IDENTIFIER, *LITERALS) else token.text.upper()


def name(token: Token) -> str:
    """The name as the server folds it."""
    return token.text if token.token_type is TokenType.IDENTIFIER else token.text.lower()
