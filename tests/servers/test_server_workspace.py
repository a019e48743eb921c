"""However a run ends, nothing of it stays, and nothing of another run is touched."""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from lab.errors import ServerError
from lab.runner.environment import environment
from lab.servers import cache, clean, open_server, open_workspace
from lab.servers.record import Record
from lab.servers.shared_memory import Segment, of_this_machine
from lab.servers.workspace import MEMORY, has_memory
from tests.support import ROOT, wait_until

_LAB = """
import signal, sys, time
from lab.servers import open_server, open_workspace

def turn_into_exception(*_):
    raise SystemExit(143)

signal.signal(signal.SIGTERM, turn_into_exception)
with open_workspace() as workspace, open_server(sys.argv[1], workspace=workspace, progress=lambda _: None) as server:
    server.create("a")
    with server.connect("a") as database:
        try:
            print(workspace.path, flush=True)
            time.sleep(60)
        finally:
            print(database.value("SELECT 'still served'"), flush=True)
"""


@pytest.fixture
def base(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A temporary folder of the test's own, with a path short enough for a socket."""
    folder = Path(tempfile.mkdtemp(prefix="lab-test-"))
    folder.chmod(0o711)
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield folder
    shutil.rmtree(folder)


@pytest.mark.parametrize(
    ("kind", "how"),
    [("native", signal.SIGTERM), pytest.param("pglite", signal.SIGINT, marks=pytest.mark.slow)],
    indirect=["kind"],
)
def test_a_lab_that_is_asked_to_stop_leaves_nothing(kind: str, base: Path, how: signal.Signals) -> None:
    with _lab(kind) as lab:
        run, children = _started(lab)
        os.killpg(lab.pid, how)  # as a terminal does: the whole process group
        assert _rest(lab).startswith("still served")
        lab.wait(120)
    assert not run.exists()
    assert not [child for child in children if _runs(child)]
    assert list((base / f"storage-lab-{os.geteuid()}").iterdir()) == []


@pytest.mark.slow
@pytest.mark.usefixtures("exclusive")
@pytest.mark.parametrize("kind", ["native", pytest.param("pglite", marks=pytest.mark.slow)], indirect=True)
def test_a_killed_lab_is_cleaned_up_by_its_reaper(kind: str, base: Path) -> None:
    assert base
    with _lab(kind) as lab:
        run, children = _started(lab)
        lab.kill()
        lab.wait()
        wait_until(lambda: not run.exists() and not any(_runs(child) for child in children))


@pytest.mark.slow
@pytest.mark.usefixtures("exclusive")
def test_clean_ends_what_a_dead_run_left_and_only_that(base: Path) -> None:
    with _lab("native") as lab, open_workspace() as alive:
        run, children = _started(lab)
        bystander = alive.spawn([sys.executable, "-c", "import time; time.sleep(60)"], log=base / "log")
        psutil.Process(children[0]["pid"]).kill()  # the reaper
        lab.kill()
        lab.wait()
        assert run.exists()
        _forge(run, alive_pid=bystander.pid)
        removed = clean()
        assert f"folder {run}" in removed
        assert not run.exists()
        assert not [child for child in children if _runs(child)]
        assert alive.path.exists()
        assert bystander.poll() is None
        assert clean() == []


@pytest.mark.skipif(not Path("/proc/sysvipc/shm").exists(), reason="only Linux shows who uses shared memory")
def test_a_cluster_that_was_killed_leaves_no_shared_memory(base: Path) -> None:
    assert base
    with open_workspace() as workspace:
        with open_server("native", workspace=workspace, progress=lambda _: None) as server:
            server.create("a")
            postmaster = _postmaster(workspace.path)
            assert _segments_of(postmaster)
            os.kill(postmaster, signal.SIGKILL)
        assert not _segments_of(postmaster)


@pytest.mark.slow
@pytest.mark.usefixtures("exclusive")
@pytest.mark.skipif(not Path("/proc/sysvipc/shm").exists(), reason="only Linux shows who uses shared memory")
def test_clean_removes_the_shared_memory_of_a_dead_run_and_only_that(base: Path) -> None:
    assert base
    with (
        _lab("native") as lab,
        open_workspace() as alive,
        open_server("native", workspace=alive, progress=lambda _: None),
    ):
        run, children = _started(lab)
        postmaster, other = _postmaster(run), _postmaster(alive.path)
        own = ctypes.CDLL(None).shmget(0, 4096, 0o600)
        for pid in (children[0]["pid"], postmaster, lab.pid):  # the reaper first
            os.kill(pid, signal.SIGKILL)
        lab.wait()
        (segment,) = _segments_of(postmaster)
        assert f"shared memory {segment.id}" in clean()
        assert not _segments_of(postmaster)
        assert _segments_of(other)
        assert [segment.id for segment in _segments_of(os.getpid())] == [own]
        ctypes.CDLL(None).shmctl(own, 0, None)


def _postmaster(run: Path) -> int:
    (lock,) = run.glob("*/data/postmaster.pid")
    return int(lock.read_text().splitlines()[0])


def _segments_of(postmaster: int) -> list[Segment]:
    return [segment for segment, _ in of_this_machine() if segment.creator == postmaster]


@pytest.mark.skipif(not psutil.LINUX, reason="elsewhere the start of a process is told by the clock")
@pytest.mark.parametrize("by", [-2e9, 86_400.0], ids=["before 1970", "a day ahead"])
def test_a_run_knows_its_processes_and_ends_them_though_the_clock_was_set(
    by: float, base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert base
    booted, clock = psutil.boot_time(), time.time
    with open_workspace() as run:
        process = run.spawn([sys.executable, "-c", "import time; time.sleep(60)"], log=base / "log")
        monkeypatch.setattr("psutil._pslinux.boot_time", lambda: booted + by)
        monkeypatch.setattr(time, "time", lambda: clock() + by)
        assert psutil.boot_time() == booted + by
        record = Record.read(run.path)
        assert record
        assert record.owner.process()
        assert process.pid in {child.pid for child in record.children if child.process()}
    assert not psutil.pid_exists(process.pid)
    assert not run.path.exists()


@pytest.mark.usefixtures("exclusive")
def test_a_folder_that_is_just_being_made_is_left_alone(base: Path) -> None:
    young = base / f"storage-lab-{os.geteuid()}" / "run-young"
    young.mkdir(parents=True)
    assert clean() == []
    os.utime(young, (0, 0))
    assert clean() == [f"folder {young}"]


@pytest.mark.usefixtures("exclusive")
def test_what_a_killed_process_was_about_to_keep_is_removed_an_hour_later(
    base: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert base
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    draft, kept = cache.folder() / ".cluster-1-killed", cache.folder() / "cluster-1"
    for folder in (draft, kept):
        folder.mkdir(parents=True)
    assert clean() == []
    for folder in (draft, kept):
        os.utime(folder, (0, 0))
    assert clean() == [f"folder {draft}"]
    assert kept.exists()


ODD: dict[str, str | None] = {
    "a list": "[]",
    "no JSON": "{",
    "no owner": '{"children": []}',
    "no children": '{"owner": {"pid": 1, "started": 1.0}}',
    "odd keys": '{"owner": {"pid": 1, "started": 1.0, "name": "x"}, "children": []}',
    "a negative pid": '{"owner": {"pid": -1, "started": 1.0}, "children": []}',
    "a huge pid": '{"owner": {"pid": 99999999999999999999, "started": 1.0}, "children": []}',
    "a textual pid": '{"owner": {"pid": "1", "started": 1.0}, "children": []}',
    "a child that is a number": '{"owner": {"pid": 1, "started": 1.0}, "children": [7]}',
    "deep": "[" * 100_000,
    "a large one": " " * (2 << 20),
    "a folder": None,
    "a pipe": None,
    "a link to itself": None,
    "no folder at all": None,
}


@pytest.mark.parametrize("odd", ODD)
def test_a_folder_that_no_lab_made_is_named_and_left_alone(odd: str, base: Path) -> None:
    run = base / f"storage-lab-{os.geteuid()}" / "run-odd"
    run.parent.mkdir()
    if odd == "no folder at all":
        run.touch()
    else:
        _make_odd(run, odd)
    os.utime(run, (0, 0))
    dead = run.with_name("run-of-a-dead-lab")
    dead.mkdir()
    os.utime(dead, (0, 0))
    skipped: list[str] = []
    assert f"folder {dead}" in clean(skipped=skipped.append)
    assert [line for line in skipped if line.startswith(f"{run} was left alone: ")]
    assert run.exists()
    with open_workspace() as workspace:
        assert workspace.path.exists()


def _make_odd(run: Path, odd: str) -> None:
    run.mkdir()
    record = run / "owner.json"
    if (text := ODD[odd]) is not None:
        record.write_text(text)
    elif odd == "a folder":
        record.mkdir()
    elif odd == "a pipe":
        os.mkfifo(record)
    else:
        record.symlink_to(record)


def test_a_temporary_folder_whose_name_is_not_utf8_is_one_sentence(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = Path(os.fsdecode(os.fsencode(base) + b"/\xff"))
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    with pytest.raises(ServerError, match=r"\\xff is not UTF-8.*Set TMPDIR"), open_workspace():
        pass


IN_MEMORY = pytest.mark.skipif(not has_memory(1 << 30), reason="this machine has no folder in memory with 1 GB")


@IN_MEMORY
@pytest.mark.usefixtures("exclusive")
def test_a_small_run_lies_in_memory_and_clean_looks_there_too(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TMPDIR")
    with open_workspace(needed_bytes=1 << 20) as workspace:
        assert workspace.path.is_relative_to(MEMORY)
        assert environment(workspace.path).storage == "tmpfs"
        dead = workspace.path.parent / "run-of-a-test"
        dead.mkdir()
        os.utime(dead, (0, 0))
        assert f"folder {dead}" in clean()
        assert workspace.path.exists()
    assert not workspace.path.exists()
    assert not list(base.iterdir())


@IN_MEMORY
def test_a_small_run_lies_in_the_folder_that_the_user_names(base: Path) -> None:
    with open_workspace(needed_bytes=1 << 20) as workspace:
        assert workspace.path.is_relative_to(base)


def test_a_run_that_needs_much_of_the_memory_lies_on_the_disk(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TMPDIR")
    with open_workspace(needed_bytes=psutil.virtual_memory().available // 3) as workspace:
        assert workspace.path.is_relative_to(base)


def test_the_folder_of_someone_else_is_refused(base: Path) -> None:
    (base / f"storage-lab-{os.geteuid()}").symlink_to(base)
    with pytest.raises(Exception, match="belongs to someone else"), open_workspace():
        pass


def test_nobody_else_can_look_into_a_run(base: Path) -> None:
    with open_workspace() as workspace:
        assert workspace.path.is_relative_to(base)
        assert workspace.path.stat().st_mode & 0o066 == 0
        assert workspace.folder("x").stat().st_mode & 0o777 == 0o700


def test_the_run_of_a_lab_in_another_container_is_named_and_left_alone(base: Path) -> None:
    run = base / f"storage-lab-{os.geteuid()}" / "run-elsewhere"
    run.mkdir(parents=True)
    pids = {"owner": {"pid": 1, "started": 1.0}, "children": [{"pid": 2, "started": 1.0}]}
    (run / "owner.json").write_text(json.dumps(pids | {"namespace": "pid:[1]"}))
    skipped: list[str] = []
    assert clean(skipped=skipped.append) == []
    assert [line for line in skipped if line.startswith(f"{run} was left alone: a lab in another container")]
    assert run.exists()
    with open_workspace() as workspace:
        written = json.loads((workspace.path / "owner.json").read_text())
    assert written["namespace"] == str(Path("/proc/self/ns/pid").readlink())


def _forge(run: Path, alive_pid: int) -> None:
    """Add a child whose pid is in use by another process now, as happens when pids are reused."""
    record = json.loads((run / "owner.json").read_text())
    record["children"].append({"pid": alive_pid, "started": 1.0})
    (run / "owner.json").write_text(json.dumps(record))


def _lab(kind: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", _LAB, kind],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
        cwd=ROOT,
    )


def _started(lab: subprocess.Popen[str]) -> tuple[Path, list[dict[str, Any]]]:
    assert lab.stdout
    run = Path(lab.stdout.readline().strip())
    return run, json.loads((run / "owner.json").read_text())["children"]


def _rest(lab: subprocess.Popen[str]) -> str:
    assert lab.stdout
    return lab.stdout.read()


def _runs(child: dict[str, Any]) -> bool:
    pid: int = child["pid"]
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
