"""Pack `raw_response` with zstd and dictionaries, and store the bytes.

TOAST compresses each document alone, with a codec that is fast and weak. zstd packs better, and with a dictionary it does
not store again what documents have in common: the keys and texts of a platform, and what an event's documents repeat from
one scrape to the next. A client packs and unpacks, because PostgreSQL cannot: the column becomes `bytea`, and SQL no longer
looks into it.

A dictionary per platform is trained on a sample of the older half of the documents. Successive documents of an event refer
to one of them, which is stored apart, packed with the dictionary of its platform. A document to which another one is of
little use becomes the next such reference. So reading a document takes two steps at most. `share=1` leaves this out.

Every document is unpacked and compared by its SHA-256 before the column is replaced: json comes back to the letter, jsonb as
the text that the database gives. The way back is the same: unpack, and change the type again.
"""

from functools import partial

from lab.scenario import (
    Category,
    ClientStep,
    Database,
    Family,
    NothingToDoError,
    Requirement,
    Scenario,
    Shape,
    WholeNumber,
    Writing,
    lost_guarantee,
    unused_names,
)
from scenarios._packed_payloads import (
    SIDES,
    candidates,
    collecting,
    documents,
    hashing,
    packing,
    packing_new,
    releasing,
    sample,
)
from scenarios._packing import DICTIONARIES, Packing, decoding, training

PACKED = "SELECT FROM pg_attribute WHERE attname = 'raw_response' AND atttypid = 'bytea'::regtype"
NEW = ("packed", "unpacked", "references", "document")


def missing(from_: str) -> str:
    """That the id of a row `t` is not in that table."""
    return f"NOT EXISTS (SELECT FROM {from_} d WHERE d.id = t.id)"


def training_step(kilobytes: int) -> ClientStep:
    """A client trains a dictionary for each platform."""
    return ClientStep(
        name="train a dictionary for each platform",
        read=sample(),
        convert=partial(training, kilobytes),
        into=DICTIONARIES,
        columns=("id", "platform", "content"),
        key="train-dictionaries",
    )


def packing_step(table: str, packs: Packing) -> ClientStep:
    """A client packs the documents of a table; where it was interrupted, the documents that follow get a new reference."""
    return ClientStep(
        name=f"pack the documents of {table}",
        read=documents(table, table, missing(f"{table}_packed")),
        convert=partial(packing, packs),
        into=f"{table}_packed",
        columns=("id", "packed", "reference"),
        key=f"pack-{table}",
    )


def hashing_step(table: str) -> ClientStep:
    """A client unpacks what it packed, and hashes it for the proof."""
    return ClientStep(
        name=f"unpack the documents of {table} and hash them",
        read=f"SELECT t.id, t.packed FROM {table}_packed t WHERE {missing(f'{table}_unpacked')}",
        convert=partial(hashing, table),
        into=f"{table}_unpacked",
        columns=("id", "hash"),
        key=f"hash-packed-{table}",
    )


def train(db: Database, kilobytes: int) -> None:
    """Train a dictionary for each platform, and store it."""
    with db.step("train a dictionary for each platform"):
        db.execute(
            f"CREATE TABLE {DICTIONARIES} (id integer PRIMARY KEY, platform text NOT NULL UNIQUE, content bytea NOT NULL)"
        )
        db.execute(f"ALTER TABLE {DICTIONARIES} ALTER COLUMN content SET STORAGE EXTERNAL")
        db.convert(training_step(kilobytes))


def pack(db: Database, table: str, packs: Packing) -> None:
    """Pack the documents of a table beside it, and unpack them again."""
    with db.step(f"{table}: pack the documents"):
        db.execute(f"CREATE TABLE {table}_packed (id bigint PRIMARY KEY, packed bytea NOT NULL, reference bytea)")
        db.execute(f"CREATE TABLE {table}_references (id bigint PRIMARY KEY, content bytea NOT NULL)")
        for name in (f"{table}_packed ALTER COLUMN packed", f"{table}_references ALTER COLUMN content"):
            db.execute(f"ALTER TABLE {name} SET STORAGE EXTERNAL")
        db.convert(packing_step(table, packs))
        db.execute(
            f"INSERT INTO {table}_references SELECT id, reference FROM {table}_packed WHERE reference IS NOT NULL ORDER BY id"
        )
    with db.step(f"{table}: unpack the documents again"):
        db.execute(f"CREATE TABLE {table}_unpacked (id bigint PRIMARY KEY, hash bytea NOT NULL)")
        db.convert(hashing_step(table))


