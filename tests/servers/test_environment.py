"""Nothing in the environment leads the lab to another server than its own, or changes what its sessions show."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from psycopg import pq

from lab.errors import InputError, LabError
from lab.postgres.conninfo import parts_of
from lab.postgres.database import Database
from lab.profiling.catalog.session import open_session
from lab.profiling.sample import codecs
from lab.profiling.sample.codecs import Batch
from lab.profiling.sample.documents import StoredDocument
from lab.servers import Options, Server, Workspace, cache, open_server
from lab.servers.container import ContainerServer
from lab.servers.native import NativeServer
from lab.servers.pglite.instance import Instance
from tests.conftest import PLAIN, require_images

HOSTILE = {option.envvar.decode(): "hostile" for option in pq.Conninfo.get_defaults() if option.envvar} | {
    "PGHOST": "nowhere.invalid",
    "PGHOSTADDR": "127.0.0.2",
    "PGPORT": "9",
    "PGCONNECT_TIMEOUT": "never",
    "PGCLIENTENCODING": "LATIN1",
    "PGOPTIONS": "-c datestyle=German -c timezone=Asia/Tokyo -c search_path=nowhere",
    "PGSSLMODE": "verify-full",
    "PGREQUIREAUTH": "gss",
    "PGTZ": "Asia/Tokyo",
    "PGDATESTYLE": "German",
    "PGGEQO": "hostile",
    "PGSERVICEFILE": "/nowhere/services",
    "PGSYSCONFDIR": "/nowhere",
    "PGDATA": "/nowhere",
}
"""Every variable that libpq reads, with a value that would break or redirect a connection that it reached."""

SHOWN = {
    "DateStyle": "ISO, MDY",
    "IntervalStyle": "postgres",
    "bytea_output": "hex",
    "extra_float_digits": "1",
    "search_path": '"$user", public',
    "client_encoding": "UTF8",
    "geqo": "on",
}
KINDS = [
    "native",
    pytest.param("pglite", marks=pytest.mark.slow),
    pytest.param("container", marks=pytest.mark.slow),
]


@pytest.fixture
def surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Every variable is hostile, PATH is empty, and the password file in the home is hostile too."""
    for name, value in HOSTILE.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache.folder().parent))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PATH", "")
    (tmp_path / ".pgpass").write_text("*:*:*:*:hostile\n")
    (tmp_path / ".pgpass").chmod(0o600)


def shown(database: Database) -> dict[str, str]:
    return {name: database.value(f"SHOW {name}") for name in SHOWN}


