"""However a run on a container or on somebody's server ends, what was measured is kept and nothing else stays.

And the password of that server is nowhere: not in what is printed, not in what is written, not in a list of processes.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import unquote

import psutil
import pytest

from lab import runs
from lab.postgres.database import Database
from lab.servers import Server, engine
from lab.servers.processes import Identity
from lab.values import Failed
from tests.conftest import APACHE, PASSWORD, require_images
from tests.engine import marked
from tests.lab.commands import LAB, completed, lab, lab_here, wait_for_outcomes
from tests.network import closed_port
from tests.support import ROOT, wait_until
from tests.thin import thin_run

ENDINGS = {signal.SIGINT: 130, signal.SIGTERM: 143}


@pytest.fixture
def databases(native: Server) -> Iterator[Callable[[], list[str]]]:
    """Names of the databases that runs of the test make on the server where the role of the tests is at home."""
    if not native.holds("of_the_watcher"):
        native.create("of_the_watcher")
    with native.connect("of_the_watcher") as database:
        before = _ours(database)
        yield lambda: sorted(_ours(database) - before)
        assert _ours(database) <= before  # what other tests of this process had may go meanwhile


def _ours(database: Database) -> set[str]:
    return {
        name for (name,) in database.fetch("SELECT datname::text FROM pg_database WHERE datname LIKE 'storage_lab%'")
    }


@pytest.mark.slow
def test_the_password_of_a_server_is_nowhere(
    role: str, databases: Callable[[], list[str]], tmp_path: Path, temporary: Path
) -> None:
    with running("drop_raw_response", role, tmp_path, temporary) as process:
        seen = "".join(_watched(process, temporary))
        printed, complained = process.communicate(timeout=120)
    assert process.returncode == 0, complained
    assert databases() == []
    (folder,) = runs.folders(tmp_path)
    written = "".join(path.read_text(encoding="utf-8") for path in folder.rglob("*") if path.is_file())
    assert "external" in written
    assert "owner" in seen
    for secret in (PASSWORD, unquote(PASSWORD), unquote(PASSWORD).partition("@")[0]):
        assert secret not in printed + complained + written + seen


@pytest.mark.slow
@pytest.mark.parametrize("number", ENDINGS)
def test_an_interrupted_run_on_a_server_that_exists_leaves_no_database(
    number: signal.Signals, role: str, databases: Callable[[], list[str]], tmp_path: Path, temporary: Path
) -> None:
    with running("all", role, tmp_path, temporary) as process:
        wait_for_outcomes(tmp_path, 2)
        assert databases()
        process.send_signal(number)
        _, complained = process.communicate(timeout=120)
    assert process.returncode == ENDINGS[number]
    assert databases() == [], complained
    require_kept(tmp_path)


@pytest.mark.usefixtures("exclusive")
@pytest.mark.slow
def test_a_killed_run_on_a_server_that_exists_leaves_no_database(
    role: str, databases: Callable[[], list[str]], tmp_path: Path, temporary: Path
) -> None:
    with running("all", role, tmp_path, temporary) as process:
        wait_for_outcomes(tmp_path, 1)
        process.kill()
        process.communicate(timeout=120)
    wait_until(lambda: not databases())
    wait_until(lambda: not list(temporary.rglob("run-*")))
    require_kept(tmp_path)


@pytest.mark.usefixtures("exclusive")
@pytest.mark.slow
def test_what_a_killed_run_and_its_killed_reaper_left_on_a_server_is_removed_by_clean(
    role: str, databases: Callable[[], list[str]], tmp_path: Path, temporary: Path
) -> None:
    with running("all", role, tmp_path, temporary) as process:
        wait_for_outcomes(tmp_path, 1)
        for child in psutil.Process(process.pid).children():
            child.kill()
        process.kill()
        process.communicate(timeout=120)
    left = databases()
    assert left
    time.sleep(1)  # until the server has seen that its client is gone
    done = lab("clean", "--server", role, temporary=temporary)
    assert done.returncode == 0, done.stderr
    assert all(f"database {name}" in done.stdout for name in left)
    assert databases() == []


SPIN = """\"\"\"Never ends.\"\"\"
from lab.scenario import Category, Scenario

def spin(db):
    with db.step("spin"):
        while True:
            pass

