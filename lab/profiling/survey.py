"""Takes a profile: sizes first, then table by table, with a reason for everything that cannot be read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime

from lab.errors import DatabaseError, LabError, ServerError
from lab.profiling import assembly
from lab.profiling.assembly import SurveyedTable
from lab.profiling.catalog import absent, dependants, indexes
from lab.profiling.catalog.session import ReadOnlySession, open_session
from lab.profiling.catalog.tables import Table, read_tables, unreadable
from lab.profiling.sample import blocks, codecs, columns, documents
from lab.profiling.sample.codecs import Batch, CodecComparison
from lab.profiling.sample.columns import TableSample
from lab.profiling.time import ages, growth, paths, repeats
from lab.profiling.time.ages import Ages
from lab.units import bytes_text
from lab.values import Dependant, Profile, TableProfile
from lab.values.events import Message, Progress

FORMAT = 2
# 1  A foreign key names its table only within its own name.
# 2  A foreign key has a field for its table.
_WORTH = 0.01
"""Share of the database from which it is worth recompressing a column with other codecs."""

_FACTS = """
SELECT current_database()::text, current_setting('server_version'), current_setting('server_version_num')::int >= 170000,
       pg_is_in_recovery(), pg_database_size(current_database()), now(),
       (SELECT stats_reset FROM pg_stat_database WHERE datname = current_database())