def replace(db: Database, table: str) -> None:
    """Prove that every document comes back, then put the packed ones in their place."""
    came_back = (
        f"SELECT count(*) FROM {table} t LEFT JOIN {table}_unpacked u ON u.id = t.id"
        " WHERE u.hash IS DISTINCT FROM sha256(convert_to(t.raw_response::text, 'UTF8'))"
    )
    with db.step(f"{table}: put the packed documents in place"):
        db.execute("BEGIN")
        db.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
        db.prove(f"every document of {table} comes back as it was", came_back)
        take_from(db, table, f"SELECT packed FROM {table}_packed", "bytea")
        db.execute("COMMIT")
        db.execute(f"DROP TABLE {table}_packed, {table}_unpacked")


def take_from(db: Database, table: str, values: str, kind: str) -> None:
    """Give the column another type, and to each row the value that the query has for its id."""
    function = f"{table}_document(bigint)"
    db.execute(f"CREATE FUNCTION {function} RETURNS {kind} LANGUAGE sql STABLE AS '{values} WHERE id = $1'")
    db.execute(f"ALTER TABLE {table} ALTER COLUMN raw_response TYPE {kind} USING {table}_document(id)")
    db.execute(f"DROP FUNCTION {function}")


def apply(db: Database, packs: Packing, kilobytes: int) -> None:
    """Train, pack, prove, replace."""
    if not any(db.value(f"SELECT EXISTS (SELECT FROM {table} WHERE raw_response IS NOT NULL)") for table in SIDES):
        raise NothingToDoError("Nothing to pack: no snapshot has a raw_response.")
    train(db, kilobytes)
    for table in SIDES:
        before = db.value(f"SELECT coalesce(sum(pg_column_size(raw_response)), 0) FROM {table}")
        pack(db, table, packs)
        replace(db, table)
        rows, size = db.fetch(
            f"SELECT count(raw_response), coalesce(sum(pg_column_size(raw_response)), 0) FROM {table}"
        )[0]
        references, apart = db.fetch(
            f"SELECT count(*), coalesce(sum(pg_column_size(content)), 0) FROM {table}_references"
        )[0]
        db.note(
            f"{table}.raw_response: {rows:,} documents took {before:,} bytes and take {size:,}; {references:,} of them are"
            f" references and take {apart:,} more"
        )


def unpack(db: Database) -> None:
    """The way back: unpack every document, and give the column its type again. Done again, it goes on where it stopped."""
    for table, side in SIDES.items():
        if db.value(f"SELECT EXISTS ({PACKED} AND attrelid = '{table}'::regclass)"):
            unpack_table(db, table, side.kind)
        with db.step(f"{table}: drop what packed documents need", final=True):
            db.execute(f"DROP TABLE IF EXISTS {table}_unpacked, {table}_references")
    with db.step("drop the dictionaries", final=True):
        db.execute(f"DROP TABLE IF EXISTS {DICTIONARIES}")


def unpack_table(db: Database, table: str, kind: str) -> None:
    """Unpack the documents of a table beside it, then put them in their place."""
    with db.step(f"{table}: unpack the documents for good"):
        db.execute(f"CREATE TABLE IF NOT EXISTS {table}_unpacked (id bigint PRIMARY KEY, document text NOT NULL)")
        db.convert(
            ClientStep(
                name=f"unpack the documents of {table}",
                read=f"SELECT t.id, t.raw_response FROM {table} t WHERE t.raw_response IS NOT NULL"
                f" AND {missing(f'{table}_unpacked')}",
                convert=decoding(table).convert,
                into=f"{table}_unpacked",
                columns=("id", "document"),
            )
        )
    with db.step(f"{table}: put the documents in place"):
        db.execute("BEGIN")
        db.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
        db.prove(
            f"every document of {table} was unpacked",
            f"SELECT count(*) FROM {table} t LEFT JOIN {table}_unpacked u ON u.id = t.id"
            " WHERE (u.id IS NULL) <> (t.raw_response IS NULL)",
        )
        take_from(db, table, f"SELECT document::{kind} FROM {table}_unpacked", kind)
        db.execute("COMMIT")