@pytest.mark.parametrize("variable", HOSTILE)
def test_no_variable_changes_or_redirects_a_connection(
    variable: str, native: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    with suppress(InputError):
        native.create("shared")
    monkeypatch.setenv(variable, HOSTILE[variable])
    with native.connect("shared") as database:
        assert shown(database) == SHOWN
        assert database.value("SHOW timezone") in {"UTC", "GMT"}
        assert database.value("SELECT current_database() || current_user") == "sharedpostgres"


@pytest.mark.parametrize("kind", KINDS)
def test_no_default_of_a_database_ends_a_statement(
    kind: str, request: pytest.FixtureRequest, new_name: Callable[[], str]
) -> None:
    server, name = request.getfixturevalue(kind), new_name()
    server.create(name)
    with server.connect(name) as database:
        database.execute(f'ALTER DATABASE "{database.value("SELECT current_database()")}" SET statement_timeout = 1')
    with server.connect(name) as again:
        assert again.value("SELECT count(*) FROM pg_sleep(0.05)") == 1


@pytest.mark.parametrize("kind", KINDS)
def test_a_server_starts_and_works_though_every_variable_is_hostile(
    kind: str, workspace: Workspace, request: pytest.FixtureRequest, surroundings: None
) -> None:
    del surroundings
    if kind == "container":
        require_images()
    else:
        request.getfixturevalue(kind)  # what it downloads is there already
    with open_server(kind, workspace=workspace, options=Options(image=PLAIN), progress=lambda _: None) as server:
        server.create("a")
        with server.connect("a") as database:
            database.execute("CREATE TABLE t (at timestamptz)")
            server.copy_in(database, "t", ["at"], [b"2026-02-17 12:00+00\n"])
            assert str(database.value("SELECT at FROM t")) == "2026-02-17 12:00:00+00:00"
            assert shown(database) == SHOWN
        server.seal("a")
        server.clone("a", "b")
        server.drop("b")


@pytest.mark.parametrize("kind", ["native", pytest.param("pglite", marks=pytest.mark.slow)], indirect=True)
def test_the_programs_of_a_server_inherit_no_variable_of_postgresql(
    kind: str, workspace: Workspace, surroundings: None
) -> None:
    del surroundings
    before = set(psutil.Process().children())
    with open_server(kind, workspace=workspace, progress=lambda _: None):
        started = set(psutil.Process().children()) - before
        assert started or kind == "pglite"
        for process in started:
            assert not [name for name in process.environ() if name.startswith("PG") and name != "PGDATA"]


def test_the_server_that_compares_codecs_works_though_every_variable_is_hostile(surroundings: None) -> None:
    del surroundings
    document = StoredDocument(text='{"a": 1}' * 400, stored=3200, raw=3200, compressed=False, weight=1.0)
    with codecs.compare_codecs(worth=True) as comparison:
        comparison.submit({"t.x": Batch(type="text", documents=[document])})
        assert comparison.result()["t.x"]["pglz"] < 0.5


@pytest.mark.parametrize("kind", KINDS)
def test_a_server_that_the_lab_did_not_start_is_never_written_to(
    kind: str, native: Server, workspace: Workspace, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    if kind == "container":
        require_images()
    elif kind == "pglite":
        request.getfixturevalue(kind)
    with suppress(InputError):
        native.create("shared")
    with native.connect("shared") as database:
        there = f"{database.conninfo} password=any"
        before = database.fetch("SELECT datname, xact_commit > 0 FROM pg_stat_database ORDER BY 1")
        for server, name in ((NativeServer, "_conninfo"), (Instance, "_conninfo"), (ContainerServer, "_address_of")):
            monkeypatch.setattr(server, name, lambda *_: there)
        with pytest.raises(LabError, match="The server that answered is not the one that the lab started"):
            _open_and_connect(kind, workspace)
        assert database.fetch("SELECT datname, xact_commit > 0 FROM pg_stat_database ORDER BY 1") == before


def _open_and_connect(kind: str, workspace: Workspace) -> None:
    with open_server(kind, workspace=workspace, options=Options(image=PLAIN), progress=lambda _: None) as server:
        server.create("own")  # pglite has a process for each database, and none before
        server.connect("own")


def test_what_a_users_connection_string_names_is_not_overridden(role: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PGHOST", "PGHOSTADDR", "PGPORT", "PGUSER", "PGPASSWORD", "PGDATABASE", "PGOPTIONS", "PGTZ"):
        monkeypatch.setenv(name, HOSTILE[name])
    parts = parts_of(role)
    named = " ".join(f"{name}={parts[name]}" for name in ("host", "user", "password", "dbname"))
    with open_session(f"{named} port=5432") as source:
        assert source.value("SELECT current_user") == parts["user"]
        assert source.value("SHOW datestyle") == "ISO, MDY"


def test_a_users_service_and_password_count(role: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    parts = parts_of(role)
    (tmp_path / "services").write_text(f"[mine]\nhost={parts['host']}\nuser={parts['user']}\ndbname=postgres\n")
    for name, value in {"PGSERVICEFILE": str(tmp_path / "services"), "PGSERVICE": "mine"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PGPASSWORD", parts["password"])
    with open_session("") as source:
        assert source.value("SELECT current_user") == parts["user"]


@pytest.mark.parametrize(
    "setting", ["datestyle = 'German, DMY'", "timezone = 'Asia/Tokyo'", "search_path = pg_catalog"]
)
def test_a_users_server_with_settings_of_its_own_changes_nothing(
    setting: str, external: Server, native: Server
) -> None:
    name = setting.partition(" ")[0]
    with native.connect("of_the_role") as admin:
        admin.execute(f"ALTER ROLE lab_tester SET {setting}")
        try:
            with suppress(InputError):
                external.create("shared")
            with external.connect("shared") as database:
                assert database.value("SHOW datestyle") == "ISO, MDY"
                assert database.value("SHOW timezone") == "UTC"
                assert database.value("SHOW search_path") == '"$user", public'
        finally:
            admin.execute(f"ALTER ROLE lab_tester RESET {name}")
