"""How a client writes documents into Parquet files, and reads them again with DuckDB.

A file holds documents of one day, those of one subject beside each other: they repeat much of what the one before says, and
zstd sees it within a group of rows. A group that holds none of the wanted subjects and ids is not read.

A file is complete on the disk before a row of the database names it. Its name is the day and how many files of that day the
database knows: where writing is interrupted, the next attempt writes the same file anew.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import file_digest, sha256
from itertools import groupby, islice
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING

from lab.scenario import Client, Convert, LabError, Lookup, Row
from scenarios._packed_payloads import SIDES

if TYPE_CHECKING:
    import duckdb

FILES = "payload_files"
COLUMNS = ("file", "source", "day", "documents", "bytes", "sha256")
TABLE = (
    f"CREATE TABLE IF NOT EXISTS {FILES} (file text PRIMARY KEY, source text NOT NULL, day date NOT NULL,"
    " documents bigint NOT NULL, bytes bigint NOT NULL, sha256 bytea NOT NULL, done boolean NOT NULL DEFAULT false)"
)
"""What files there are. One is done when all its documents have left the database."""
_READ = 64
"""Documents that are read at once: they may be long."""


def day(table: str) -> str:
    """The day of a row `t` in UTC, as SQL."""
    return "(t.captured_at AT TIME ZONE 'UTC')::date" if table == "odds_snapshots" else "t.captured_at::date"


def documents(table: str, old: str) -> str:
    """The query for (day, subject, id, document) of the rows `t` that are `old`, in that order.

    Days that have a file which is not done are left out: it holds all of them. What is sorted is without the documents: each
    is read when its turn comes.
    """
    return (
        f"SELECT n.day, n.owner, n.id, (SELECT t.raw_response::text FROM {table} t WHERE t.id = n.id)"
        f" FROM (SELECT t.id, {day(table)} AS day, t.{SIDES[table].owner} AS owner FROM {table} t"
        f" WHERE {old} AND t.raw_response IS NOT NULL AND {day(table)} NOT IN"
        f" (SELECT f.day FROM {FILES} f WHERE f.source = '{table}' AND NOT f.done) ORDER BY day, owner, t.id OFFSET 0) n"
    )


@dataclass(frozen=True, kw_only=True)
class Filing:
    """How the documents of one table are written."""

    table: str
    level: int
    """How hard zstd works."""
    group: int
    """Documents that are compressed together, and so are read together."""

    def convert(self, client: Client) -> Convert:
        """From the rows of `documents` to the rows of the files that hold them, without `done`."""
        counted = f"SELECT day, count(*) FROM {FILES} WHERE source = %s GROUP BY day"
        known: Counter[date] = Counter(dict(client.fetch(counted, (self.table,))))

        def convert(rows: Iterable[Row]) -> Iterator[Row]:
            for of_day, documents in groupby(rows, itemgetter(0)):
                name = f"{self.table}/{of_day}-{known[of_day] + 1}.parquet"
                file = client.outside / name
                count = self._write(file, documents)
                with file.open("rb") as written:
                    digest = file_digest(written, "sha256").digest()
                yield name, self.table, of_day, count, file.stat().st_size, digest

        return convert

    def _write(self, file: Path, documents: Iterator[Row]) -> int:
        """Write a file so that it is complete where it has its name; returns the number of its documents."""
        import pyarrow as pa  # noqa: PLC0415 - see `load_libraries`
        from pyarrow import parquet  # noqa: PLC0415

        schema = pa.schema([("owner", pa.int64()), ("id", pa.int64()), ("document", pa.string())])
        file.parent.mkdir(exist_ok=True)
        part, count = file.with_suffix(".part"), 0
        with part.open("wb") as sink:
            with parquet.ParquetWriter(
                sink,
                schema,
                compression="zstd",
                compression_level=self.level,
                use_dictionary=False,
                write_statistics=["owner", "id"],
                data_page_size=1 << 30,  # one page for each group: zstd sees no further than its page
            ) as writer:
                while group := list(islice(documents, self.group)):
                    columns = [[row[place] for row in group] for place in (1, 2, 3)]
                    writer.write_table(pa.table(columns, schema=schema))
                    count += len(group)
            sink.flush()
            os.fsync(sink.fileno())
        part.replace(file)
        _sync(file.parent)
        return count


def _sync(folder: Path) -> None:
    """Let the names of its files survive a crash of the machine."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def unread(table: str, into: str, which: str = "true") -> str:
    """The query for (file, documents that are known) of the files whose documents are not all in `into` yet.

    `into` has a column `file`. `which` is a condition on a file `f`.
    """
    return (
        f"SELECT f.file, coalesce(d.known, 0) FROM {FILES} f"
        f" LEFT JOIN (SELECT file, count(*) AS known FROM {into} GROUP BY file) d ON d.file = f.file"
        f" WHERE f.source = '{table}' AND {which} AND f.documents > coalesce(d.known, 0) ORDER BY f.file"
    )