"""
_USEFUL = ("pg_partman", "pg_repack", "timescaledb")
"""Extensions that a strategy or its housekeeping can use."""
_OFFERED = "SELECT name::text, default_version FROM pg_available_extensions WHERE name = ANY (%s) ORDER BY name"
_WAL = "SELECT CASE WHEN has_function_privilege('pg_ls_waldir()', 'EXECUTE') THEN 'yes' ELSE 'no' END"


def profile(
    dsn: str,
    *,
    target_bytes: int | None = None,
    now: datetime | None = None,
    exact: bool = False,
    progress: Progress,
) -> Profile:
    """The profile of the database behind `dsn`. Writes nothing there, and reads at most 16 MB of each table's heap.

    Ages are counted from `now`, by default the server's clock. `exact` reads every block instead.
    Errors: `InputError` for an unusable `dsn`, `ServerError` where the connection fails or is lost.
    """
    with open_session(dsn) as source:
        return _Survey(source, now, exact=exact, progress=progress).profile(target_bytes)


class _Survey:
    """Collects one profile; every gap becomes a sentence in `missing`."""

    def __init__(self, source: ReadOnlySession, now: datetime | None, *, exact: bool, progress: Progress) -> None:
        self._source = source
        self._progress = progress
        self._missing: list[str] = []
        facts = source.fetch(_FACTS)[0]
        self._name, self._server, self._tells_toast, self._standby, self._bytes, clock, self._reset = facts
        self._now = now or clock
        self._budget = blocks.EVERYTHING if exact else None

    def profile(self, target_bytes: int | None) -> Profile:
        """The whole profile."""
        surveyed_tables = self._tables()
        keys = paths.keys(self._source, [surveyed.table for surveyed in surveyed_tables])
        worth = any(self._is_worth(surveyed.table.toast_heap) for surveyed in surveyed_tables)
        with codecs.compare_codecs(worth=worth) as comparison:
            surveyed_tables = [self._sampled(surveyed) for surveyed in surveyed_tables]
            surveyed_tables = [self._read_documents(surveyed) for surveyed in surveyed_tables]
            comparison.submit(dict(self._batches(surveyed_tables)))
            ways = paths.find(
                [surveyed.table for surveyed in surveyed_tables], keys, filled=dict(_filled(surveyed_tables))
            )
            surveyed_tables = [
                self._aged(replace(surveyed, path=ways.get(surveyed.table.oid))) for surveyed in surveyed_tables
            ]
            series = list(repeats.read(self._source, surveyed_tables, keys, self._attempt))
            surveyed_tables = self._recompressed(surveyed_tables, comparison)
        tables = tuple(assembly.table(surveyed, self._now) for surveyed in surveyed_tables)
        hanging = self._dependants(surveyed_tables)
        pace = growth.per_day([table.growth for table in tables])
        return Profile(
            format=FORMAT,
            name=self._name,
            taken=datetime.now(UTC).isoformat(timespec="seconds"),
            now=self._now.isoformat(),
            source="measured",
            server=self._server,
            standby=self._standby,
            database_bytes=self._bytes,
            wal_bytes=self._wal(),
            index_use_since=self._reset.isoformat() if self._reset else None,
            tables=tables,
            series=tuple(series),
            bytes_per_day=pace,
            forecast=growth.forecast(self._bytes, pace, target_bytes, self._now, gaps=self._gaps(tables)),
            dependants=hanging,
            extensions=self._extensions(),
            missing=(*self._missing, *assembly.idle(tables, self._now)),
        )

    def _dependants(self, surveyed_tables: Sequence[SurveyedTable]) -> tuple[Dependant, ...] | None:
        """Everything in the catalog that depends on the tables."""
        with self._attempt("Views, grants and what else depends on the tables"):
            return dependants.read(self._source, [surveyed.table for surveyed in surveyed_tables])
        return None

    def _extensions(self) -> dict[str, str] | None:
        """The extensions of `_USEFUL` that the server offers, with their versions."""
        with self._attempt("Extensions that the server offers"):
            return dict(self._source.fetch(_OFFERED, (list(_USEFUL),)))
        return None

    def _gaps(self, tables: Sequence[TableProfile]) -> list[str]:
        """Everything whose growth is unknown, in words."""
        unknown = growth.unknown_bytes(tables)
        measured = [f"{bytes_text(unknown)} of tables"] if unknown else []
        return [*measured, *(["the tables that were not measured"] if self._absent else [])]

    def _tables(self) -> list[SurveyedTable]:
        """Sizes and structure of every table."""
        self._progress(Message(text="sizes of all tables"))
        locked = absent.locked(self._source)
        unlogged = absent.unlogged(self._source) if self._standby else []
        for reason, relations in (("locked by somebody", locked), ("unlogged and empty on a replica", unlogged)):
            if relations:
                self._say(f"Not measured, because {reason}: {', '.join(relation.label for relation in relations)}.")
        self._absent = [*locked, *unlogged]
        tables = read_tables(self._source, without=self._absent, standby=self._standby)
        self._missing += unreadable(tables)
        if self._standby:
            self._say("Dead rows: not known, because a replica does not count them. Index use is that of the replica.")
        of_table = indexes.read(self._source, tables)
        return [
            SurveyedTable(table=table, indexes=of_table.get(table.oid, ()), budget=self._budget) for table in tables
        ]

    def _sampled(self, surveyed: SurveyedTable) -> SurveyedTable:
        """The table with its rows and columns, estimated from a sample."""
        if not surveyed.table.parts or not surveyed.table.readable:
            return surveyed
        self._progress(Message(text=f"{surveyed.table.label}: columns"))
        with self._attempt(f"{surveyed.table.label}: columns and rows"):
            reading = columns.read(self._source, surveyed.table, surveyed.strata, tells_toast=self._tells_toast)
            self._missing += _doubts(surveyed.table, reading)
            return replace(surveyed, reading=reading) if reading.rows or reading.exact else surveyed
        return surveyed

    def _aged(self, surveyed: SurveyedTable) -> SurveyedTable:
        """The table with the ages of its rows."""
        if surveyed.reading is None:
            return surveyed
        if surveyed.path is None:
            self._say(
                f"{surveyed.table.label}: growth and ages are not known. It has no time column, and no foreign key leads"
                " to a table that has one."
            )
            return surveyed
        self._progress(Message(text=f"{surveyed.table.label}: ages"))
        with self._attempt(f"{surveyed.table.label}: ages"):
            return self._checked(
                surveyed,
                ages.read(self._source, surveyed.strata, surveyed.path, self._now, tells_toast=self._tells_toast),
            )
        return surveyed

    def _checked(self, surveyed: SurveyedTable, ages_read: Ages) -> SurveyedTable:
        if ages_read.trusted:
            return replace(surveyed, ages=ages_read)
        path = surveyed.path.value() if surveyed.path else None
        self._say(
            f"{surveyed.table.label}: ages are not known. A column's name suggests {path and path.through[0]}, but most"
            " of its keys do not exist there."
        )
        return replace(surveyed, path=None)

    def _read_documents(self, surveyed: SurveyedTable) -> SurveyedTable:
        """The table with sampled documents of its JSON columns and of its other large columns."""
        read = {}
        for sums in surveyed.reading.columns if surveyed.reading else ():
            column, rows = sums.column, [stratum for stratum in surveyed.strata if not stratum.compressed]
            if sums.values and rows and (column.json or self._is_worth(sums.stored)) and documents.has_text(column):
                with self._attempt(f"{surveyed.table.label}.{column.name}: raw bytes"):
                    read[column.name] = documents.read(self._source, rows[0], sums)
        return replace(surveyed, documents=read)

    def _is_worth(self, stored: float) -> bool:
        return bool(stored >= _WORTH * self._bytes)

    def _batches(self, surveyed_tables: Sequence[SurveyedTable]) -> Iterator[tuple[str, Batch]]:
        for surveyed in surveyed_tables:
            for sums in surveyed.reading.columns if surveyed.reading else ():
                sample = surveyed.documents.get(sums.column.name, ())
                if sample and sums.may_compress and self._is_worth(sums.stored):
                    yield (
                        f"{surveyed.table.label}.{sums.column.name}",
                        Batch(type=sums.column.base, documents=codecs.some(sample)),
                    )

    def _recompressed(self, surveyed_tables: list[SurveyedTable], comparison: CodecComparison) -> list[SurveyedTable]:
        """The tables with the sizes of their sampled documents when recompressed."""
        self._progress(Message(text="codecs, on a throwaway server"))
        try:
            ratios = comparison.result()
        except LabError as error:
            self._say(f"Codecs were not compared: {error}")
            return surveyed_tables
        return [replace(surveyed, restored=ratios) for surveyed in surveyed_tables]

    def _wal(self) -> int | None:
        if self._source.value(_WAL) == "no":
            self._say("Bytes of WAL: not known, because this role may not list WAL files. Grant it pg_monitor.")
            return None
        with self._attempt("Bytes of WAL"):
            return int(self._source.value("SELECT coalesce(sum(size), 0)::bigint FROM pg_ls_waldir()"))
        return None

    def _say(self, sentence: str) -> None:
        self._missing.append(sentence)

    @contextmanager
    def _attempt(self, what: str) -> Iterator[None]:
        """Note a refusal or a time-out of the server and go on; a lost connection ends the profile."""
        try:
            yield
        except (DatabaseError, ServerError) as error:
            if self._source.closed:
                raise
            self._say(f"{what}: not read. {error.message}")


def _doubts(table: Table, reading: TableSample) -> Iterator[str]:
    """Sentences about figures that a sample cannot give."""
    if not reading.rows and not reading.exact:
        yield (
            f"{table.label}: the {reading.sampled:,} sampled blocks of {reading.blocks:,} hold no row."
            " The table has few rows, but their number is not known. `--exact` reads every block."
        )
    for name in sorted(columns.late(table)) if reading.rows else ():
        yield f"{table.label}.{name}: its bytes are an upper bound, because older rows do not store the column's default."


def _filled(surveyed_tables: Sequence[SurveyedTable]) -> Iterator[tuple[tuple[int, str], float]]:
    """By table and column, the share of rows with a value; for a columnstore, 1 if any row has a value, else 0."""
    for surveyed in surveyed_tables:
        columnar = any(stratum.compressed for stratum in surveyed.strata)
        rows = surveyed.reading.rows if surveyed.reading else 0.0
        for sums in surveyed.reading.columns if surveyed.reading and rows else ():
            yield (surveyed.table.oid, sums.column.name), float(sums.values > 0) if columnar else sums.values / rows
