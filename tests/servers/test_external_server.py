"""What is special about a server that exists already: it is somebody's, and so is its password."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from urllib.parse import quote, unquote

import psutil
import pytest

from lab.errors import InputError, ServerError
from lab.postgres.conninfo import parts_of
from lab.postgres.database import Database
from lab.servers import Options, Server, Workspace, clean, external, open_server, open_workspace
from lab.servers.cluster import MARK
from lab.servers.external import ExternalServer
from lab.servers.native import NativeServer
from lab.values.events import Event
from tests.conftest import PASSWORD
from tests.network import closed_port, listening
from tests.support import ROOT, wait_until

NewName = Callable[[], str]
SECRETS = ("s3cr3t", "w0rd")
_LAB = """
import os, sys, time
from lab.servers import Options, open_server, open_workspace

with open_workspace() as workspace:
    options = Options(dsn=os.environ["LAB_TEST_DSN"])
    with open_server("external", workspace=workspace, options=options, progress=lambda _: None) as server:
        server.create("a")
        server.create("b")
        server.seal("b")
        print(server.token, flush=True)
        time.sleep(60)
"""


_WAITING = "SELECT count(*)::int FROM pg_locks WHERE NOT granted AND locktype = 'object'"


@pytest.fixture
def admin(native: Server) -> Iterator[Database]:
    """A superuser's connection to the server that is somebody's."""
    name = "of_the_admin"
    if not native.holds(name):
        native.create(name)
    with native.connect(name) as database:
        yield database


@pytest.fixture
def host(role: str) -> str:
    """The server's host as a connection string says it."""
    return quote(parts_of(role)["host"], safe="")