def reading(client: Client) -> Convert:
    """From rows of (file, documents that are known) to rows of (id, document, file), in the order of the file."""
    connection = _connection()

    def convert(rows: Iterable[Row]) -> Iterator[Row]:
        for name, known in rows:
            unknown = "FROM read_parquet(?, file_row_number = true) WHERE file_row_number >= ? ORDER BY file_row_number"
            documents = connection.execute(f"SELECT id, document {unknown}", [_path(client, name), known])
            while batch := documents.fetchmany(_READ):
                yield from ((*row, name) for row in batch)

    return convert


def hashing(client: Client) -> Convert:
    """From rows of (file, documents that are known) to rows of (id, SHA-256 of the document, file)."""
    read = reading(client)
    return lambda rows: ((number, sha256(document.encode()).digest(), file) for number, document, file in read(rows))


def looking_up(table: str, client: Client) -> Lookup:
    """Finds the documents of snapshots: the database says in which files they are, and of which subjects."""
    connection = _connection()
    where = (
        f"SELECT t.id, t.{SIDES[table].owner}, f.file FROM {table} t JOIN {FILES} f ON f.day = {day(table)}"
        " WHERE t.id = ANY(%s) AND f.source = %s"
    )

    def look_up(keys: Sequence[int]) -> Mapping[int, str]:
        places = client.fetch(where, (list(keys), table))
        by_key: dict[int, str] = {}
        for name, of_file in groupby(sorted(places, key=itemgetter(2)), itemgetter(2)):
            ids, owners, _ = zip(*of_file, strict=True)
            by_key.update(_chosen(connection, _path(client, name), set(ids), set(owners)))
        return by_key

    return look_up


def _chosen(connection: duckdb.DuckDBPyConnection, file: str, ids: set[int], owners: set[int]) -> list[Row]:
    """(id, document) of these ids of a file; what follows WHERE tells which groups of rows need not be read."""
    wanted = (f"{column} IN ({', '.join(map(str, values))})" for column, values in (("owner", owners), ("id", ids)))
    return connection.execute(
        f"SELECT id, document FROM read_parquet(?) WHERE {' AND '.join(wanted)}", [file]
    ).fetchall()


def _path(client: Client, name: str) -> str:
    """Where a file is. Errors: `LabError` where it is missing."""
    path = client.outside / name
    if not path.is_file():
        raise LabError(f"The file {name} of {FILES} is missing.", hint="Restore it from a backup of the files.")
    return str(path)


def load_libraries() -> None:
    """Load what writes and what reads Parquet files: that takes longer than most commands, and is no part of any work."""
    import duckdb  # noqa: F401, PLC0415
    from pyarrow import parquet  # noqa: F401, PLC0415


def _connection() -> duckdb.DuckDBPyConnection:
    """One that keeps nothing, loads nothing from elsewhere, and leaves the other core to the server."""
    import duckdb  # noqa: PLC0415 - see `load_libraries`

    return duckdb.connect(
        config={"threads": 1, "autoinstall_known_extensions": False, "autoload_known_extensions": False}
    )
