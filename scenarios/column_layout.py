"""Lay out the columns of the market tables so that no byte is padding, under a view with the old order.

A value of eight bytes begins at a multiple of eight, one of four at a multiple of four. Behind a text, which ends anywhere,
that leaves a gap in every row. With columns of eight bytes first, then four, two and one, and those of variable length last,
there is none. PostgreSQL cannot move a column, so the rows move into a new table. COPY and INSERT without a list of columns
depend on their order, so a view keeps the old one; it is simple enough that PostgreSQL writes through it.

`column_layout(types=narrow)` also stores `snapshot_id` in four bytes instead of eight, and lines and handicaps as float4, if each
value that is there fits exactly.
"""

from collections.abc import Iterator, Mapping

from lab.scenario import Category, Choice, Database, Family, Requirement, Scenario, Shape, different_parts, unused_names
from scenarios._new_tables import copy_foreign_keys, copy_indexes, drop_old, replace_by_view

MARKETS = ("market_odds", "competitor_market_odds")

COLUMNS = {
    "id": "bigint",
    "snapshot_id": "bigint",
    "betpawa_market_id": "varchar(50)",
    "betpawa_market_name": "varchar(255)",
    "line": "float8",
    "handicap_type": "varchar(50)",
    "handicap_home": "float8",
    "handicap_away": "float8",
    "outcomes": "json",
    "market_groups": "json",
    "unavailable_at": "timestamptz",
}
"""In the order in which readers see them."""
NOT_NULL = ("id", "snapshot_id", "betpawa_market_id", "betpawa_market_name", "outcomes")
NARROW = {"snapshot_id": "integer", "line": "float4", "handicap_home": "float4", "handicap_away": "float4"}

ALIGNMENT = {
    "bigint": 8,
    "float8": 8,
    "timestamptz": 8,
    "integer": 4,
    "float4": 4,
    "smallint": 2,
    "boolean": 1,
}
"""Bytes of the types that have a fixed length, each aligned to its own."""


def aligned(columns: Mapping[str, str]) -> dict[str, str]:
    """The columns (name to type) in the order that needs least padding.

    Of those with a variable length, documents come first: a value of 127 bytes or more begins at a multiple of four.
    """
    return dict(
        sorted(columns.items(), key=lambda column: (-ALIGNMENT.get(column[1], 0), not column[1].startswith("json")))
    )


def copy(db: Database, table: str, types: Mapping[str, str]) -> None:
    """Fill the new table, with the keys and indexes that the old one has."""
    new, columns = f"{table}_layout", ", ".join(types)
    definitions = ", ".join(f"{name} {kind}{' NOT NULL' if name in NOT_NULL else ''}" for name, kind in types.items())
    with db.step(f"{table}: copy into the new layout"):
        db.execute(f"DROP TABLE IF EXISTS {new}")
        db.execute(f"CREATE TABLE {new} ({definitions})")
        db.execute(f"ALTER TABLE {new} ALTER COLUMN id SET DEFAULT nextval('{table}_id_seq')")
        db.execute(f"INSERT INTO {new} ({columns}) SELECT {columns} FROM {table} ORDER BY id")
        db.execute(f"ALTER TABLE {new} ADD PRIMARY KEY (id)")
        copy_indexes(db, table, new)
        copy_foreign_keys(db, table, new)
        db.execute(f"ALTER SEQUENCE {table}_id_seq OWNED BY {new}.id")


def select(table: str) -> str:
    """The rows of the new table with their columns in the old order."""
    return f"SELECT {', '.join(COLUMNS)} FROM {table}_layout"


def different(old: str, new: str) -> str:
    """A query for the parts in which rows differ in any column; each value is compared as one of the old type."""
    values = ", ".join(f"t.{name}::{'text' if kind == 'json' else kind}" for name, kind in COLUMNS.items())
    return different_parts(old, new, f"hash_record_extended(ROW({values}), 0)")


def apply(db: Database, types: Mapping[str, str]) -> None:
    """Copy both tables, put views in their place, drop the old ones."""
    for table in MARKETS:
        copy(db, table, types)
        replace_by_view(db, table, select(table), different)
    drop_old(db, dict.fromkeys(MARKETS, different), verb="gives back")


FITS = {
    # Guarded by CASE, because the conversion of a number out of range is an error.
    "float4": "CASE WHEN {name} IS NULL OR {name} = 0 THEN true"
    " WHEN abs({name}) BETWEEN 1e-37 AND 1e37 THEN {name}::float4::float8 = {name} ELSE false END",
    "integer": "{name} BETWEEN -2147483648 AND 2147483647",
}


def requirements(types: Mapping[str, str]) -> Iterator[Requirement]:
    """The new table can hold every column and value, and no name that the scenario needs is taken."""
    known = ", ".join(f"'{name}'" for name in COLUMNS)
    for table in MARKETS:
        yield Requirement(
            name=f"{table} has no other columns than {', '.join(COLUMNS)}",
            sql=f"SELECT count(*) FROM pg_attribute WHERE attrelid = '{table}'::regclass AND attnum > 0"
            f" AND NOT attisdropped AND attname NOT IN ({known})",
        )
        for name, kind in types.items():
            if kind != COLUMNS[name]:
                yield Requirement(
                    name=f"every {name} of {table} is exact as {kind}",
                    sql=f"SELECT count(*) FROM {table} WHERE NOT ({FITS[kind].format(name=name)})",
                )
    yield unused_names(*(f"{table}_{suffix}" for table in MARKETS for suffix in ("layout", "old")))


def variant(types: str) -> Scenario:
    """The new order, with the old types or narrower ones."""
    narrow = types == "narrow"
    columns = aligned(COLUMNS | NARROW if narrow else COLUMNS)
    costs = (
        "The keys and indexes belong to the new table: a foreign key cannot refer to the view, COPY cannot fill it.",
        "The copy needs disk space for both market tables, and writers wait while it is proved.",
    )
    later = (
        "A later line or handicap that float4 cannot hold is rounded without an error; quarters up to 4,194,304 are exact.",
        "A driver that knows the types sees integer and float4 where bigint and float8 were.",
    )
    return Scenario(
        title="Columns without padding, narrower" if narrow else "Columns without padding",
        category=Category.REARRANGE,
        hypothesis="Few columns of a market row have a fixed length, so there is little padding to save.",
        apply=lambda db: apply(db, columns),
        what=f"Market columns in the order of their alignment{', in narrower types' if narrow else ''}",
        changes=dict.fromkeys(MARKETS, Shape.VIEW),
        requires=tuple(requirements(columns)),
        costs=(*costs, *later) if narrow else costs,
        origins={f"{table}_layout": table for table in MARKETS},
    )


FAMILY = Family(
    make=variant,
    parameters={
        "types": Choice(
            meaning="The types of snapshot_id, lines and handicaps: as they are, or half as wide",
            default="same",
            values=("same", "narrow"),
        )
    },
)
