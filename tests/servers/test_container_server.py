"""What is special about a container: its limits, where its data lie, and that nothing of it stays or is used again."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psutil
import pytest

from lab.errors import UnavailableError
from lab.servers import Options, Server, Workspace, clean, engine, open_server
from lab.servers.processes import Identity
from lab.servers.settings import SERVER, TIMESCALE
from tests.conftest import PLAIN, require_images
from tests.engine import NewContainers, docker, leaving_nothing, marked
from tests.support import ROOT, wait_until

pytestmark = pytest.mark.slow

_LAB = f"""
import sys, time
from lab.servers import Options, open_server, open_workspace

options = Options(image="{PLAIN}")
with open_workspace() as workspace:
    with open_server("container", workspace=workspace, options=options, progress=lambda _: None) as server:
        server.create("a")
        print("ready", flush=True)
        time.sleep(60)
"""


@pytest.fixture
def new_containers() -> Iterator[NewContainers]:
    with leaving_nothing() as new_containers:
        yield new_containers


def test_its_settings_are_those_that_numbers_are_measured_with(container: Server) -> None:
    container.create("settings")
    with container.connect("settings") as database:
        shown = {name: database.value(f"SHOW {name}") for name in SERVER | TIMESCALE}
        workers = database.value("SELECT count(*) FROM pg_stat_activity WHERE backend_type LIKE 'TimescaleDB%%'")
    container.drop("settings")
    assert shown == SERVER | TIMESCALE
    assert workers == 0


@pytest.mark.parametrize("tmpfs", [None, 512 << 20], ids=["volume", "tmpfs"])
def test_its_limits_its_port_and_its_data_are_as_chosen(
    tmpfs: int | None, new_containers: NewContainers, workspace: Workspace
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    options = Options(image=PLAIN, tmpfs_bytes=tmpfs, port=port)
    with opened(options, workspace) as server:
        (name,) = new_containers()
        seen = inspected(name)
        assert seen["HostConfig"]["Memory"] == (2 << 30) + (tmpfs or 0)
        assert seen["NetworkSettings"]["Ports"] == {"5432/tcp": [{"HostIp": "127.0.0.1", "HostPort": str(port)}]}
        mounts = [(mount["Type"], mount.get("Name")) for mount in seen["Mounts"]]
        assert mounts == ([("volume", name)] if tmpfs is None else [])
        free_bytes = server.free_bytes()
        assert free_bytes is not None
        assert tmpfs is None or free_bytes < tmpfs


def test_a_second_one_uses_nothing_of_the_first(new_containers: NewContainers, workspace: Workspace) -> None:
    with opened(Options(image=PLAIN), workspace) as first, opened(Options(image=PLAIN), workspace) as second:
        assert len(set(new_containers())) == 2
        first.create("a")
        assert not second.holds("a")
    with opened(Options(image=PLAIN), workspace) as third:
        assert not third.holds("a")


def test_a_port_that_is_taken_is_named_with_the_remedy(new_containers: NewContainers, workspace: Workspace) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with (
            pytest.raises(UnavailableError, match="Another program uses that port"),
            opened(Options(image=PLAIN, port=port), workspace),
        ):
            pass
    assert new_containers() == []


def test_memory_that_is_too_small_for_a_cluster_is_named(new_containers: NewContainers, workspace: Workspace) -> None:
    with (
        pytest.raises(
            UnavailableError, match=r"(?s)PostgreSQL did not start in its container.*No space left on device"
        ),
        opened(Options(image=PLAIN, tmpfs_bytes=10 << 20), workspace),
    ):
        pass
    assert new_containers() == []


@pytest.mark.usefixtures("exclusive")
def test_a_killed_lab_is_cleaned_up_by_its_reaper() -> None:
    with lab() as (process, labels):
        assert {kind for kind, _ in marked(labels)} == {"container", "volume"}
        process.kill()
        process.wait()
        wait_until(lambda: not marked(labels))


@pytest.mark.usefixtures("exclusive")
def test_clean_removes_what_dead_runs_left_and_only_that(new_containers: NewContainers, workspace: Workspace) -> None:
    foreign: list[dict[str, object]] = [{"machine": "elsewhere"}, {"user": os.geteuid() + 1}]
    options = Options(image=PLAIN)
    with lab() as (process, labels), containers_of_others(foreign) as others, opened(options, workspace) as alive:
        (reaper,) = psutil.Process(process.pid).children()
        reaper.kill()
        process.kill()
        process.wait()
        left = marked(labels)
        assert len(left) == 2
        removed = clean()
        assert {f"{kind} {name}" for kind, name in left} <= set(removed)
        assert not marked(labels)
        assert all(marked(other) for other in others)
        assert clean() == []
        assert len(new_containers()) == 1
        alive.create("a")


@pytest.mark.parametrize("label", ["[]", "{", '{"pid": 1}', '{"machine": 1, "user": 2, "pid": "x"}'])
@pytest.mark.usefixtures("exclusive")
def test_a_container_whose_label_no_lab_wrote_is_named_and_left_alone(label: str) -> None:
    require_images()
    odd = docker("create", "--label", f"storage-lab.owner={label}", PLAIN)
    try:
        skipped: list[str] = []
        clean(skipped=skipped.append)
        assert docker("inspect", "--format", "{{.Id}}", odd) == odd
        assert skipped or "machine" in label
    finally:
        docker("rm", "--volumes", odd)


@contextmanager
def opened(options: Options, workspace: Workspace) -> Iterator[Server]:
    with open_server("container", workspace=workspace, options=options, progress=lambda _: None) as server:
        yield server


def inspected(container: str) -> dict[str, Any]:
    (seen,) = json.loads(docker("inspect", container))
    return dict(seen)


@contextmanager
def lab() -> Iterator[tuple[subprocess.Popen[str], dict[str, str]]]:
    """A lab of another process that has started its container, and the labels of what it made."""
    require_images()
    with subprocess.Popen([sys.executable, "-c", _LAB], stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        yield process, engine.labels(Identity.of(process.pid))


@contextmanager
def containers_of_others(whose: list[dict[str, object]]) -> Iterator[list[dict[str, str]]]:
    """Their labels: nothing runs in them, and their processes have ended."""
    ((name, value),) = engine.labels(Identity.of(os.getpid())).items()
    marks = [{name: json.dumps(json.loads(value) | {"pid": 1, "started": 0.5} | label)} for label in whose]
    new_containers = [docker("create", "--label", f"{name}={mark[name]}", PLAIN) for mark in marks]
    yield marks
    docker("rm", "--volumes", *new_containers)
