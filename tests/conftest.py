"""Real servers, started once per process that runs tests; what a test makes there goes away with the test.

`make test` and `make check` run the tests in several processes (pytest-xdist). Each process has its own servers, so tests
share nothing but the machine. A test that counts or removes what any run of the lab may have left on the machine, or leaves
such things for a while, asks for the fixture `exclusive`.
"""

from __future__ import annotations

import fcntl
import gc
import itertools
import os
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

import psutil
import pytest

from lab.errors import InputError, UnavailableError
from lab.postgres.conninfo import parts_of
from lab.servers import KINDS, Options, Server, Workspace, engine, open_server, open_workspace
from lab.servers.workspace import MEMORY, has_memory

if TYPE_CHECKING:
    from playwright.sync_api import Browser

APACHE = "storage-lab-test/timescaledb:apache"
PLAIN = "storage-lab-test/postgres:plain"
"""Images that tests/images/build makes."""

ROLE, PASSWORD = "lab_tester", "mellon5%40sesame"
"""As a connection string says them."""

_PROCESS_BYTES = 3 << 30
"""What one process of the test run takes with its servers."""

_AMPLE_BYTES = 4 * _PROCESS_BYTES

_numbers = itertools.count(1)

# Tests that are started in the background ignore Ctrl-C, and so would every process that they start and interrupt.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """`-n auto`: one process more than there are cores, because each waits for its servers; as far as the memory reaches."""
    return max(1, min((os.cpu_count() or 1) + 1, psutil.virtual_memory().total // _PROCESS_BYTES))


@pytest.hookimpl(tryfirst=True)  # before the slow ones are left out
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Slow tests come first: at the end, no process is left with a long one while the others have nothing to do.

    Those of one trial follow one another, because processes share tests in the order in which they come. They are the first of
    all, because a trial that many read takes longest.
    """
    for item in items:
        if isinstance(item, pytest.Function) and _is_on_pglite(item):
            item.add_marker(pytest.mark.slow)
    items.sort(key=lambda item: [item.get_closest_marker(name) is None for name in ("slow", "trial")])
    first: dict[object, int] = {}
    for place, item in enumerate(items):
        first.setdefault(_trial(item), place)
    items.sort(key=lambda item: first[_trial(item)])


def pytest_collection_finish() -> None:
    """Python's collector leaves out what exists by now and stays to the end: it took 5 % of all CPU time."""
    gc.collect()
    gc.freeze()


def _trial(test: pytest.Item) -> object:
    """What the test shares with others; itself if it shares nothing."""
    marker = test.get_closest_marker("trial")
    return marker.args if marker else test


def _is_on_pglite(test: pytest.Function) -> bool:
    """Each database there is a process of its own, which takes seconds to start."""
    parameters = test.callspec.params.values() if hasattr(test, "callspec") else ()
    return "pglite" in test.fixturenames or "pglite" in parameters


def shared_folder(factory: pytest.TempPathFactory) -> Path:
    """A folder that is the same in all processes of the test run."""
    base = factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """No other process of the test run is in this block with that file."""
    with path.open("w", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@pytest.fixture
def exclusive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No other process of the test run is in a test with this fixture."""
    with locked(shared_folder(tmp_path_factory) / "exclusive"):
        yield


@pytest.fixture(scope="session", autouse=True)
def temporary_files(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """In memory where it is ample, for this process and all that it starts; what tests write themselves stays on the disk.

    A database is hundreds of files, and each is made in memory in a tenth of the time that a disk takes.
    """
    tmp_path_factory.getbasetemp()
    if not has_memory(_AMPLE_BYTES):
        yield
        return
    memory = tempfile.TemporaryDirectory(prefix="lt", dir=MEMORY, ignore_cleanup_errors=True)
    with memory as folder, pytest.MonkeyPatch.context() as patch:
        Path(folder).chmod(0o755)  # servers of another account pass through it
        patch.setenv("TMPDIR", folder)
        patch.setattr(tempfile, "tempdir", folder)
        yield


@pytest.fixture(scope="session")
def workspace() -> Iterator[Workspace]:
    with open_workspace() as workspace:
        yield workspace


@pytest.fixture(scope="session")
def native(workspace: Workspace) -> Iterator[Server]:
    with open_server("native", workspace=workspace, progress=lambda _: None) as server:
        yield server


@pytest.fixture(scope="session")
def pglite(workspace: Workspace) -> Iterator[Server]:
    with ExitStack() as stack:
        try:
            server = stack.enter_context(open_server("pglite", workspace=workspace, progress=lambda _: None))
        except UnavailableError as error:
            pytest.skip(f"pglite: {error}")
        yield server


@pytest.fixture(scope="session")
def container(workspace: Workspace) -> Iterator[Server]:
    """A container of the image with TimescaleDB's Apache edition."""
    require_images()
    with open_server(
        "container", workspace=workspace, options=Options(image=APACHE), progress=lambda _: None
    ) as server:
        yield server


@pytest.fixture(scope="session")
def role(native: Server) -> str:
    """The connection string of a role that may create databases and nothing else, with a password that is checked."""
    native.create("of_the_role")
    with native.connect("of_the_role") as database:
        hba = Path(database.value("SHOW hba_file"))
        hba.write_text(f"local all {ROLE} scram-sha-256\n" + hba.read_text(encoding="utf-8"), encoding="utf-8")
        database.execute(f"CREATE ROLE {ROLE} LOGIN CREATEDB PASSWORD '{unquote(PASSWORD)}'")
        database.execute("SELECT pg_reload_conf()")
        folder = quote(parts_of(database.conninfo)["host"], safe="")
    return f"postgresql://{ROLE}:{PASSWORD}@{folder}/postgres"


@pytest.fixture(scope="session")
def external(workspace: Workspace, role: str) -> Iterator[Server]:
    with open_server("external", workspace=workspace, options=Options(dsn=role), progress=lambda _: None) as server:
        yield server


@pytest.fixture(params=KINDS)
def server(request: pytest.FixtureRequest) -> Server:
    server: Server = request.getfixturevalue(request.param)
    return server


@pytest.fixture(params=["native", "pglite"])
def kind(request: pytest.FixtureRequest) -> str:
    """A kind of server that this machine can have; a test that moves TMPDIR asks for it first."""
    kind: str = request.param
    request.getfixturevalue(kind)
    return kind


def require_images() -> None:
    """Skip where there is no container engine, or no image for tests; where they are promised, fail."""
    try:
        client = engine.reach()
        lacking = [name for name in (APACHE, PLAIN) if not engine.has_image(client, name)]
        client.close()
        reason = f"no image {lacking[0]}: tests/images/build makes it" if lacking else ""
    except UnavailableError as error:
        reason = str(error)
    if reason and "LAB_TESTS_REQUIRE_CONTAINERS" in os.environ:
        pytest.fail(reason)
    if reason:
        pytest.skip(f"containers: {reason}")


def require_program(name: str) -> str:
    """The path of a program of Debian's; skip where it is not installed, and fail where it is promised."""
    program = shutil.which(name)
    if program is None and "LAB_TESTS_REQUIRE_PROGRAMS" in os.environ:
        pytest.fail(f"There is no {name}: .ci/programs installs it.")
    if program is None:
        pytest.skip(f"programs: there is no {name}")
    return program


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium without a window; skipped where it is not installed, a failure where it is promised."""
    program = require_program("chromium")
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - most tests open no page

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture
def new_name(request: pytest.FixtureRequest) -> Iterator[Callable[[], str]]:
    """Names for databases that no other test uses; they are dropped on all running servers of the test."""
    names: list[str] = []

    def new() -> str:
        names.append(f"db_{next(_numbers)}")
        return names[-1]

    yield new
    kinds = [name for name in (*KINDS, "server", "other") if name in request.fixturenames]
    for server in [request.getfixturevalue(kind) for kind in kinds]:
        for name in names:
            with suppress(InputError):
                server.drop(name)
