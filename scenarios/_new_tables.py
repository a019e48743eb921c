"""Shared by the strategies that put a new table or a view in a table's place: copying its keys, proving, renaming, dropping."""

from collections.abc import Callable, Mapping, Sequence

from lab.scenario import Database, different_parts

Different = Callable[[str, str], str]
"""The query for the parts in which an old and a new side differ: tables, views, or queries in parentheses."""


def copy_indexes(db: Database, table: str, new: str) -> None:
    """Give the new table every index that the old one has, whichever these are, but for its primary key."""
    db.execute(
        "DO $$ DECLARE definition text; BEGIN"
        " FOR definition IN SELECT regexp_replace(pg_get_indexdef(indexrelid), '^(CREATE (UNIQUE )?INDEX) .* ON .* USING ',"
        rf" '\1 ON {new} USING ') FROM pg_index WHERE indrelid = '{table}'::regclass AND NOT indisprimary"
        " ORDER BY indexrelid LOOP EXECUTE definition; END LOOP; END $$"
    )


def copy_foreign_keys(db: Database, table: str, new: str, *, lost: Sequence[str] = ()) -> None:
    """Give the new table every foreign key that the old one has, but for those to the tables `lost`."""
    without = "".join(f" AND confrelid <> '{name}'::regclass" for name in lost)
    db.execute(
        "DO $$ DECLARE definition text; BEGIN"
        f" FOR definition IN SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = '{table}'::regclass"
        f" AND contype = 'f' AND conparentid = 0{without}"
        f" ORDER BY oid LOOP EXECUTE 'ALTER TABLE {new} ADD ' || definition; END LOOP; END $$"
    )


def by_hash(content: str) -> Different:
    """Compare rows `t` by one hash, where it is the same expression on both sides."""
    return lambda old, new: different_parts(old, new, content)


WHOLE_ROW = by_hash("hashtextextended(t::text, 0)")
"""By the text of the whole row, where both sides have the same columns of the same types."""


def with_copies(*columns: str) -> Different:
    """Compare by the text of the whole row, where the new side has these columns behind all others."""
    # They take as many characters in the text of the row as in the text of a row of their own: '(1,a,2,b)' and '(2,b)'.
    copies = f"ROW({', '.join(f't.{column}' for column in columns)})::text"

    def different(old: str, new: str) -> str:
        return different_parts(
            f"(SELECT id, left(t::text, -1) AS line FROM {old} t)",
            f"(SELECT id, left(t::text, -length({copies})) AS line FROM {new} t)",
            "hashtextextended(t.line, 0)",
        )

    return different


def replace_by_view(
    db: Database, table: str, select: str, different: Different, *, scratch: Sequence[str] = ()
) -> None:
    """Prove that a view gives back every row, then replace the table by it, in one transaction that locks out writers.

    The tables `scratch` are dropped once the view is there.
    """
    with db.step(f"{table}: rename the old table, view in its place"):
        db.execute("BEGIN")
        db.execute(f"LOCK TABLE {table} IN EXCLUSIVE MODE")
        db.prove(f"the view gives back every row of {table}", different(table, f"({select})"))
        db.execute(f"ALTER TABLE {table} RENAME TO {table}_old")
        db.execute(f"CREATE VIEW {table} AS {select}")
        db.execute("COMMIT")
        for name in scratch:
            db.execute(f"DROP TABLE {name}")


def replace_by_table(db: Database, table: str, new: str, different: Different, *, kind: str = "new table") -> None:
    """Prove that the new table holds every row, then rename it, in one transaction that locks out writers."""
    with db.step(f"{table}: rename the old table, {kind} in its place"):
        db.execute("BEGIN")
        db.execute(f"LOCK TABLE {table} IN EXCLUSIVE MODE")
        db.prove(f"the {kind} holds every row of {table}", different(table, new))
        db.execute(f"ALTER SEQUENCE {table}_id_seq OWNED BY {new}.id")
        db.execute(f"ALTER TABLE {table} RENAME TO {table}_old")
        db.execute(f"ALTER TABLE {new} RENAME TO {table}")
        db.execute("COMMIT")


def drop_old(db: Database, tables: Mapping[str, Different], *, verb: str = "holds") -> None:
    """Prove equality once more and drop the old tables; rows written after the renaming have higher ids and are left out.

    A table `holds` its rows, and a view `gives back` those of others.
    """
    with db.step("drop the old tables", final=True):
        for table, different in tables.items():
            old = f"{table}_old"
            earlier = f"(SELECT * FROM {table} WHERE id <= (SELECT max(id) FROM {old}))"
            db.prove(f"{table} still {verb} every row of {old}", different(old, earlier))
            db.execute(f"DROP TABLE {old}")
