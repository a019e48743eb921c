"""Keep the newest market rows as they are, and pack the history of finished snapshots.

The application reads the newest snapshot of each event all the time and writes only there. So those rows stay plain rows,
in a table of the old shape. All others are history: their prices lie in one array per snapshot, in the order of a layout.
A layout lists the markets of one event at one bookmaker, so a history of one market reads one place of each snapshot, and
a market that comes and goes costs a bit in each snapshot.

Writers insert plain rows, as before. A recurring statement packs the snapshots that are no longer the newest.

A row that the form cannot give back exactly stays a plain row: another key, an outcome that is not active, odds of more
digits than a `real` gives back, a second row of the same market in one snapshot, a market that was withdrawn. The ids of a
snapshot follow each other in the order of its layout; where one does not, the block says by how much they are shifted.
"""

from collections.abc import Iterator

from lab.scenario import Category, Database, Scenario, Shape, Writing, unused_names
from scenarios._market_blocks import BLOCK, BLOCKS, SCRATCH, packing, view
from scenarios._market_lookup import create_lookup
from scenarios._market_rows import (
    COLUMNS,
    MARKETS,
    Proof,
    drop_old,
    keep_foreign_key,
    of,
    replace_by_view,
    requirements,
    turn,
)

SUFFIXES = ("rows", "blocks", "places")
PROOF = Proof(scratch=SCRATCH)


def build_tables(db: Database, table: str) -> None:
    """The empty tables of a market table."""
    db.execute(f"DROP TABLE IF EXISTS {table}_rows, {table}_blocks, {table}_places")
    db.execute(f"CREATE TABLE {table}_rows (LIKE {table} INCLUDING ALL)")
    db.execute(
        f"CREATE TABLE {table}_blocks (snapshot_id bigint, first_id bigint, layout integer, odds real[], listed varbit,"
        # Uncompressed, so that a place is read without the whole array.
        " breaks smallint[], shifts integer[]) WITH (toast_tuple_target = 8160)"
    )
    db.execute(
        f"CREATE TABLE {table}_places (layout integer NOT NULL, market integer NOT NULL, start integer NOT NULL,"
        " position smallint NOT NULL, line float8, betpawa_market_id varchar(50) NOT NULL)"
    )


def build_blocks(db: Database, table: str) -> None:
    """The blocks of the packed snapshots, and empty ones for those whose rows are all plain."""
    db.execute(f"INSERT INTO {table}_blocks ({BLOCK}) {BLOCKS.format(table=table)}")
    db.execute(
        f"INSERT INTO {table}_blocks (snapshot_id) SELECT DISTINCT snapshot_id FROM {table} m"
        f" WHERE NOT EXISTS (SELECT FROM {table}_blocks b WHERE b.snapshot_id = m.snapshot_id)"
    )
    db.execute(f"ALTER TABLE {table}_blocks ADD PRIMARY KEY (snapshot_id)")
    keep_foreign_key(db, table, f"{table}_blocks")
    db.execute(f"CREATE INDEX ON {table}_places (layout, betpawa_market_id) INCLUDE (position, market)")


def build_rows(db: Database, table: str) -> None:
    """The rows that stay as they are."""
    db.execute(
        f"INSERT INTO {table}_rows ({COLUMNS}) SELECT {COLUMNS} FROM {table} m"
        f" WHERE NOT EXISTS (SELECT FROM placed_{table} p WHERE p.id = m.id) ORDER BY id"
    )
    db.execute(f"REINDEX TABLE {table}_rows")  # its indexes were filled row by row
    db.execute(f"ALTER SEQUENCE {table}_id_seq OWNED BY {table}_rows.id")


def apply(db: Database) -> None:
    """Both market tables, one after the other."""
    with db.step("the lookup of markets"):
        create_lookup(db, "prices integer NOT NULL, template text NOT NULL")
    for table in MARKETS:
        with db.step(f"{table}: markets and layouts"):
            build_tables(db, table)
            for scratch, statement in packing(table, table, f"SELECT DISTINCT snapshot_id FROM {table}"):
                if scratch:
                    db.execute(f"DROP TABLE IF EXISTS {scratch}_{table}")
                db.execute(statement)
                if scratch:
                    db.execute(f"ANALYZE {scratch}_{table}")
        with db.step(f"{table}: plain rows and blocks"):
            build_blocks(db, table)
            build_rows(db, table)
            for suffix in SUFFIXES:
                db.execute(f"ANALYZE {table}_{suffix}")
            db.execute("ANALYZE market_lookup")
        replace_by_view(db, table, view(table), PROOF)
    drop_old(db, PROOF)


