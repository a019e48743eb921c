"""Shared by strategies that fill a new table and give it the old one's name."""

from collections.abc import Sequence

from lab.scenario import Database, different_parts

TEXT = "hashtextextended(t::text, 0)"
"""The hash of a row `t` by which old and new are compared, where both have the same columns of the same types."""


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


def take_over(db: Database, table: str, content: str) -> None:
    """Prove that the new table holds every row, then rename it, in one transaction that locks out writers."""
    new = f"{table}_new"
    with db.step(f"{table}: rename the old table, new table in its place"):
        db.execute("BEGIN")
        db.execute(f"LOCK TABLE {table} IN EXCLUSIVE MODE")
        db.prove(f"the new table holds every row of {table}", different_parts(table, new, content))
        db.execute(f"ALTER SEQUENCE {table}_id_seq OWNED BY {new}.id")
        db.execute(f"ALTER TABLE {table} RENAME TO {table}_old")
        db.execute(f"ALTER TABLE {new} RENAME TO {table}")
        db.execute("COMMIT")


def drop_old(db: Database, tables: Sequence[str], content: str) -> None:
    """Prove equality once more and drop the old tables; rows written after the renaming have higher ids and are left out."""
    with db.step("drop the old tables", final=True):
        for table in tables:
            earlier = f"(SELECT * FROM {table} WHERE id <= (SELECT max(id) FROM {table}_old))"
            db.prove(f"{table} still holds every row of {table}_old", different_parts(f"{table}_old", earlier, content))
            db.execute(f"DROP TABLE {table}_old")
