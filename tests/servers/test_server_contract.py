"""What every kind of server promises, asked of each."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from lab.errors import DatabaseError, InputError, ServerError
from lab.postgres.database import Database
from lab.servers import Server

NewName = Callable[[], str]


@pytest.fixture
def database(server: Server) -> Iterator[Database]:
    """A connection of the test's own to a database that the others use too; the table `t` goes away with the test."""
    with suppress(InputError):
        server.create("shared")
    with server.connect("shared") as database:
        yield database
        database.execute("DROP TABLE IF EXISTS t")


def test_a_created_database_is_empty_and_takes_sql(server: Server, new_name: NewName) -> None:
    with opened(server, new_name()) as database:
        assert database.fetch("SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace") == []
        database.execute("CREATE TABLE t AS SELECT 1 AS id")
        assert database.value("SELECT relnamespace::regnamespace::text FROM pg_class WHERE relname = 't'") == "public"


def test_capabilities_are_what_the_server_shows(server: Server, database: Database) -> None:
    assert database.value("SHOW server_version") == server.capabilities.postgres
    try:
        database.execute("SET default_toast_compression = lz4")
    except DatabaseError:
        assert not server.capabilities.lz4
    else:
        assert server.capabilities.lz4


def test_a_value_larger_than_any_buffer_arrives_whole(database: Database) -> None:
    text = "0123456789" * 300_000
    assert database.value("SELECT %s::text", [text]) == text


def test_nothing_of_one_connection_reaches_the_next(server: Server, new_name: NewName) -> None:
    name = new_name()
    with opened(server, name) as database:
        for number in range(8):  # often enough for a prepared statement
            database.fetch("SELECT %s::int", [number])
        database.execute("SET search_path = pg_catalog")
        database.execute("CREATE TEMP TABLE left_behind (id int)")
        database.execute("CREATE TABLE public.t (id int)")
        database.execute("BEGIN")
        database.execute("INSERT INTO public.t VALUES (1)")
    with server.connect(name) as database:
        for number in range(8):
            assert database.value("SELECT %s::int", [number]) == number
        assert database.value("SHOW search_path") == '"$user", public'
        assert database.value("SELECT to_regclass('left_behind')") is None
        assert database.value("SELECT count(*) FROM t") == 0


def test_copied_rows_come_back_with_every_escape(server: Server, database: Database) -> None:
    rows = [
        (1, "tab\tnewline\nreturn\rbackslash\\ \\N \\. end"),
        (2, None),
        (3, ""),
        (4, "žluťoučký 🐎"),
        (5, "x" * 10**6),
    ]
    stream = b"".join(b"%d\t%s\n" % (number, copy_text(text)) for number, text in rows)
    database.execute('CREATE TABLE t ("Id" int, other int DEFAULT 7, "text" text)')
    server.copy_in(database, "t", ["Id", "text"], (stream[at : at + 7919] for at in range(0, len(stream), 7919)))
    assert database.fetch('SELECT "Id", "text" FROM t ORDER BY 1') == rows
    assert database.value("SELECT sum(other) FROM t") == 35


def test_a_copy_of_nothing_is_no_error(server: Server, database: Database) -> None:
    database.execute("CREATE TABLE t (id int)")
    server.copy_in(database, "t", ["id"], [])
    assert database.value("SELECT count(*) FROM t") == 0


@pytest.mark.parametrize("rows", [[b"1\n", b"x\n"], [b"1\n" * 100, b"x\n" * 10**6, b"2\n" * 10**6]])
def test_a_row_that_cannot_be_read_leaves_no_rows(server: Server, database: Database, rows: list[bytes]) -> None:
    database.execute("CREATE TABLE t (id int)")
    with pytest.raises(DatabaseError, match="22P02"):
        server.copy_in(database, "t", ["id"], rows)
    assert database.value("SELECT count(*) FROM t") == 0


def test_copying_into_a_missing_table_says_so(server: Server, database: Database) -> None:
    with pytest.raises(DatabaseError, match="42P01"):
        server.copy_in(database, "missing", ["id"], [b"1\n"])


def test_a_producer_that_fails_leaves_no_rows(server: Server, database: Database) -> None:
    def rows() -> Iterator[bytes]:
        yield b"1\n" * 100_000
        raise LookupError("the generator broke")

    database.execute("CREATE TABLE t (id int)")
    with pytest.raises(LookupError, match="the generator broke"):
        server.copy_in(database, "t", ["id"], rows())
    assert database.value("SELECT count(*) FROM t") == 0


def test_sealing_ends_the_connections_that_are_open_and_refuses_others(server: Server, new_name: NewName) -> None:
    name = new_name()
    with opened(server, name) as database:
        database.execute("CREATE TABLE t (id int)")
        server.seal(name)
        with pytest.raises(ServerError):
            database.execute("INSERT INTO t VALUES (1)")
    with pytest.raises(InputError, match="sealed template"):
        server.connect(name)
    server.clone(name, clone := new_name())
    with server.connect(clone) as copied:
        assert copied.value("SELECT count(*) FROM t") == 0