def pack(table: str) -> Iterator[str]:
    """The statements that pack the snapshots that are no longer the newest; one transaction.

    A second transaction that packs waits, and then finds nothing left. So does a retention, which would remove a layout that
    this one goes on with. Rows are locked as they are read: a change that comes first is read, and a change that comes later
    waits, and finds a packed row.
    """
    candidates = f"SELECT snapshot_id FROM {table}_blocks WHERE layout IS NULL FOR UPDATE"
    yield "BEGIN"
    yield turn(f"{table}_places")
    for _, statement in packing(table, f"{table}_rows", candidates, kind="TEMP", lock=" FOR UPDATE OF t"):
        yield statement.strip()
    yield (
        f"UPDATE {table}_blocks b SET ({BLOCK}) = ({of('n', BLOCK)})"
        f" FROM ({BLOCKS.format(table=table)}) n WHERE n.snapshot_id = b.snapshot_id"
    )
    yield f"DELETE FROM {table}_rows r USING placed_{table} p WHERE p.id = r.id"
    yield f"DROP TABLE {', '.join(f'{scratch}_{table}' for scratch in SCRATCH)}"
    yield "COMMIT"
    yield f"VACUUM {table}_rows"


def writing(table: str) -> Writing:
    """Plain rows, and an empty block for each new snapshot."""
    return Writing(
        insert=(
            f"INSERT INTO {table}_rows ({COLUMNS}) SELECT {COLUMNS} FROM inserted_{table}",
            f"INSERT INTO {table}_blocks (snapshot_id) SELECT DISTINCT snapshot_id FROM inserted_{table}",
        ),
        update=(
            (
                f"UPDATE {table}_rows t SET unavailable_at = u.unavailable_at FROM updated_{table} u"
                " WHERE t.snapshot_id = u.snapshot_id AND t.betpawa_market_id = u.betpawa_market_id"
            ),
            (
                f"DO $$ BEGIN IF EXISTS (SELECT FROM updated_{table} u JOIN {table}_blocks b ON b.snapshot_id = u.snapshot_id"
                f" JOIN {table}_places l ON l.layout = b.layout AND l.betpawa_market_id = u.betpawa_market_id"
                " WHERE get_bit(b.listed, l.position - 1) <> 0) THEN"
                f" RAISE EXCEPTION 'A market of {table} is packed by now, and a packed row cannot be changed'; END IF; END $$"
            ),
        ),
        collect=(turn(f"{table}_places"),),
        delete=(
            f"DELETE FROM {table}_rows t USING deleted_{table} d WHERE t.snapshot_id = d.snapshot_id",
            f"DELETE FROM {table}_blocks t USING deleted_{table} d WHERE t.snapshot_id = d.snapshot_id",
            f"DELETE FROM {table}_places l WHERE NOT EXISTS (SELECT FROM {table}_blocks b WHERE b.layout = l.layout)",
        ),
    )


SCENARIO = Scenario(
    title="Newest rows plain, history packed",
    category=Category.NORMALIZE,
    hypothesis="Nearly all bytes are history, and nearly all reads and writes are about the newest rows: pack only the history.",
    apply=apply,
    what="Keep the newest market rows as they are, and pack all others into one array per snapshot",
    changes=dict.fromkeys(MARKETS, Shape.VIEW),
    requires=(*requirements(SUFFIXES), unused_names(*(f"{name}_{table}" for table in MARKETS for name in SCRATCH))),
    costs=(
        "A job must run again and again: until it has, the rows of older snapshots take as much as before.",
        "Writers insert into the table of plain rows, and add each new snapshot to the table of blocks.",
        "A packed row cannot be changed: it has to become a plain row first.",
    ),
    origins={f"{table}_blocks": table for table in MARKETS},
    grows_with_scale=("market_lookup", *(f"{table}_{suffix}" for table in MARKETS for suffix in ("rows", "places"))),
    write={table: writing(table) for table in MARKETS},
    recurring=tuple(statement for table in MARKETS for statement in pack(table)),
    varies_with=("list churn",),
    follows=frozenset({Category.ELIMINATE, Category.COMPRESS, Category.ARCHIVE}),
)
