"""What is special about the embedded server."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from lab.errors import ServerError, UnavailableError
from lab.postgres.conninfo import parts_of
from lab.postgres.database import Database
from lab.servers import Server, Workspace, open_server
from lab.servers.pglite import packages
from lab.servers.pglite.machine_code import machine_code
from lab.values.events import Event

NewName = Callable[[], str]


def test_a_compressed_hypertable_has_its_rows_after_every_start(pglite: Server, new_name: NewName) -> None:
    template, clone = new_name(), new_name()
    pglite.create(template)
    with pglite.connect(template) as database:
        database.execute("CREATE EXTENSION timescaledb")
        database.execute("CREATE TABLE h (at timestamptz NOT NULL, key int, price float8)")
        database.fetch("SELECT create_hypertable('h', 'at')")
        database.execute(
            "INSERT INTO h SELECT timestamptz '2026-01-01' + i * interval '1 min', i % 7, i "
            "FROM generate_series(1, 6000) i"
        )
        database.execute("ALTER TABLE h SET (timescaledb.compress, timescaledb.compress_segmentby = 'key')")
        assert database.fetch("SELECT compress_chunk(chunk) FROM show_chunks('h') chunk")
    with pglite.connect(template) as database:
        assert database.value("SELECT count(*) FROM h") == 6000
    pglite.seal(template)
    pglite.clone(template, clone)
    with pglite.connect(clone) as database:
        assert database.value("SELECT count(*) FROM h") == 6000


def test_it_offers_the_community_edition(pglite: Server) -> None:
    assert pglite.capabilities.timescaledb_edition == "community"
    assert pglite.capabilities.timescaledb


def test_no_process_compiles_what_an_earlier_one_has_compiled(pglite: Server, new_name: NewName) -> None:
    pglite.create(name := new_name())
    with pglite.connect(name) as database:
        assert database.value("SHOW storage_lab.compiled_before") == "on"


def test_an_engine_whose_kept_code_is_of_another_v8_is_compiled_anew(
    pglite: Server, workspace: Workspace, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "code").write_bytes(b"of another V8 " * 1000)
    monkeypatch.setattr("lab.servers.pglite.server.machine_code", lambda *_: tmp_path / "code")
    with open_server(pglite.kind, workspace=workspace, progress=lambda _: None) as server:
        server.create("anew")
        with server.connect("anew") as database:
            assert database.value("SHOW storage_lab.compiled_before") == "off"
            assert database.value("SELECT sum(n) FROM generate_series(1, 100) n") == 5050


def test_another_processor_has_compiled_code_of_its_own(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    names: list[str] = []

    def kept(name: str, _: Callable[[Path], None]) -> Path:
        names.append(name)
        return tmp_path

    monkeypatch.setattr("lab.servers.pglite.machine_code.cached", kept)
    monkeypatch.setattr("lab.servers.pglite.machine_code._CPUS", tmp_path / "cpuinfo")
    for features in ("fpu sse2", "fpu sse2 avx2"):
        (tmp_path / "cpuinfo").write_text(f"model name : One and the same\nflags : {features}\n", encoding="utf-8")
        machine_code(workspace, [], lambda _: None)
    assert len(set(names)) == 2


def test_an_engine_that_keeps_nothing_says_what_it_logged(
    pglite: Server, workspace: Workspace, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("lab.servers.pglite.machine_code.cached", lambda _, make: make(tmp_path / "missing"))
    opened = open_server(pglite.kind, workspace=workspace, progress=lambda _: None)
    with pytest.raises(ServerError, match=r"(?s)did not keep what it compiled.*log ends with:.*ENOENT"), opened:
        pass


def test_a_second_connection_is_refused_with_words(pglite: Server, new_name: NewName) -> None:
    pglite.create(name := new_name())
    with pglite.connect(name), pytest.raises(ServerError, match="one connection at a time"):
        pglite.connect(name)


def test_killing_one_process_leaves_the_others_and_the_data(pglite: Server, new_name: NewName) -> None:
    victim, other = new_name(), new_name()
    pglite.create(victim)
    pglite.create(other)
    with pglite.connect(other) as bystander:
        with pglite.connect(victim) as database:
            database.execute("CREATE TABLE t AS SELECT 1 AS id")
            os.kill(_process_of(database).pid, signal.SIGKILL)
            with pytest.raises(ServerError, match="went away"):
                database.fetch("SELECT 1")
        assert bystander.value("SELECT 1") == 1
    with pglite.connect(victim) as database:
        assert database.value("SELECT count(*) FROM t") == 1


def test_an_engine_that_crashes_says_what_it_logged(pglite: Server, new_name: NewName) -> None:
    pglite.create(name := new_name())
    with pglite.connect(name) as database:
        database.execute("CREATE TABLE t (id int)")
        with pytest.raises(ServerError, match=r"(?s)log ends with:.*RuntimeError"):
            database.copy_in("COPY t FROM STDIN", [b"1\n"])


def test_without_a_network_it_is_unavailable_and_names_no_registry(
    pglite: Server, workspace: Workspace, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert pglite
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("npm_config_cache", str(tmp_path / "npm"))
    monkeypatch.setenv("npm_config_registry", "http://127.0.0.1:9/")
    events: list[Event] = []
    with pytest.raises(UnavailableError, match="connect to the network") as caught:
        packages.modules(workspace, events.append)
    assert "127.0.0.1" not in str(caught.value) + str(events)
    assert list((tmp_path / "storage-lab").iterdir()) == []


def test_a_home_that_cannot_keep_the_engine_is_one_sentence(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / ("x" * 300)))
    with pytest.raises(UnavailableError, match=r"cannot keep the pglite engine: .*Set XDG_CACHE_HOME"):
        packages.modules(workspace, lambda _: None)


def test_two_installations_at_a_time_do_not_disturb_each_other(
    pglite: Server, workspace: Workspace, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert pglite
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    events: list[Event] = []
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(lambda _: packages.modules(workspace, events.append), range(2))
    assert first == second == packages.modules(workspace, events.append)
    assert len(events) == 2
    assert [file.name for file in (tmp_path / "storage-lab").iterdir()] == [first.parent.name]


def _process_of(database: Database) -> psutil.Process:
    folder = f"{parts_of(database.conninfo)['host']}/data"
    return next(child for child in psutil.Process().children() if folder in child.cmdline())
