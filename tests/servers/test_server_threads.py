"""Two trials use one server at once, and an interrupted run closes it under them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import count

import psutil
import pytest

from lab.errors import InputError, ServerError
from lab.servers import Server, open_server, open_workspace
from tests.support import sampled

NewName = Callable[[], str]


def test_two_threads_can_work_on_a_server_at_once(server: Server, new_name: NewName) -> None:
    template = _template(server, "threads")
    names = [[new_name() for _ in range(2)] for _ in range(2)]
    together = threading.Barrier(2, timeout=60)

    def work(clones: list[str]) -> list[int]:
        together.wait()
        return [_trial(server, template, name) for name in clones]

    with ThreadPoolExecutor(2) as threads:
        assert list(threads.map(work, names)) == [[3, 3], [3, 3]]


def test_the_connections_of_one_thread_are_found_while_another_makes_databases(
    server: Server, new_name: NewName
) -> None:
    template = _template(server, "threads")
    names = [new_name() for _ in range(5)]
    server.clone(template, own := new_name())

    def come_and_go() -> None:
        for name in names:
            server.clone(template, name)
            server.drop(name)

    with (
        ThreadPoolExecutor(1) as other,
        server.connect(own) as database,
        server.gauge(own, database) as gauge,
    ):
        size = gauge.disk_bytes()
        busy = other.submit(come_and_go)
        while not busy.done():
            assert gauge.disk_bytes() == size
        busy.result()


@pytest.mark.parametrize("kind", ["native", pytest.param("pglite", marks=pytest.mark.slow)], indirect=True)
@pytest.mark.parametrize("after_s", sampled([0.0, 0.5], every=2))
def test_a_server_that_is_closed_under_two_threads_leaves_nothing(kind: str, after_s: float) -> None:
    before = _descendants()
    with open_workspace() as workspace, ThreadPoolExecutor(2) as threads:
        reaper = _descendants() - before
        with open_server(kind, workspace=workspace, progress=lambda _: None) as server:
            template, began = _template(server, "template"), threading.Semaphore(0)
            working = [threads.submit(_work_until_refused, server, template, thread, began) for thread in "ab"]
            for _ in working:
                began.acquire()
            time.sleep(after_s)
            server.close()
            server.close()
            assert not _descendants() - before - reaper  # a process of an earlier test may end meanwhile
            assert [file.name for file in workspace.path.iterdir()] == ["owner.json"]
            for refused in working:
                assert isinstance(refused.result(120), ServerError)
            for action in (server.create, server.connect, server.seal, server.drop):
                with pytest.raises(ServerError, match="closed"):
                    action(template)
        assert not _descendants() - before - reaper
        assert [file.name for file in workspace.path.iterdir()] == ["owner.json"]
    assert not workspace.path.exists()


def _template(server: Server, name: str) -> str:
    """A sealed template with an empty table `t`, made by the first test that asks the server for it."""
    with suppress(InputError):
        server.create(name)
        with server.connect(name) as database:
            database.execute("CREATE TABLE t (id int)")
        server.seal(name)
    return name


def _trial(server: Server, template: str, name: str) -> int:
    """What a trial asks of a server, from its clone to the end; the number of rows it found."""
    server.clone(template, name)
    try:
        with server.connect(name) as database:
            server.copy_in(database, "t", ["id"], [b"1\n2\n", b"3\n"])
            with server.gauge(name, database) as gauge:
                size = database.value("SELECT pg_database_size(current_database())")
                assert gauge.disk_bytes() in {size, None}
            return int(database.value("SELECT count(*) FROM t"))
    finally:
        server.drop(name)


def _work_until_refused(server: Server, template: str, thread: str, began: threading.Semaphore) -> BaseException:
    try:
        for number in count():
            began.release()
            _trial(server, template, f"{thread}{number}")
    except Exception as error:  # noqa: BLE001 - the caller tells the expected one from others
        return error
    raise AssertionError


def _descendants() -> set[int]:
    return {process.pid for process in psutil.Process().children(recursive=True)}
