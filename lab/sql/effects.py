"""What a statement does to a database, read from its first words: the parser knows only some of PostgreSQL's statements."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum, auto
from functools import lru_cache

from sqlglot import exp
from sqlglot.tokenizer_core import Token

from lab.sql.dialect import LITERALS, name, tokens, tree, word

_TEMPORARY = ("TEMP", "TEMPORARY")
_KINDS_OF_OBJECTS = ("OR", "REPLACE", "GLOBAL", "LOCAL", "UNLOGGED", "UNIQUE", "MATERIALIZED", "RECURSIVE", *_TEMPORARY)
"""Words between CREATE, ALTER or DROP and the object."""
_CONDITIONS = ("CONCURRENTLY", "IF", "NOT", "EXISTS", "ONLY")
"""Words between the object and its name."""
_COLUMNSTORE = "convert_to_columnstore"
_HYPERTABLE = "create_hypertable"


class EffectKind(Enum):
    """What is done."""

    CREATE = auto()
    """Something is made, or rows are added."""
    CREATE_EXTENSION = auto()
    DROP_TABLE = auto()
    DROP_COLUMN = auto()
    RENAME = auto()
    """A table or view gets another name."""
    ALTER = auto()
    """A name or setting gets another value, which it had not before."""
    CHANGE_TYPE = auto()
    """The values of a column are written anew, as values of another type."""
    CHANGE_ROWS = auto()
    """Rows are changed or removed."""
    COMPRESS = auto()
    """Chunks move into the columnstore."""


@dataclass(frozen=True, kw_only=True)
class Effect:
    """One thing that a statement does."""

    kind: EffectKind
    name: str = ""
    """Of the table or view that is changed, or of the extension; with its schema where that is not `public`."""
    new_name: str = ""
    """Of the table or view that is made or renamed, afterwards."""


_ROWS = {
    "INSERT": EffectKind.CREATE,
    "DELETE": EffectKind.CHANGE_ROWS,
    "UPDATE": EffectKind.CHANGE_ROWS,
    "TRUNCATE": EffectKind.CHANGE_ROWS,
    "MERGE": EffectKind.CHANGE_ROWS,
}


@lru_cache(maxsize=1024)
def effects(sql: str) -> tuple[Effect, ...]:
    """What the statement does, in its order; empty where it does nothing that would have to be undone."""
    return tuple(_effects(sql))


def _effects(sql: str) -> Iterator[Effect]:
    head = _Head(tokens(sql))
    match first := head.take():
        case "CREATE":
            yield from _created(head)
        case "ALTER":
            yield from _altered(head)
        case "DROP":
            yield from _dropped(head)
        case "WITH":
            yield from _of_parts(sql)
        case "SET":
            yield Effect(kind=EffectKind.ALTER)
        case "SELECT" if head.take_name() == _HYPERTABLE:
            yield Effect(kind=EffectKind.CREATE)
        case "CALL" | "DO" if _COLUMNSTORE in _procedures(sql):
            yield Effect(kind=EffectKind.COMPRESS)
        case _ if first in _ROWS:
            yield Effect(kind=_ROWS[first])


@lru_cache(maxsize=1024)
def verb(sql: str) -> str:
    """What kind of statement it is: 'CREATE UNLOGGED TABLE', 'CALL refresh', 'SELECT count', 'INSERT'."""
    head = _Head(tokens(sql))
    match first := head.take():
        case "CREATE" | "ALTER" | "DROP":
            return " ".join((first, *head.skip(*_KINDS_OF_OBJECTS), head.take()))
        case "CALL":
            return f"{first} {head.take_name()}"
        case "VACUUM":
            return " ".join((first, *head.skip("FULL")))
        case "SELECT":
            function = head.take_name()
            return f"{first} {function}" if head.next == "(" else first
    return first


class _Head:
    """The words of a statement, from the first on."""

    def __init__(self, tokens: Iterable[Token]) -> None:
        self._tokens = deque(tokens)

    @property
    def next(self) -> str:
        """The next word, in capitals; empty at the end, and of a quoted name or a string."""
        return word(self._tokens[0]) if self._tokens else ""

    def take(self) -> str:
        """The next word, as `next`; the head stands behind it afterwards."""
        taken = self.next
        if self._tokens:
            self._tokens.popleft()
        return taken

    def skip(self, *words: str) -> tuple[str, ...]:
        """All of these words that come next, in any order."""
        skipped = []
        while self.next in words:
            skipped.append(self.take())
        return tuple(skipped)

    def take_name(self) -> str:
        """The name that comes next, without the schema `public`."""
        parts = [self._take_part()]
        while self.skip("."):
            parts.append(self._take_part())
        return ".".join(parts[1:] if parts[0] == "public" and len(parts) > 1 else parts)

    def _take_part(self) -> str:
        return name(self._tokens.popleft()) if self._tokens else ""

    def items(self) -> Iterator[_Head]:
        """What stands between the commas that are in no parentheses."""
        item: list[Token] = []
        depth = 0
        for token in self._tokens:
            depth += {"(": 1, ")": -1}.get(word(token), 0)
            if depth == 0 and word(token) == ",":
                yield _Head(item)
                item = []
            else:
                item.append(token)
        yield _Head(item)


def _created(head: _Head) -> Iterator[Effect]:
    kinds = head.skip(*_KINDS_OF_OBJECTS)
    what = head.take()
    head.skip(*_CONDITIONS)
    if what == "EXTENSION":
        yield Effect(kind=EffectKind.CREATE_EXTENSION, name=head.take_name())
    elif not {*kinds} & {*_TEMPORARY}:  # which goes with the session
        yield Effect(kind=EffectKind.CREATE, new_name=head.take_name() if what in ("TABLE", "VIEW") else "")


def _altered(head: _Head) -> Iterator[Effect]:
    head.skip(*_KINDS_OF_OBJECTS)
    what = head.take()
    head.skip(*_CONDITIONS)
    table = head.take_name()
    if what in ("TABLE", "VIEW"):
        yield from (effect for action in head.items() for effect in _action(action, table))
    elif what in ("SEQUENCE", "INDEX"):
        yield Effect(kind=EffectKind.ALTER)


def _action(action: _Head, table: str) -> Iterator[Effect]:
    """What one action of ALTER does to the table or view."""
    match action.take():
        case "RENAME" if action.skip("TO"):
            yield Effect(kind=EffectKind.RENAME, name=table, new_name=action.take_name())
        case "ALTER" if _changes_type(action):
            yield Effect(kind=EffectKind.CHANGE_TYPE, name=table)
        case "RENAME" | "ALTER" | "SET" | "RESET":
            yield Effect(kind=EffectKind.ALTER, name=table)
        case "ADD":
            yield Effect(kind=EffectKind.CREATE, name=table)
        case "DROP" if action.next != "CONSTRAINT":
            yield Effect(kind=EffectKind.DROP_COLUMN, name=table)


def _changes_type(column: _Head) -> bool:
    """Whether what follows ALTER gives a column another type."""
    column.skip("COLUMN")
    column.take_name()
    column.skip("SET", "DATA")
    return column.next == "TYPE"


def _dropped(head: _Head) -> Iterator[Effect]:
    if head.take() == "TABLE":
        head.skip(*_CONDITIONS)
        yield from (Effect(kind=EffectKind.DROP_TABLE, name=item.take_name()) for item in head.items())


def _of_parts(sql: str) -> Iterator[Effect]:
    """What the parts of a statement with WITH do to rows; the worst where nobody can say."""
    statement = tree(sql)
    if statement is None or statement.find(exp.Delete, exp.Update, exp.Merge):
        yield Effect(kind=EffectKind.CHANGE_ROWS)
    elif statement.find(exp.Insert):
        yield Effect(kind=EffectKind.CREATE)


def _procedures(sql: str) -> Iterator[str]:
    """The procedures that a CALL or a block of code calls."""
    called = False
    for token in tokens(sql):
        if called:
            # Where CALL begins a statement, sqlglot leaves the rest of it whole.
            yield _Head(tokens(token.text) if token.token_type in LITERALS else [token]).take_name()
        elif token.token_type in LITERALS:
            yield from _procedures(token.text)
        called = word(token) == "CALL"
