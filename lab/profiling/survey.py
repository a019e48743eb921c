"""One profile from beginning to end: sizes first, then table by table, and a reason for whatever cannot be seen."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime

from lab.errors import DatabaseError, LabError, ServerError
from lab.profiling import assembly
from lab.profiling.assembly import SurveyedTable
from lab.profiling.catalog import absent, dependants, indexes
from lab.profiling.catalog.session import Source, open_source
from lab.profiling.catalog.tables import Table, read_tables, unreadable
from lab.profiling.sample import blocks, codecs, columns, documents
from lab.profiling.sample.codecs import Batch, CodecComparison
from lab.profiling.sample.columns import TableSample
from lab.profiling.time import ages, growth, paths, repeats
from lab.profiling.time.ages import Ages
from lab.units import bytes_text
from lab.values import Dependant, Profile, TableProfile

FORMAT = 1
TARGET = 10 << 30
_WORTH = 0.01
"""Share of the database from which on a column is worth storing anew with other codecs."""

Progress = Callable[[str], None]

_FACTS = """
SELECT current_database()::text, current_setting('server_version'), current_setting('server_version_num')::int >= 170000,
       pg_is_in_recovery(), pg_database_size(current_database()), now(),
       (SELECT stats_reset FROM pg_stat_database WHERE datname = current_database())