SCENARIO = Scenario(title="Spin", category=Category.CONTROL, hypothesis="", apply=spin)
"""


@pytest.mark.slow
@pytest.mark.parametrize("number", ENDINGS)
def test_an_interrupted_run_whose_scenario_never_ends_ends(
    number: signal.Signals, tmp_path: Path, temporary: Path
) -> None:
    (tmp_path / "spin.py").write_text(SPIN, encoding="utf-8")
    more = ("--scenarios", str(tmp_path), "--jobs", "1", "--json=lines")
    with running("spin", "native", tmp_path / "out", temporary, *more) as process:
        assert process.stdout
        assert any('"step":"spin"' in line for line in process.stdout)
        process.send_signal(number)
        process.communicate(timeout=120)
    assert process.returncode == ENDINGS[number]
    assert list(temporary.rglob("run-*")) == []


@pytest.mark.slow
@pytest.mark.parametrize("number", ENDINGS)
def test_an_interrupted_run_in_a_container_leaves_none(number: signal.Signals, tmp_path: Path, temporary: Path) -> None:
    require_images()
    with running("all", "container", tmp_path, temporary, "--image", APACHE) as process:
        labels = engine.labels(Identity.of(process.pid))
        wait_for_outcomes(tmp_path, 2)
        assert {kind for kind, _ in marked(labels)} == {"container", "volume"}
        process.send_signal(number)
        process.communicate(timeout=120)
    assert process.returncode == ENDINGS[number]
    assert marked(labels) == set()
    require_kept(tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("after_s", [0, 0.2, 0.4, 0.6, 1, 2])
def test_a_run_that_is_interrupted_while_its_container_starts_leaves_none(
    after_s: float, tmp_path: Path, temporary: Path
) -> None:
    require_images()
    with running("all", "container", tmp_path, temporary, "--image", APACHE) as process:
        labels = engine.labels(Identity.of(process.pid))
        assert process.stderr
        assert any("starting a container" in line for line in process.stderr)
        time.sleep(after_s)
        process.send_signal(signal.SIGINT)
        _, complained = process.communicate(timeout=120)
    assert process.returncode == 130, complained
    assert "Traceback" not in complained
    assert marked(labels) == set()


@pytest.mark.usefixtures("exclusive")
@pytest.mark.slow
def test_a_killed_run_in_a_container_leaves_none(tmp_path: Path, temporary: Path) -> None:
    require_images()
    with running("all", "container", tmp_path, temporary, "--image", APACHE) as process:
        labels = engine.labels(Identity.of(process.pid))
        wait_for_outcomes(tmp_path, 1)
        process.kill()
        process.communicate(timeout=120)
    wait_until(lambda: not marked(labels))
    wait_until(lambda: not list(temporary.rglob("run-*")))
    require_kept(tmp_path)


def test_a_container_that_cannot_be_had_ends_the_run_before_it_begins(
    tmp_path: Path, temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", host := f"tcp://127.0.0.1:{closed_port()}")
    done = lab_here("run", *thin_run(temporary), "--server", "container", "--out", tmp_path, temporary=temporary)
    assert done.returncode == 2
    assert done.stderr.count(f"No container engine answers at {host}. Start Docker, or set DOCKER_HOST") == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_without_an_image_the_run_goes_on_with_embedded_servers_and_says_why_once(
    tmp_path: Path, temporary: Path
) -> None:
    require_images()
    image = f"127.0.0.1:{closed_port()}/nobody/postgres:17"
    small = thin_run(temporary)
    done = lab("run", "-s", "drop_raw_response", *small, "--image", image, "--out", tmp_path, temporary=temporary)
    assert done.returncode == 0, done.stderr
    (why,) = (line for line in done.stderr.splitlines() if "going on without container" in line)
    assert f"The image {image} cannot be pulled" in why
    (folder,) = runs.folders(tmp_path)
    assert {template.server for template in runs.load(folder).templates} == {"native"}


def test_a_wrong_password_is_a_sentence_without_it(role: str, tmp_path: Path, temporary: Path) -> None:
    dsn = role.replace(PASSWORD, "s3cr3t%40w0rd")
    done = lab_here("run", *thin_run(temporary), "--server", dsn, "--out", tmp_path, temporary=temporary)
    assert done.returncode == 2
    assert "password authentication failed" in done.stderr
    for secret in ("s3cr3t", "w0rd"):
        assert secret not in done.stdout + done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_mistyped_connection_string_is_not_shown(temporary: Path) -> None:
    done = lab_here("run", *thin_run(temporary), "--server", "postgresql:/me:s3cr3t@w0rd/postgres", temporary=temporary)
    assert done.returncode == 2
    assert "The connection string cannot be read" in done.stderr
    assert "s3cr3t" not in done.stderr


@contextmanager
def running(scenario: str, server: str, out: Path, temporary: Path, *more: str) -> Iterator[subprocess.Popen[str]]:
    command = [*LAB, "run", "-s", scenario, *thin_run(temporary), "--server", server, "--out", str(out), *more]
    environment = os.environ | {"TMPDIR": str(temporary), "COLUMNS": "300"}
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        yield process


def require_kept(results: Path) -> None:
    """What was measured is on disk, and nothing that was interrupted counts as measured."""
    (folder,) = runs.folders(results)
    experiment = runs.load(folder)
    assert completed(experiment) >= 1
    assert experiment.finished is None
    assert not [outcome for outcome in experiment.outcomes if isinstance(outcome, Failed)]


def _watched(process: subprocess.Popen[str], temporary: Path) -> Iterator[str]:
    """While it runs: the command lines of the processes that it started, and every file in its folder."""
    while process.poll() is None:
        with suppress(psutil.NoSuchProcess):
            for child in psutil.Process(process.pid).children(recursive=True):
                yield " ".join(child.cmdline())
        with suppress(FileNotFoundError):  # what a run has no more use for goes
            for path in temporary.rglob("*.json"):
                yield path.read_text(encoding="utf-8")
        time.sleep(0.2)
