"""Databases that are seldom so, and are profiled all the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest

from lab import profiling
from lab.postgres import relations
from lab.postgres.conninfo import address
from lab.postgres.database import Database, Row
from lab.profiling.catalog import absent, indexes
from lab.profiling.catalog.session import ReadOnlySession
from lab.profiling.catalog.tables import read_tables, unreadable
from lab.profiling.time import paths
from lab.values import Profile, TableProfile

NOW = datetime(2026, 2, 2, tzinfo=UTC)
NewDatabase = Callable[..., str]


def profiled(dsn: str) -> Profile:
    return profiling.profile(dsn, now=NOW, progress=lambda _: None)


def table(profile: Profile, name: str) -> TableProfile:
    table = profile.of(name)
    assert table is not None
    return table


@pytest.mark.parametrize("odd", ["0001-01-01", "0044-03-15 BC", "9999-12-31", "20000-01-01", "-infinity"])
def test_a_moment_that_cannot_be_meant_is_no_age(new_database: NewDatabase, odd: str) -> None:
    dsn = new_database(
        "CREATE TABLE t (at timestamptz NOT NULL)", f"INSERT INTO t VALUES ('{odd}'), ('2026-02-01 12:00+00')"
    )
    profiled_table = table(profiled(dsn), "t")
    assert (profiled_table.rows, profiled_table.undated_rows, len(profiled_table.by_day)) == (2, 1, 1)


@pytest.mark.parametrize("style", ["German", "SQL,DMY", "Postgres,MDY"])
def test_dates_are_read_however_the_server_writes_them(new_database: NewDatabase, style: str) -> None:
    dsn = new_database("CREATE TABLE t (at date NOT NULL)", "INSERT INTO t VALUES ('2026-02-01')")
    assert table(profiled(address(dsn, options=f"-c datestyle={style}")), "t").undated_rows == 0


def test_a_client_that_asks_for_raw_bytes_gets_text(new_database: NewDatabase) -> None:
    dsn = new_database("CREATE TABLE t (at date NOT NULL)", "INSERT INTO t VALUES ('2026-02-01')")
    assert table(profiled(address(dsn, client_encoding="SQL_ASCII")), "t").rows == 1


def test_documents_in_no_known_encoding_are_said_to_be_unseen(new_database: NewDatabase) -> None:
    dsn = new_database(
        "CREATE TABLE t (doc json, plain json)",
        "INSERT INTO t SELECT format('{\"a\": \"%s\"}', convert_from('\\xe9', 'SQL_ASCII'))::json, '{}'",
        encoding="SQL_ASCII",
    )
    profile = profiled(dsn)
    doc, plain = table(profile, "t").columns
    assert (doc.raw_bytes, plain.raw_bytes) == (None, 2)
    assert doc.stored_bytes
    assert any(line.startswith("t.doc: raw bytes: not read.") and "UTF8" in line for line in profile.missing)


class Meddled(ReadOnlySession):
    """Somebody else drops a table before the query of that number is run."""

    meddle: Callable[[int], None]
    queries = 0

    def fetch(self, sql: str, params: Sequence[object] | None = None) -> list[Row]:
        self.queries += 1
        self.meddle(self.queries)
        return super().fetch(sql, params)


@pytest.mark.parametrize("moment", range(1, 10))
def test_a_table_may_go_away_at_any_moment(new_database: NewDatabase, moment: int) -> None:
    dsn = new_database(
        "CREATE TABLE stays (id int PRIMARY KEY)", "CREATE TABLE goes (id int PRIMARY KEY, a int REFERENCES stays)"
    )

    def drop(query: int) -> None:
        if query == moment:
            with Database.connect(dsn) as other:
                other.execute("DROP TABLE goes")

    with Meddled.connect(dsn) as source:
        source.meddle = drop
        tables = read_tables(source, without=absent.locked(source), standby=False)
        indexes.read(source, tables)
        paths.keys(source, tables)
        words = list(unreadable(tables))
    assert "stays" in {table.label for table in tables}
    assert words in ([], ["goes: only sizes are known. Somebody dropped it meanwhile."])


def test_what_was_dropped_while_it_was_weighed_is_left_out(new_database: NewDatabase) -> None:
    dsn = new_database("CREATE TABLE stays (id int)", "CREATE TABLE goes (id int)")
    with Database.connect(dsn) as database, Database.connect(dsn) as other, database.transaction():
        database.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        database.execute("SELECT count(*) FROM pg_class")
        other.execute("DROP TABLE goes")
        left = relations.read(database)
    assert [table.name for table in left] == ["stays"]


def test_tables_that_all_point_to_each_other_are_looked_at_once(new_database: NewDatabase) -> None:
    numbers = range(14)
    others = {number: [other for other in numbers if other != number] for number in numbers}
    dsn = new_database(
        *(
            f"CREATE TABLE t{number} (id int PRIMARY KEY, {', '.join(f'a{x} int' for x in others[number])})"
            for number in numbers
        ),
        *(
            f"ALTER TABLE t{number} {', '.join(f'ADD FOREIGN KEY (a{x}) REFERENCES t{x}' for x in others[number])}"
            for number in numbers
        ),
    )
    assert not any(table.time for table in profiled(dsn).tables)


@contextmanager
def held(dsn: str, *statements: str) -> Iterator[None]:
    """A transaction of somebody else that stays open."""
    with Database.connect(dsn) as holder:
        for statement in ("BEGIN", *statements):
            holder.execute(statement)
        yield


def test_a_locked_part_is_named_with_its_table_which_then_is_not_exact(new_database: NewDatabase) -> None:
    dsn = new_database(
        "CREATE SCHEMA s",
        "CREATE TABLE s.whole (id int) PARTITION BY RANGE (id)",
        "CREATE TABLE s.one PARTITION OF s.whole FOR VALUES FROM (0) TO (10)",
        "CREATE TABLE s.two PARTITION OF s.whole FOR VALUES FROM (10) TO (20)",
        "INSERT INTO s.whole SELECT generate_series(0, 19)",
    )
    with held(dsn, "LOCK TABLE s.two", "CREATE TABLE s.not_yet (id int)"):
        profile = profiled(dsn)
    assert "Not measured, because locked by somebody: s.two of s.whole." in profile.missing
    assert (table(profile, "s.whole").rows, table(profile, "s.whole").rows_exact) == (10, False)


def test_what_only_its_maker_can_see_is_not_said_to_be_locked(new_database: NewDatabase) -> None:
    dsn = new_database("CREATE TABLE t (id int)")
    with held(dsn, "CREATE TABLE not_yet (id int PRIMARY KEY)"):
        assert not any("Locked" in line for line in profiled(dsn).missing)


def test_a_lock_on_the_index_of_toast_is_one_on_its_table(new_database: NewDatabase) -> None:
    dsn = new_database("CREATE TABLE fat (doc text)", "CREATE TABLE t (id int)")
    with Database.connect(dsn) as database:
        toast = database.value("SELECT reltoastrelid::regclass::text FROM pg_class WHERE relname = 'fat'")
    with held(dsn, f"REINDEX TABLE {toast}"):
        profile = profiled(dsn)
    assert "Not measured, because locked by somebody: fat." in profile.missing
    assert table(profile, "t").rows == 0


@pytest.mark.parametrize(("kind", "value"), [("int[]", "'{1}'"), ("jsonb", "'{}'"), ("int4multirange", "'{[1,2)}'")])
def test_a_key_that_is_no_single_value_is_not_followed(new_database: NewDatabase, kind: str, value: str) -> None:
    dsn = new_database(
        f"CREATE TABLE parent (id {kind} PRIMARY KEY, at date NOT NULL)",
        f"CREATE TABLE t (parent_id {kind} REFERENCES parent)",
        f"INSERT INTO parent VALUES ({value}, '2026-02-01')",
        f"INSERT INTO t VALUES ({value})",
    )
    profiled_table = table(profiled(dsn), "t")
    assert (profiled_table.rows, profiled_table.time) == (1, None)


def test_raw_bytes_are_right_where_documents_grow(new_database: NewDatabase) -> None:
    dsn = new_database(
        "CREATE TABLE t (doc jsonb)",
        """INSERT INTO t SELECT jsonb_build_object('t', repeat(md5(i::text), 1 + i / 100))
           FROM generate_series(1, 10000) i""",
    )
    with Database.connect(dsn) as database:
        exact = database.value("SELECT sum(octet_length(doc::text)) FROM t")
    assert table(profiled(dsn), "t").columns[0].raw_bytes == pytest.approx(exact, rel=0.03)


def test_raw_bytes_are_those_of_the_source(new_database: NewDatabase) -> None:
    dsn = new_database("CREATE TABLE t (doc json)", """INSERT INTO t VALUES ('{"a": "éé"}')""", encoding="LATIN1")
    assert table(profiled(dsn), "t").columns[0].raw_bytes == len('{"a": "éé"}')


def test_the_blanks_of_a_fixed_length_are_raw_bytes(new_database: NewDatabase) -> None:
    dsn = new_database(
        "CREATE TABLE t (filler char(84))", "INSERT INTO t SELECT repeat('x', n % 3) FROM generate_series(1, 20000) n"
    )
    (filler,) = table(profiled(dsn), "t").columns
    assert filler.raw_bytes == 84 * 20_000


def test_growth_is_at_least_what_was_seen_and_what_was_not_is_named(new_database: NewDatabase) -> None:
    dsn = new_database(
        "CREATE TABLE grows (at date NOT NULL)",
        "INSERT INTO grows SELECT '2026-02-01' FROM generate_series(1, 5000)",
        "CREATE TABLE empty (a int)",
    )
    assert "at least" not in profiled(dsn).forecast.words
    with Database.connect(dsn) as database:
        database.execute("CREATE TABLE timeless AS SELECT repeat('x', 1000) FROM generate_series(1, 7000)")
    with held(dsn, "LOCK TABLE empty"):
        words = profiled(dsn).forecast.words
    assert "at least" in words
    assert words.endswith(
        "The pace excludes data of unknown growth: 8.01 MB of tables and the tables that were not measured."
    )


def test_bloat_is_neither_growth_nor_given_back_by_a_retention(new_database: NewDatabase) -> None:
    rows = "INSERT INTO t SELECT '2026-02-01', repeat('x', 100) FROM generate_series(1, 3000)"
    dsn = new_database("CREATE TABLE t (at date NOT NULL, a text)", rows)
    clean = table(profiled(dsn), "t")
    with Database.connect(dsn) as database:
        for _ in range(3):
            database.execute("UPDATE t SET a = repeat('y', 100)")
    bloated = table(profiled(dsn), "t")
    assert (bloated.heap_bytes or 0) > 3 * (clean.heap_bytes or 0)
    assert bloated.by_day[0].bytes == pytest.approx(clean.by_day[0].bytes, rel=0.1)


def test_a_large_table_where_the_sample_met_no_row_is_not_called_empty(new_database: NewDatabase) -> None:
    dsn = new_database(
        "CREATE TABLE t (id int, a text)",
        "ALTER TABLE t ALTER a SET STORAGE PLAIN",
        "INSERT INTO t SELECT i, repeat('x', 5000) FROM generate_series(1, 3000) i",
        "DELETE FROM t WHERE id < 3000",
    )
    profile = profiled(dsn)
    assert (table(profile, "t").rows, table(profile, "t").columns) == (None, ())
    assert any(line.startswith("t: the 1,024 sampled blocks of 3,000 hold no row.") for line in profile.missing)
    assert table(profiling.profile(dsn, now=NOW, exact=True, progress=lambda _: None), "t").rows == 1


AT = "timestamptz DEFAULT"
PARENT = "CREATE TABLE parents (id int PRIMARY KEY, at date NOT NULL)"


@pytest.mark.parametrize(
    ("statements", "way"),
    [
        ((f"CREATE TABLE t (ends {AT} now() + interval '1 day', made {AT} CURRENT_TIMESTAMP)",), ("made",)),
        (("CREATE TABLE t (ends date NOT NULL, made timestamp DEFAULT (now() AT TIME ZONE 'utc'))",), ("made",)),
        (("CREATE TABLE t (ends date NOT NULL, made date DEFAULT clock_timestamp()::date)",), ("made",)),
        ((PARENT, "CREATE TABLE t (parent_id int NOT NULL, seen date)"), ("seen",)),
        (
            (
                PARENT,
                "INSERT INTO parents SELECT i, '2026-02-01' FROM generate_series(1, 9) i",
                "CREATE TABLE t (parent_id int NOT NULL, gone_at timestamptz)",  # as market_odds has unavailable_at
                "INSERT INTO t SELECT i, CASE WHEN i < 3 THEN now() END FROM generate_series(1, 9) i",
            ),
            ("parent_id → parents", "at"),
        ),
        ((PARENT, "CREATE TABLE t (parent_id int REFERENCES parents, seen date)"), ("parent_id → parents", "at")),
        (("CREATE TABLE t (created_at date, seen date)", "INSERT INTO t (seen) VALUES ('2026-02-01')"), ("seen",)),
        (
            (
                PARENT,
                "CREATE TABLE old (id int PRIMARY KEY, at date NOT NULL)",
                "INSERT INTO parents SELECT i, '2026-02-01' FROM generate_series(1, 5000) i",
                "CREATE TABLE t (old_id int NOT NULL REFERENCES old, parent_id int NOT NULL REFERENCES parents)",
            ),
            ("parent_id → parents", "at"),
        ),
    ],
)
def test_the_moment_that_a_row_was_written_is_told_from_others(
    new_database: NewDatabase, statements: Sequence[str], way: tuple[str, ...]
) -> None:
    time = table(profiled(new_database(*statements)), "t").time
    assert time is not None
    assert (*time.through, time.column) == way


def test_a_name_is_proved_by_the_keys_that_are_there(new_database: NewDatabase) -> None:
    dsn = new_database(
        PARENT,
        "INSERT INTO parents VALUES (1, '2026-02-01')",
        "CREATE TABLE t (parent_id int)",
        "INSERT INTO t VALUES (1), (NULL)",
        "CREATE TABLE pairs (id int, other int, at date NOT NULL, PRIMARY KEY (id, other))",
        "CREATE TABLE u (pair_id int)",
        "INSERT INTO u VALUES (1)",
    )
    profile = profiled(dsn)
    assert table(profile, "t").undated_rows == 1
    assert table(profile, "u").time is None
    assert not any("keys do not exist there" in line for line in profile.missing)


def test_a_table_that_inherits_is_a_table_of_its_own(new_database: NewDatabase) -> None:
    dsn = new_database(
        "CREATE TABLE base (id int)",
        "CREATE TABLE derived (more text) INHERITS (base)",
        "INSERT INTO base VALUES (1)",
        "INSERT INTO derived VALUES (2, 'x'), (3, 'y')",
    )
    profile = profiled(dsn)
    assert (table(profile, "base").rows, table(profile, "derived").rows) == (1, 2)
    assert [column.name for column in table(profile, "derived").columns] == ["id", "more"]


@pytest.mark.parametrize(("storage", "restored"), [("EXTERNAL", True), ("PLAIN", False)])
def test_documents_are_read_however_they_are_stored(new_database: NewDatabase, storage: str, *, restored: bool) -> None:
    dsn = new_database(
        "CREATE TABLE t (doc jsonb)",
        f"ALTER TABLE t ALTER doc SET STORAGE {storage}",
        "INSERT INTO t SELECT jsonb_build_object('t', repeat(md5(i::text), 100)) FROM generate_series(1, 300) i",
    )
    (doc,) = table(profiled(dsn), "t").columns
    assert doc.raw_bytes == 300 * (3200 + len('{"t": ""}'))
    assert bool(doc.restored) == restored


def test_domains_are_what_they_are_made_of(new_database: NewDatabase) -> None:
    dsn = new_database(
        "CREATE DOMAIN moment AS timestamptz",
        "CREATE DOMAIN later AS moment NOT NULL",
        "CREATE DOMAIN paper AS json",
        "CREATE TABLE t (created_at later, doc paper)",
        """INSERT INTO t VALUES ('2026-02-01', '{"a": 1}')""",
    )
    profiled_table = table(profiled(dsn), "t")
    assert profiled_table.time is not None
    assert [column.raw_bytes for column in profiled_table.columns] == [None, 8]


def test_small_documents_of_wide_rows_are_stored_anew_as_compressed_as_they_are(new_database: NewDatabase) -> None:
    dsn = new_database(
        "CREATE TABLE t (doc jsonb, beside text)",
        "ALTER TABLE t ALTER beside SET STORAGE PLAIN",
        """INSERT INTO t SELECT jsonb_agg(jsonb_build_object('id', i * j, 'name', 'outcome')), repeat('x', 1700)
           FROM generate_series(1, 2000) i, generate_series(1, 20) j GROUP BY i""",
        "CREATE TABLE in_toast AS SELECT string_agg(md5(i::text), '') FROM generate_series(1, 20000) i",
    )
    doc = table(profiled(dsn), "t").columns[0]
    assert doc.codecs == {"pglz": 1}
    assert doc.restored["pglz"] == pytest.approx(1, abs=0.005)


def test_a_default_that_old_rows_do_not_store_takes_no_more_than_the_heap(new_database: NewDatabase) -> None:
    dsn = new_database(
        "CREATE TABLE t (id int)",
        "INSERT INTO t SELECT generate_series(1, 9000)",
        "ALTER TABLE t ADD COLUMN note text DEFAULT repeat('x', 1000)",
    )
    profile = profiled(dsn)
    profiled_table, note = table(profile, "t"), table(profile, "t").columns[1]
    assert (profiled_table.columns[0].stored_bytes or 0) + (note.stored_bytes or 0) <= (profiled_table.heap_bytes or 0)
    assert any(
        line.startswith("t.note: its bytes are an upper bound, because older rows do not store")
        for line in profile.missing
    )


def test_a_table_may_have_as_many_columns_as_a_table_can(new_database: NewDatabase) -> None:
    names = [f"c{number}" for number in range(1599)]
    dsn = new_database(
        f"CREATE TABLE t (at date NOT NULL, {', '.join(f'{name} text' for name in names)})",
        "INSERT INTO t (at, c0, c1598) VALUES ('2026-02-01', 'x', 'yy'), ('2026-02-01', NULL, 'yy')",
    )
    profiled_table = table(profiled(dsn), "t")
    stored = {column.name: column.stored_bytes for column in profiled_table.columns if column.stored_bytes}
    assert (profiled_table.rows, len(profiled_table.columns), stored) == (2, 1600, {"at": 8, "c0": 2, "c1598": 6})
    assert profiled_table.undated_rows == 0


def test_names_may_hold_what_means_something_elsewhere(new_database: NewDatabase) -> None:
    dsn = new_database(
        'CREATE DOMAIN "100%s" AS int',
        'CREATE TABLE parents (id "100%s" PRIMARY KEY, at date NOT NULL)',
        "INSERT INTO parents VALUES (1, '2026-02-01')",
        'CREATE TABLE t ("{run}" "100%s" REFERENCES parents, "{arms}" text, "%s" text)',
        "INSERT INTO t VALUES (1, 'x', 'y')",
        "CREATE SCHEMA a",
        "CREATE TABLE a.b (id int)",
        'CREATE TABLE "a.b" (id int)',
    )
    profile = profiled(dsn)
    assert (table(profile, "t").rows, table(profile, "t").undated_rows) == (1, 0)
    assert {"a.b", '"a.b"'} <= {table.table for table in profile.tables}