"""
_WAL = "SELECT CASE WHEN has_function_privilege('pg_ls_waldir()', 'EXECUTE') THEN 'yes' ELSE 'no' END"


def profile(
    dsn: str, *, target_bytes: int = TARGET, now: datetime | None = None, exact: bool = False, progress: Progress
) -> Profile:
    """What the database behind `dsn` weighs; nothing is written there, and at most 16 MB of a table's heap is read.

    `now` is where ages are counted from, the server's clock by default. `exact` reads every block instead.
    Errors: `InputError` for an unusable `dsn`, `ServerError` where the connection cannot be made or is lost.
    """
    with open_source(dsn) as source:
        return _Survey(source, now, exact=exact, progress=progress).profile(target_bytes)


class _Survey:
    """What one profile has found so far; every gap is a sentence in `missing`."""

    def __init__(self, source: Source, now: datetime | None, *, exact: bool, progress: Progress) -> None:
        self._source = source
        self._progress = progress
        self._missing: list[str] = []
        facts = source.fetch(_FACTS)[0]
        self._name, self._server, self._tells_toast, self._standby, self._bytes, clock, self._reset = facts
        self._now = now or clock
        self._budget = blocks.EVERYTHING if exact else None

    def profile(self, target_bytes: int) -> Profile:
        """The whole profile."""
        found = self._tables()
        keys = paths.keys(self._source, [surveyed.table for surveyed in found])
        worth = any(self._is_worth(surveyed.table.toast_heap) for surveyed in found)
        with codecs.compare_codecs(worth=worth) as comparison:
            found = [self._sampled(surveyed) for surveyed in found]
            found = [self._read_documents(surveyed) for surveyed in found]
            comparison.submit(dict(self._batches(found)))
            ways = paths.find([surveyed.table for surveyed in found], keys, filled=dict(_filled(found)))
            found = [self._aged(replace(surveyed, path=ways.get(surveyed.table.oid))) for surveyed in found]
            series = list(repeats.read(self._source, found, keys, self._attempt))
            found = self._recompressed(found, comparison)
        tables = tuple(assembly.table(surveyed, self._now) for surveyed in found)
        hanging = self._dependants(found)
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
            missing=(*self._missing, *assembly.idle(tables, self._now)),
        )

    def _dependants(self, found: Sequence[SurveyedTable]) -> tuple[Dependant, ...] | None:
        """What hangs on the tables."""
        with self._attempt("Views, grants and what else depends on the tables"):
            return dependants.read(self._source, [surveyed.table for surveyed in found])
        return None

    def _gaps(self, tables: Sequence[TableProfile]) -> list[str]:
        """What no growth is known of."""
        unknown = growth.unknown_bytes(tables)
        weighed = [f"{bytes_text(unknown)} of tables"] if unknown else []
        return [*weighed, *(["what was not even weighed"] if self._absent else [])]

    def _tables(self) -> list[SurveyedTable]:
        """Sizes and structure of every table."""
        self._progress("sizes of all tables")
        locked = absent.locked(self._source)
        unlogged = absent.unlogged(self._source) if self._standby else []
        for words, some in (("Locked by somebody", locked), ("Unlogged, which a replica does not have", unlogged)):
            if some:
                self._say(f"{words}, so not even weighed: {', '.join(relation.label for relation in some)}.")
        self._absent = [*locked, *unlogged]
        tables = read_tables(self._source, without=self._absent, standby=self._standby)
        self._missing += unreadable(tables)
        if self._standby:
            self._say("Dead rows: a replica does not count them. Index use is the replica's own.")
        of_table = indexes.read(self._source, tables)
        return [
            SurveyedTable(table=table, indexes=of_table.get(table.oid, ()), budget=self._budget) for table in tables
        ]

    def _sampled(self, surveyed: SurveyedTable) -> SurveyedTable:
        """Rows and columns."""
        if not surveyed.table.parts or not surveyed.table.readable:
            return surveyed
        self._progress(f"{surveyed.table.label}: columns")
        with self._attempt(f"{surveyed.table.label}: columns and rows"):
            reading = columns.read(self._source, surveyed.table, surveyed.strata, tells_toast=self._tells_toast)
            self._missing += _doubts(surveyed.table, reading)
            return replace(surveyed, reading=reading) if reading.rows or reading.exact else surveyed
        return surveyed

    def _aged(self, surveyed: SurveyedTable) -> SurveyedTable:
        """How old the rows are."""
        if surveyed.reading is None:
            return surveyed
        if surveyed.path is None:
            self._say(
                f"{surveyed.table.label}: no time column, and it points to no table that has one: no growth, no ages."
            )
            return surveyed
        self._progress(f"{surveyed.table.label}: ages")
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
            f"{surveyed.table.label}: its name says {path and path.through[0]}, but the keys are not there: no ages."
        )
        return replace(surveyed, path=None)

    def _read_documents(self, surveyed: SurveyedTable) -> SurveyedTable:
        """Documents of JSON columns, and of any column that is worth it."""
        read = {}
        for sums in surveyed.reading.columns if surveyed.reading else ():
            column, rows = sums.column, [stratum for stratum in surveyed.strata if not stratum.compressed]
            if sums.values and rows and (column.json or self._is_worth(sums.stored)) and documents.has_text(column):
                with self._attempt(f"{surveyed.table.label}.{column.name}: raw bytes"):
                    read[column.name] = documents.read(self._source, rows[0], sums)
        return replace(surveyed, documents=read)

    def _is_worth(self, stored: float) -> bool:
        return bool(stored >= _WORTH * self._bytes)

    def _batches(self, found: Sequence[SurveyedTable]) -> Iterator[tuple[str, Batch]]:
        for surveyed in found:
            for sums in surveyed.reading.columns if surveyed.reading else ():
                sample = surveyed.documents.get(sums.column.name, ())
                if sample and sums.may_compress and self._is_worth(sums.stored):
                    yield (
                        f"{surveyed.table.label}.{sums.column.name}",
                        Batch(type=sums.column.base, documents=codecs.some(sample)),
                    )

    def _recompressed(self, found: list[SurveyedTable], comparison: CodecComparison) -> list[SurveyedTable]:
        """What the sampled documents take when they are recompressed."""
        self._progress("codecs, on a throwaway server")
        try:
            ratios = comparison.result()
        except LabError as error:
            self._say(f"Codecs were not compared: {error}")
            return found
        return [replace(surveyed, restored=ratios) for surveyed in found]

    def _wal(self) -> int | None:
        if self._source.value(_WAL) == "no":
            self._say("Bytes of WAL: this role may not list them; grant it pg_monitor.")
            return None
        with self._attempt("Bytes of WAL"):
            return int(self._source.value("SELECT coalesce(sum(size), 0)::bigint FROM pg_ls_waldir()"))
        return None

    def _say(self, sentence: str) -> None:
        self._missing.append(sentence)

    @contextmanager
    def _attempt(self, what: str) -> Iterator[None]:
        """Go on where the server refuses or takes too long, and say so; a lost connection ends the profile."""
        try:
            yield
        except (DatabaseError, ServerError) as error:
            if self._source.closed:
                raise
            self._say(f"{what}: not seen. {error.message}")


def _doubts(table: Table, reading: TableSample) -> Iterator[str]:
    """What the figures of a sample do not say."""
    if not reading.rows and not reading.exact:
        yield (
            f"{table.label}: no row in the {reading.sampled:,} blocks that were read, of {reading.blocks:,}:"
            " there are few, but how many is not known. `--exact` reads every block."
        )
    for name in sorted(columns.late(table)) if reading.rows else ():
        yield f"{table.label}.{name}: added with a default that older rows do not store: its bytes are at most these."


def _filled(found: Sequence[SurveyedTable]) -> Iterator[tuple[tuple[int, str], float]]:
    """By table and column, the share of the rows that have a value; a batch of the columnstore tells only whether any has."""
    for surveyed in found:
        columnar, rows = (
            any(stratum.compressed for stratum in surveyed.strata),
            surveyed.reading.rows if surveyed.reading else 0.0,
        )
        for sums in surveyed.reading.columns if surveyed.reading and rows else ():
            yield (surveyed.table.oid, sums.column.name), float(sums.values > 0) if columnar else sums.values / rows