@pytest.fixture
def foreign(admin: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A database of somebody else, by the very name that the next run would give its first one."""
    monkeypatch.setattr("secrets.token_hex", lambda _: "feedface")
    name = "storage_lab_feedface_probe"
    admin.execute(f"CREATE DATABASE {name}")
    yield name
    admin.execute(f"DROP DATABASE {name}")


@pytest.mark.parametrize(
    ("dsn", "says"),
    [
        ("postgresql://lab_tester:s3cr3t%40w0rd@{host}/postgres", "password authentication failed.*PGPASSWORD"),
        ("postgresql://lab_tester@{host}/postgres", "no password supplied.*PGPASSWORD"),
        ("postgresql://nobody_here:s3cr3t%40w0rd@{host}/postgres", 'role "nobody_here" does not exist.*Check the name'),
        (
            "postgresql://lab_tester:{password}@{host}/nowhere",
            "database \"nowhere\" does not exist.*usually 'postgres'",
        ),
        ("postgresql://me:s3cr3t%40w0rd@nowhere.invalid/postgres", "nowhere.invalid.*Check the host's name"),
        ("postgresql://me:s3cr3t%40w0rd@127.0.0.1:{closed}/postgres", "refused.*Check host and port"),
        (
            "postgresql://me:s3cr3t%40w0rd@127.0.0.1:{garbage}/postgres",
            "invalid response.*Check host, port and network",
        ),
        ("postgresql://me:s3cr3t%40w0rd@localhost:{closed}/postgres", "Connection refused.*Check host and port"),
    ],
)
def test_what_cannot_be_reached_is_one_sentence_with_what_to_do(dsn: str, says: str, host: str) -> None:
    with listening(b"HTTP/1.1 400 Bad Request\r\n\r\n") as garbage:
        dsn = dsn.format(host=host, password=PASSWORD, closed=closed_port(), garbage=garbage)
        assert_refused(dsn, says)


@pytest.mark.slow
def test_a_server_that_never_answers_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    assert int(external._LOST_AFTER["connect_timeout"]) <= 15
    monkeypatch.setitem(external._LOST_AFTER, "connect_timeout", "2")  # libpq waits for no less
    with listening() as silent:
        assert_refused(
            f"postgresql://me:s3cr3t%40w0rd@127.0.0.1:{silent}/postgres", "timeout.*Check host, port and network"
        )


@pytest.mark.parametrize(
    "dsn",
    [
        "postgresql://me:s3cr3t@w0rd@127.0.0.1/postgres",
        "postgresql://me:s3cr3t/w0rd@127.0.0.1/postgres",
        "postgresql://me:s3cr3t%w0rd@127.0.0.1/postgres",
        "postgresql://me:s3cr3t#w0rd/@127.0.0.1/postgres",
        "postgresql://me:s3cr3t",
        "postgresql://me:s3cr3t/postgres",
        "postgresql://127.0.0.1/postgres?passwort=s3cr3t",
        "postgresql:/me:s3cr3t@w0rd/postgres",
        "host=127.0.0.1 password=s3cr3t w0rd",
        "host=127.0.0.1 password='s3cr3t w0rd",
        "host=127.0.0.1 passwort=s3cr3t",
        "host=127.0.0.1 port=s3cr3t",
    ],
)
def test_a_connection_string_that_cannot_be_read_is_never_shown(dsn: str) -> None:
    assert_refused(dsn, r"connection string (cannot be read|holds a character)|Write .*%40")


def test_a_role_that_may_not_create_databases_is_told_what_to_ask_for(admin: Database, host: str) -> None:
    admin.execute("CREATE ROLE lab_reader LOGIN")
    assert_refused(f"postgresql://lab_reader@{host}/postgres", 'ALTER ROLE "lab_reader" CREATEDB')
    admin.execute("DROP ROLE lab_reader")


def test_a_server_that_is_too_old_is_refused_with_its_version(role: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(external, "OLDEST_MAJOR", 99)
    assert_refused(role, r"That server is PostgreSQL 1\d\.\d+.*\. The lab needs 99 or newer")


def test_a_replica_is_refused(workspace: Workspace) -> None:
    with open_server("native", workspace=workspace, progress=lambda _: None) as primary:
        assert isinstance(primary, NativeServer)
        primary.create("a")
        primary._stop(signal.SIGINT)
        (primary._data / "standby.signal").touch()
        with primary.connect("a") as database:
            socket = quote(parts_of(database.conninfo)["host"], safe="")
        assert_refused(f"postgresql://postgres@{socket}/postgres", "is a replica.*Name its primary")


def test_what_the_connection_string_asks_for_is_kept(role: str, workspace: Workspace) -> None:
    options = Options(dsn=f"{role}?options=-c%20work_mem%3D7MB&connect_timeout=3&application_name=mine")
    with open_server("external", workspace=workspace, options=options, progress=lambda _: None) as server:
        server.create("a")
        with server.connect("a") as database:
            shown = [database.value(f"SHOW {name}") for name in ("work_mem", "jit", "application_name")]
            assert shown == ["7MB", "off", "mine"]
            assert parts_of(database.conninfo)["connect_timeout"] == "3"


def test_a_password_from_the_environment_will_do(
    role: str, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGPASSWORD", unquote(PASSWORD))
    options = Options(dsn=role.replace(f":{PASSWORD}", ""))
    with open_server("external", workspace=workspace, options=options, progress=lambda _: None) as server:
        server.create("a")


def test_a_database_of_somebody_else_is_left_alone_though_its_name_is_taken(
    role: str, foreign: str, admin: Database
) -> None:
    assert_refused(role, f"A database '{foreign}' exists already. The lab did not make it and left it alone")
    assert databases(admin, "feedface") == [foreign]


def test_a_database_that_lost_its_mark_is_not_dropped_and_that_is_said(
    role: str, workspace: Workspace, admin: Database
) -> None:
    said: list[Event] = []
    with open_server("external", workspace=workspace, options=Options(dsn=role), progress=said.append) as server:
        server.create("a")
        server.create("b")
        (name,) = (database for database in databases(admin, token_of(server)) if database.endswith("_a"))
        admin.execute(f"COMMENT ON DATABASE {name} IS 'mine now'")
        with pytest.raises(ServerError, match=rf"'{name}' does not carry this run's mark\. The lab left it alone"):
            server.drop("a")
    assert databases(admin, token_of(server)) == [name]
    assert f"'{name}' does not carry this run's mark" in str(said[-1])
    admin.execute(f"DROP DATABASE {name}")


def test_a_run_that_ends_while_its_threads_remove_a_database_leaves_none(
    role: str, workspace: Workspace, admin: Database
) -> None:
    options = Options(dsn=role)
    with (
        open_server("external", workspace=workspace, options=options, progress=lambda _: None) as server,
        ThreadPoolExecutor() as threads,
    ):
        for name in "abc":
            server.create(name)
        first, *_ = databases(admin, token_of(server))
        admin.execute("BEGIN")  # what locks a database holds up those who remove it, until all of them wait
        admin.execute(f"COMMENT ON DATABASE {first} IS '{MARK}{token_of(server)}'")
        try:
            thread = threads.submit(partial(server.drop, "a"))
            wait_until(lambda: admin.value(_WAITING) == 1, seconds=30)
            ending = threads.submit(server.close)
            wait_until(lambda: admin.value(_WAITING) == 2, seconds=30)
        finally:
            admin.execute("COMMIT")
        assert ending.exception() is None
        assert isinstance(thread.exception(), ServerError | None)
        assert databases(admin, token_of(server)) == []


def test_a_database_that_cannot_be_removed_keeps_none_of_the_others(
    role: str, workspace: Workspace, admin: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(external, "_PAUSES", (0.0,))
    said: list[Event] = []
    with open_server("external", workspace=workspace, options=Options(dsn=role), progress=said.append) as server:
        for name in "abc":
            server.create(name)
        first, *_ = databases(admin, token_of(server))
        admin.execute(f"ALTER DATABASE {first} OWNER TO CURRENT_USER")
    assert databases(admin, token_of(server)) == [first]
    assert "may remain" in str(said[-1])
    admin.execute(f"DROP DATABASE {first}")


@pytest.mark.slow
@pytest.mark.usefixtures("exclusive")
def test_a_killed_run_is_cleaned_up_by_its_reaper(role: str, admin: Database) -> None:
    with _lab(role) as lab:
        token = _token(lab)
        assert len(databases(admin, token)) == 2
        lab.kill()
        lab.wait()
        wait_until(lambda: not databases(admin, token))


@pytest.mark.usefixtures("exclusive")
def test_clean_removes_databases_of_dead_runs_only(role: str, foreign: str, admin: Database) -> None:
    del foreign
    admin.execute("COMMENT ON DATABASE storage_lab_feedface_probe IS 'made by the storage laboratory'")
    with _lab(role) as dead, _lab(role) as alive:
        token, other = _token(dead), _token(alive)
        _reaper(dead).kill()
        dead.kill()
        dead.wait()
        wait_until(lambda: f"database storage_lab_{token}_a" in clean([role]))
        assert databases(admin, token) == []
        assert len(databases(admin, other)) == 2
        assert databases(admin, "feedface")
        alive.send_signal(signal.SIGINT)
        alive.wait(120)
        assert databases(admin, other) == []


@pytest.mark.usefixtures("exclusive")
def test_databases_that_another_role_left_are_not_ours_to_remove(role: str, admin: Database) -> None:
    admin.execute("CREATE DATABASE storage_lab_0ddba115_a")
    admin.execute("COMMENT ON DATABASE storage_lab_0ddba115_a IS 'made by the storage lab, run 0ddba115'")
    assert cleaned_databases(role) == []
    assert databases(admin, "0ddba115")
    admin.execute("DROP DATABASE storage_lab_0ddba115_a")


@pytest.mark.usefixtures("exclusive")
def test_a_run_whose_connection_was_cut_is_still_known_to_live(
    role: str, workspace: Workspace, admin: Database
) -> None:
    with open_server("external", workspace=workspace, options=Options(dsn=role), progress=lambda _: None) as server:
        server.create("a")
        admin.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name LIKE %s",
            [f"%{token_of(server)}"],
        )
        server.create("b")
        assert cleaned_databases(role) == []
        assert len(databases(admin, token_of(server))) == 2


def cleaned_databases(dsn: str) -> list[str]:
    """What `clean` removed from that server; on the machine, other tests leave killed runs meanwhile."""
    return [line for line in clean([dsn]) if line.startswith("database ")]


def assert_refused(dsn: str, says: str) -> None:
    """An `InputError` of one sentence or two, which tells nothing of the password."""
    with (
        open_workspace() as workspace,
        pytest.raises(InputError, match=says) as raised,
        open_server("external", workspace=workspace, options=Options(dsn=dsn), progress=lambda _: None),
    ):
        pass
    shown = "".join(traceback.format_exception(raised.value))
    assert not [secret for secret in (*SECRETS, PASSWORD, unquote(PASSWORD)) if secret in shown]


def token_of(server: Server) -> str:
    assert isinstance(server, ExternalServer)
    return server.token


def databases(admin: Database, token: str) -> list[str]:
    return [
        name
        for (name,) in admin.fetch(
            "SELECT datname::text FROM pg_database WHERE datname LIKE %s ORDER BY 1", [f"%{token}%"]
        )
    ]


def _lab(dsn: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", _LAB],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=os.environ | {"LAB_TEST_DSN": dsn},
        cwd=ROOT,
    )


def _token(lab: subprocess.Popen[str]) -> str:
    assert lab.stdout
    return lab.stdout.readline().strip()


def _reaper(lab: subprocess.Popen[str]) -> psutil.Process:
    (reaper,) = psutil.Process(lab.pid).children()
    return reaper