def test_clones_equal_the_template_and_not_each_other(server: Server, new_name: NewName) -> None:
    template, first, second = new_name(), new_name(), new_name()
    with opened(server, template) as database:
        database.execute("CREATE TABLE t AS SELECT i, repeat('x', 100) AS x FROM generate_series(1, 20000) i")
        weight = database.value("SELECT pg_total_relation_size('t')")
    server.seal(template)
    server.clone(template, first)
    with server.connect(first) as first_database:
        assert first_database.value("SELECT pg_total_relation_size('t')") == weight
        first_database.execute("DELETE FROM t")
        server.clone(template, second)
        with server.connect(second) as second_database:
            assert first_database.value("SELECT count(*) FROM t") == 0
            assert second_database.value("SELECT count(*) FROM t") == 20_000


def test_only_a_template_can_be_cloned(server: Server, new_name: NewName) -> None:
    server.create(name := new_name())
    with pytest.raises(InputError, match="not a template"):
        server.clone(name, new_name())


def test_what_is_not_there_is_refused_by_name(server: Server) -> None:
    actions: list[Callable[[str], object]] = [server.connect, server.seal, server.drop]
    for action in actions:
        with pytest.raises(InputError, match="nowhere"):
            action("nowhere")


def test_a_name_is_given_once(server: Server, new_name: NewName) -> None:
    template = sealed(server, new_name())
    with pytest.raises(InputError, match="already"):
        server.create(template)
    with pytest.raises(InputError, match="already"):
        server.clone(template, template)


@pytest.mark.parametrize("name", ['drop_raw+retention_7d"', "Ünïcode 'quoted' \\ /path", "x" * 63])
def test_any_name_of_up_to_63_bytes_will_do(native: Server, name: str) -> None:
    native.create(name)
    with native.connect(name) as database:
        assert database.value("SELECT 1") == 1
    native.drop(name)


def test_a_longer_name_is_refused_because_postgres_would_cut_it(server: Server) -> None:
    with pytest.raises(InputError, match="63 bytes"):
        server.create("ü" * 32)


def test_a_dropped_database_is_gone_and_its_name_free(server: Server, new_name: NewName) -> None:
    template = sealed(server, new_name())
    assert server.holds(template)
    server.drop(template)
    assert not server.holds(template)
    with opened(server, template) as database:
        assert database.value("SELECT to_regclass('t') IS NULL")


def test_a_database_in_use_can_be_dropped(server: Server, new_name: NewName) -> None:
    name = new_name()
    with opened(server, name) as database:
        server.drop(name)
        with pytest.raises(ServerError):
            database.execute("SELECT 1")


def test_the_gauge_sees_the_files_of_the_database_and_the_time_of_its_process(
    server: Server, new_name: NewName
) -> None:
    name = new_name()
    with opened(server, name) as database, server.gauge(name, database) as gauge:
        if server.kind == "external":  # its role may see neither
            assert (gauge.disk_bytes(), gauge.cpu_seconds()) == (None, None)
            return
        before = gauge.cpu_seconds()
        database.execute("CREATE TABLE t AS SELECT md5(i::text) FROM generate_series(1, 300000) i")
        after = gauge.cpu_seconds()
        assert gauge.disk_bytes() == database.value("SELECT pg_database_size(current_database())")
        assert before is not None
        assert after is not None
        assert 0.05 < after - before < 60


@pytest.mark.slow
def test_the_gauge_sees_what_a_sort_spills(server: Server, new_name: NewName) -> None:
    name = new_name()
    with opened(server, name) as database, server.gauge(name, database) as gauge, ThreadPoolExecutor(1) as other:
        resting = gauge.disk_bytes()
        if resting is None:
            assert server.kind == "external"  # its role may not see temporary files
            return
        sorting = other.submit(
            database.value,
            "SELECT count(*) FROM (SELECT md5(i::text) AS x FROM generate_series(1, 800000) i ORDER BY x) s",
        )
        largest = resting
        while not sorting.done():
            largest = max(largest, gauge.disk_bytes() or 0)
            time.sleep(0.005)
        assert largest > resting + 20_000_000


def opened(server: Server, name: str) -> Database:
    server.create(name)
    return server.connect(name)


def sealed(server: Server, name: str, rows: int = 1) -> str:
    with opened(server, name) as database:
        database.execute(f"CREATE TABLE t AS SELECT generate_series(1, {rows}) AS id")
    server.seal(name)
    return name


def copy_text(text: str | None) -> bytes:
    if text is None:
        return rb"\N"
    for raw, escaped in (("\\", "\\\\"), ("\t", "\\t"), ("\n", "\\n"), ("\r", "\\r")):
        text = text.replace(raw, escaped)
    return text.encode()
