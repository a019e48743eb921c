"""Whether there is a container engine is found out quickly and said in a sentence; what it cannot give is, too."""

from __future__ import annotations

import gc
import os
import pwd
import shutil
import socket
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from testcontainers.core.config import testcontainers_config

from lab.errors import UnavailableError
from lab.servers import Options, Workspace, engine, open_server
from lab.values.events import Event, Message
from tests.conftest import PLAIN, require_images
from tests.engine import SOCKET, docker, leaving_nothing
from tests.network import between, closed_port, listening

pytestmark = pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")


@pytest.fixture(autouse=True)
def _collected() -> Iterator[None]:
    """The client of an engine that cannot be reached is left to the garbage collector, by its library."""
    yield
    gc.collect()


@pytest.fixture
def build() -> Iterator[Callable[[str], str]]:
    """Makes an image of few lines; it is removed with the test."""
    require_images()
    names: list[str] = []

    def make(dockerfile: str) -> str:
        names.append(f"storage-lab-test/{os.getpid()}:{len(names)}")
        docker("build", "--tag", names[-1], "-", stdin=dockerfile)
        return names[-1]

    yield make
    for name in names:
        docker("image", "rm", name)


@pytest.fixture
def forbidden() -> Iterator[str]:
    """A socket where an engine listens, and that this account may not write to."""
    folder = Path(tempfile.mkdtemp(prefix="lt"))
    folder.chmod(0o755)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path := str(folder / "sock"))
        listener.listen()
        Path(path).chmod(0)
        with _nobody():
            yield path
    shutil.rmtree(folder)


@contextmanager
def _nobody() -> Iterator[None]:
    """Be another than root, who may do everything."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(pwd.getpwnam("nobody").pw_uid)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.mark.parametrize(
    "host",
    ["unix:///nowhere/docker.sock", "tcp://127.0.0.1:{closed}", "tcp://127.0.0.1:{garbage}", "ssh://a@b", "nonsense"],
)
def test_where_no_engine_answers_that_is_said_with_the_address(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with listening(b"220 smtp.example ESMTP\r\n") as garbage:
        host = host.format(closed=closed_port(), garbage=garbage)
        monkeypatch.setenv("DOCKER_HOST", host)
        with pytest.raises(
            UnavailableError, match=f"No container engine answers at {host}. Start Docker, or set DOCKER"
        ):
            engine.reach()


def test_an_engine_that_never_answers_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    assert engine._ANSWERING_S <= 15
    monkeypatch.setattr(engine, "_ANSWERING_S", 0.5)
    with listening() as silent:
        monkeypatch.setenv("DOCKER_HOST", f"tcp://127.0.0.1:{silent}")
        with pytest.raises(UnavailableError, match=f"No container engine answers at tcp://127.0.0.1:{silent}"):
            engine.reach()


def test_an_engine_that_this_account_may_not_use_is_said_with_the_remedy(
    forbidden: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{forbidden}")
    with pytest.raises(
        UnavailableError, match=f"may not use the container engine at unix://{forbidden}.*usermod -aG docker"
    ):
        engine.reach()


def test_an_image_that_cannot_be_pulled_is_named_with_the_remedy() -> None:
    require_images()
    name = f"127.0.0.1:{closed_port()}/nobody/postgres:17"
    says = f"The image {name} cannot be pulled. The engine says: .*refused.* Try `docker pull {name}`, or name another with --image"
    with closing(engine.reach()) as client, pytest.raises(UnavailableError, match=says):
        engine.image(client, name, 60, lambda _: None)


def test_a_pull_that_takes_too_long_is_given_up(workspace: Workspace) -> None:
    require_images()
    said: list[Event] = []
    with listening() as registry:
        name = f"127.0.0.1:{registry}/slow/postgres:17"
        with (
            pytest.raises(UnavailableError, match=f"The image {name} was not pulled within 1 s. Try `docker pull"),
            open_server("container", workspace=workspace, options=Options(image=name, pull_s=1), progress=said.append),
        ):
            pass
    assert said == [Message(text=f"pulling the image {name} (for at most 1 s)")]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("does", "says"),
    [
        ('["no-such-program"]', r"The container engine refused: .*no-such-program.*not found"),
        (
            '["sh", "-c", "echo I am no database; exit 3"]',
            r"ended with code 3\..*Its log ends with:\nI am no database",
        ),
        (
            '["sh", "-c", "echo wait; sleep 4; echo no; exit 4"]',
            r"ended with code 4\..*Its log ends with:\nwait\nno",
        ),
    ],
)
def test_an_image_that_is_no_postgresql_is_named_with_its_last_words(
    does: str, says: str, build: Callable[[str], str], workspace: Workspace
) -> None:
    image = build(f"FROM {PLAIN}\nENTRYPOINT {does}")
    with (
        leaving_nothing(),
        pytest.raises(UnavailableError, match=f"(?s)No server started from the image {image}: .*{says}"),
        open_server("container", workspace=workspace, options=Options(image=image), progress=lambda _: None),
    ):
        pass


@pytest.mark.slow
def test_an_engine_elsewhere_is_used_like_one_that_is_here(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    with leaving_nothing() as new_containers, between(SOCKET) as proxy:
        monkeypatch.setenv("DOCKER_HOST", f"tcp://127.0.0.1:{proxy.port}")
        with open_server(
            "container", workspace=workspace, options=Options(image=PLAIN), progress=lambda _: None
        ) as server:
            assert len(new_containers()) == 1
            server.create("a")
            server.seal("a")
            server.clone("a", "b")
            with server.connect("b") as database, server.gauge("b", database) as gauge:
                assert gauge.disk_bytes() == database.value("SELECT pg_database_size('b')")
            assert server.free_bytes()


@pytest.mark.parametrize("held", [True, False])
def test_testcontainers_reaper_is_used_only_where_its_image_is_there(
    held: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    require_images()
    monkeypatch.delenv("TESTCONTAINERS_RYUK_DISABLED", raising=False)
    monkeypatch.setattr(testcontainers_config, "ryuk_image", PLAIN if held else "nobody/reaper:0")
    monkeypatch.setattr(testcontainers_config, "ryuk_disabled", held)
    engine.reach().close()
    assert testcontainers_config.ryuk_disabled is not held
