"""Keep `raw_response` of the newest days in the database, and move all older ones into Parquet files.

A payload is looked at to debug a scrape, and that is soon after it. The older ones are most of the database, and hardly
anybody asks for them; but they are all there is to parse again. So they move to cheaper storage: a file for each day, packed by
zstd with what an event's documents have in common, and read with DuckDB or any other reader of Parquet.

Nothing is lost, but the database alone no longer has it. A client moves the documents: it writes a file, has the disk confirm
it, reads it again, and compares every document by its SHA-256 with the database. Only then does the column become NULL. A table
lists the files. Every attempt begins with what the last one left, so each document moves once, wherever it was interrupted.

The same work, once a day, moves what has become older. The way back reads the files and fills the column.
"""

from collections.abc import Callable
from datetime import datetime
from functools import partial

from lab.scenario import (
    Archive,
    Category,
    ClientStep,
    Database,
    Family,
    Requirement,
    Scenario,
    Shape,
    WholeNumber,
    days_ago,
    days_before,
    unused_names,
)
from scenarios._packed_payloads import SIDES
from scenarios._payload_ages import COLUMNS, TABLES, empty, holds, in_batches, may_be_null, older, require_old
from scenarios._payload_files import COLUMNS as FILE_COLUMNS
from scenarios._payload_files import (
    FILES,
    TABLE,
    Filing,
    documents,
    hashing,
    load_libraries,
    looking_up,
    reading,
    unread,
)

CUTOFF = "payload_archive_cutoff"
OLD = f"(SELECT at FROM {CUTOFF})"


def undone(table: str) -> str:
    """The query for the files whose documents may still be in the database, too."""
    return f"SELECT file FROM {FILES} WHERE source = '{table}' AND NOT done"


def writing_step(filing: Filing) -> ClientStep:
    """A client writes the old documents of a table into files: a row for each that is complete."""
    return ClientStep(
        name=f"write the old documents of {filing.table} into files",
        read=documents(filing.table, older(filing.table, OLD)),
        convert=filing.convert,
        into=FILES,
        columns=FILE_COLUMNS,
        key=f"file-{filing.table}",
        files=True,
    )


def hashing_step(table: str) -> ClientStep:
    """A client reads again what was written, and hashes it for the proof."""
    return ClientStep(
        name=f"read the files of {table} and hash their documents",
        read=unread(table, f"{table}_filed", "NOT f.done"),
        convert=hashing,
        into=f"{table}_filed",
        columns=("id", "hash", "file"),
        key=f"hash-files-of-{table}",
        files=True,
    )


def write(db: Database, filing: Filing) -> None:
    """Write the old documents of a table into files."""
    with db.step(f"{filing.table}: write the old documents into files"):
        db.convert(writing_step(filing))


def finish(db: Database, table: str) -> None:
    """Read again what was written, and empty the column where the files give back every document."""
    filed = f"{table}_filed"
    with db.step(f"{table}: read the files again"):
        db.execute(f"DROP TABLE IF EXISTS {filed}")
        db.execute(f"CREATE TABLE {filed} (id bigint PRIMARY KEY, hash bytea NOT NULL, file text NOT NULL)")
        db.convert(hashing_step(table))
        db.execute(f"ANALYZE {filed}")
    with db.step(f"{table}: empty what is in the files", final=True):
        same = f"(SELECT hash FROM {filed} f WHERE f.id = t.id) = sha256(convert_to(t.raw_response::text, 'UTF8'))"
        of_files = f"EXISTS (SELECT FROM {filed} f WHERE f.id = t.id)"
        db.prove(
            f"the files give back every document of {table} that they are about",
            f"SELECT count(*) FROM {table} t WHERE {of_files} AND t.raw_response IS NOT NULL AND ({same}) IS NOT TRUE",
        )
        empty(db, table, of_files, same)
        db.prove(
            f"no document of {table} that is in a file is in the database",
            f"SELECT count(*) FROM {table} t WHERE {of_files} AND t.raw_response IS NOT NULL",
        )
        db.execute(f"UPDATE {FILES} SET done = true WHERE source = '{table}'")
        db.execute(f"DROP TABLE {filed}")


def move(db: Database, days: int, level: int, group: int) -> None:
    """Move what is older than that: once, and again whenever more has become so old."""
    with db.step("fix the cut-off"):
        db.execute(TABLE)
        db.execute(f"DROP TABLE IF EXISTS {CUTOFF}")
        db.execute(f"CREATE TABLE {CUTOFF} AS SELECT {days_ago(db, days)} AS at")
    for table in TABLES:
        if db.fetch(undone(table)):  # what another attempt left
            finish(db, table)
        if holds(db, table, OLD):
            write(db, Filing(table=table, level=level, group=group))
            finish(db, table)
    with db.step("drop the cut-off", final=True):
        db.execute(f"DROP TABLE {CUTOFF}")