def writing(table: str, packs: Packing) -> Writing:
    """How a snapshot is written: its document is packed by the writer."""
    names = SIDES[table].columns
    values = ("p.packed" if name == "raw_response" else f"i.{name}" for name in names)
    return Writing(
        prepare=(
            f"CREATE TEMP TABLE {table}_packed (id bigint, packed bytea, reference bytea) ON COMMIT DELETE ROWS",
            candidates(table),
        ),
        client=(
            ClientStep(
                name=f"pack the new documents of {table}",
                read=documents(table, f"inserted_{table}"),
                convert=partial(packing_new, table, packs),
                into=f"{table}_packed",
                columns=("id", "packed", "reference"),
            ),
        ),
        insert=(
            f"INSERT INTO {table}_references SELECT id, reference FROM {table}_packed WHERE reference IS NOT NULL ORDER BY id",
            (
                f"INSERT INTO {table} ({', '.join(names)}) SELECT {', '.join(values)} FROM inserted_{table} i"
                f" LEFT JOIN {table}_packed p ON p.id = i.id ORDER BY i.id"
            ),
        ),
        collect=(collecting(table),),
        release=releasing(table),
    )


def packed(level: int, share: int, dictionary_kb: int) -> Scenario:
    """The scenario with these settings of zstd and of the dictionaries."""
    packs = Packing(level=level, share=share)
    return Scenario(
        title="Packed raw_response",
        category=Category.COMPRESS,
        hypothesis="Documents of a platform, and of an event even more, repeat what a dictionary can hold once.",
        apply=lambda db: apply(db, packs, dictionary_kb),
        what="Pack raw_response with zstd and dictionaries",
        changes=dict.fromkeys(SIDES, Shape.TABLE),
        needs_columns=tuple(f"{table}.raw_response" for table in SIDES),
        requires=(
            Requirement(
                name="every id of odds_snapshots belongs to one snapshot",
                sql="SELECT count(*) FROM (SELECT id FROM odds_snapshots GROUP BY id HAVING count(*) > 1) twice",
            ),
            Requirement(
                name="every id of a snapshot is positive",
                sql=f"SELECT {' + '.join(f'(SELECT count(*) FROM {table} WHERE id <= 0)' for table in SIDES)}",
            ),
            unused_names(
                DICTIONARIES,
                *(f"{table}_{suffix}" for table in SIDES for suffix in NEW),
            ),
        ),
        losses=tuple(lost_guarantee(table, side.kind) for table, side in SIDES.items()),
        costs=(
            "SQL no longer looks into a payload: every reader and writer needs zstd and the dictionaries.",
            "A lost dictionary or reference is a loss of every document that refers to it: back them up with the table.",
            "The writer packs each payload, and looks up the newest reference of its event before.",
            "A retention must remove the references that no document of their event needs. No snapshot may move to another event.",
            "ALTER TABLE rewrites each table under ACCESS EXCLUSIVE and needs disk space for two copies of what is packed.",
        ),
        write={table: writing(table, packs) for table in SIDES},
        client=(
            training_step(dictionary_kb),
            *(step for table in SIDES for step in (packing_step(table, packs), hashing_step(table))),
        ),
        undo=unpack,
        decodes={f"{table}.raw_response": decoding(table) for table in SIDES},
        origins={f"{table}_references": table for table in SIDES},
        grows_with_scale=(DICTIONARIES,),
        varies_with=("change rate",),
    )


FAMILY = Family(
    make=packed,
    parameters={
        "level": WholeNumber(meaning="How hard zstd works", default=9, least=1, most=19),
        "share": WholeNumber(
            meaning="How many successive documents of an event refer to one of them; 1: none does",
            default=32,
            least=1,
            most=1_000,
        ),
        "dictionary_kb": WholeNumber(
            meaning="Size of each platform's dictionary in kB", default=256, least=16, most=1_024
        ),
    },
)
