"""What in a database hangs on a table, and so must be made again or changed where the table is replaced."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class DependantKind(StrEnum):
    """What it is."""

    OWNER = "owner"
    GRANT = "grant"
    VIEW = "view"
    MATERIALIZED_VIEW = "materialized view"
    RULE = "rule"
    TRIGGER = "trigger"
    POLICY = "row security policy"
    PUBLICATION = "publication"
    FOREIGN_KEY = "foreign key"
    """Of another table, that refers to this one."""
    FUNCTION = "function"
    """Its body names the table: the server does not know whether the function really uses it."""
    SEQUENCE = "sequence"
    """It goes when the table goes, because a column of the table owns it."""
    STATISTICS = "extended statistics"
    COMMENT = "comment"


@dataclass(frozen=True, kw_only=True)
class Dependant:
    """One object or setting of the database that depends on one table."""

    kind: DependantKind
    name: str
    """As SQL; of a grant the role, of a foreign key 'table.constraint', of a comment what it is about."""
    table: str
    """The table, as the profile calls it."""
    columns: tuple[str, ...] = ()
    """The table's columns that it uses; empty where it is about the whole table, or where that is not known."""
    definition: str = ""
    """The statement that makes it again; of a comment, its text as an SQL string."""
    referring_table: str = ""
    """Of a foreign key, the table that it belongs to, as the profile calls it; empty of any other kind."""