def apply(db: Database, days: int, level: int, group: int) -> None:
    """Move what is old, and return its space to the disk."""
    require_old(db, days, "archive")
    load_libraries()
    move(db, days, level, group)
    with db.step("VACUUM FULL", final=True):
        for table in TABLES:
            db.execute(f"VACUUM FULL {table}")
    files, count, size = db.fetch(f"SELECT count(*), sum(documents), sum(bytes) FROM {FILES}")[0]
    db.note(f"{count:,} documents lie in {files:,} files of {size:,} bytes")


def restore(db: Database) -> None:
    """The way back: read every file, and fill the column again. The files stay until somebody deletes them.

    Done again, it goes on with the table where it stopped.
    """
    if db.value(f"SELECT to_regclass('{FILES}') IS NULL"):
        return
    for table, side in SIDES.items():
        read = f"{table}_filed"
        with db.step(f"{table}: read every file"):
            db.execute(
                f"CREATE TABLE IF NOT EXISTS {read} (id bigint PRIMARY KEY, document text NOT NULL, file text NOT NULL)"
            )
            db.convert(
                ClientStep(
                    name=f"read the files of {table}",
                    read=unread(table, read),
                    convert=reading,
                    into=read,
                    columns=("id", "document", "file"),
                    files=True,
                )
            )
            db.prove(
                f"every document of {table} was read",
                f"SELECT abs((SELECT count(*) FROM {read})"
                f" - (SELECT coalesce(sum(documents), 0) FROM {FILES} WHERE source = '{table}'))",
            )
        with db.step(f"{table}: fill the column again"):
            fill(db, table, side.kind, read)
            db.prove(
                f"every document of {table} is as it was",
                f"SELECT count(*) FROM {table} t JOIN {read} r ON r.id = t.id"
                " WHERE t.raw_response::text IS DISTINCT FROM r.document",
            )
        with db.step(f"{table}: drop what was read", final=True):
            db.execute(f"DROP TABLE {read}")
    with db.step("drop the list of files", final=True):
        db.execute(f"DROP TABLE {FILES}")


def fill(db: Database, table: str, kind: str, read: str) -> None:
    """Fill the column with the documents that were read, in the order of the ids; each batch is committed before the next."""
    change = (
        f"UPDATE {table} t SET raw_response = r.document::{kind} FROM {read} r"
        " WHERE r.id = ANY (batch) AND t.id = r.id AND t.raw_response IS NULL"
    )
    in_batches(db, read, "true", change)


def moved(table: str, days: int) -> Callable[[datetime], str]:
    """Which rows `t` have their document in a file."""
    return lambda now: older(table, days_before(now, days))


def archived(days: int, level: int, group: int) -> Scenario:
    """The scenario that keeps the payloads of `days` days in the database."""
    return Scenario(
        title=f"raw_response older than {days} days in Parquet files",
        category=Category.ARCHIVE,
        hypothesis="Old payloads are most of the database, and hardly anybody reads them: files are a cheaper place.",
        apply=lambda db: apply(db, days, level, group),
        what=f"Move raw_response older than {days} days into Parquet files",
        changes=dict.fromkeys(TABLES, Shape.TABLE),
        needs_columns=COLUMNS,
        requires=(
            Requirement(
                name="every id of odds_snapshots belongs to one snapshot",
                sql="SELECT count(*) FROM (SELECT id FROM odds_snapshots GROUP BY id HAVING count(*) > 1) twice",
            ),
            *may_be_null(),
            unused_names(FILES, CUTOFF, *(f"{table}_filed" for table in TABLES)),
        ),
        costs=(
            "SQL no longer finds an old payload: a client looks it up in the files, with DuckDB or another reader of Parquet.",
            "A client must move what has become old, once a day. Until it does, that stays in the database.",
            "A document stays in its file when its snapshot is deleted. A file can go when all its snapshots are gone.",
            "VACUUM FULL holds ACCESS EXCLUSIVE and needs disk space for a second copy of the rows and of the payloads that stay.",
            "The saving of VACUUM FULL happens once: from then on VACUUM makes the space of what was moved reusable.",
        ),
        client=tuple(
            step
            for table in TABLES
            for step in (writing_step(Filing(table=table, level=level, group=group)), hashing_step(table))
        ),
        undo=restore,
        again=lambda db: move(db, days, level, group),
        grows_with_scale=(FILES,),  # a row per source and day
        archives={
            f"{table}.raw_response": Archive(key="id", moved=moved(table, days), open=partial(looking_up, table))
            for table in TABLES
        },
        archives_after_days=days,
    )


FAMILY = Family(
    make=archived,
    parameters={
        "days": WholeNumber(
            meaning="How many days of raw_response stay in the database", default=7, least=1, most=3650
        ),
        "level": WholeNumber(meaning="How hard zstd works", default=9, least=1, most=19),
        "group": WholeNumber(
            meaning="How many documents are packed together, and read together", default=64, least=1, most=10_000
        ),
    },
)
