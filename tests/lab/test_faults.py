"""Whatever breaks under a container, the run says so, completes the rest, and leaves nothing behind."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lab.scenario import Database
from lab.servers import Options
from tests.conftest import PLAIN
from tests.engine import SOCKET, NewContainers, docker, leaving_nothing
from tests.lab.breaking import Breaking, ignore
from tests.network import between

pytestmark = pytest.mark.slow


@pytest.fixture
def containers() -> Iterator[NewContainers]:
    """Names of the containers of the test's run; nothing may be left at its end."""
    with leaving_nothing() as new_containers:
        yield new_containers


KILLED = ["kill"], r"(?s)went away.*The container ended with code 137\..*Its log ends with"
REMOVED = ["rm", "--force"], "went away.*\nSomebody removed it: No such container"


@pytest.mark.parametrize(
    ("how", "says", "tmpfs"),
    [
        pytest.param(*KILLED, None, id="killed-volume"),
        pytest.param(*KILLED, 2 << 30, id="killed-tmpfs"),
        pytest.param(*REMOVED, None, id="removed-volume"),  # without its volume it is like one that is killed
    ],
)
def test_a_container_that_dies_fails_one_trial(
    how: list[str], says: str, tmpfs: int | None, breaking: Breaking, containers: NewContainers
) -> None:
    def die(database: Database) -> None:
        (container,) = containers()
        docker(*how, container)
        database.execute("SELECT pg_sleep(60)")

    ran = breaking.run(die, Options(image=PLAIN, tmpfs_bytes=tmpfs))
    ran.require_one_failure(says)
    assert "restarting the container" in ran.said
    assert ran.said.count("loading") == (1 if tmpfs is None else 2)


def test_a_process_that_eats_all_memory_fails_one_trial(breaking: Breaking, containers: NewContainers) -> None:
    def eat(database: Database) -> None:
        assert containers()
        database.execute(
            "DO $$ DECLARE a text := repeat('x', 1000000000); b text := a || ''; c text := b || ''; BEGIN END $$"
        )

    ran = breaking.run(eat, Options(image=PLAIN))
    ran.require_one_failure(r"went away(?s:.*)used up the container's memory of 2048 MB\.")


def test_a_full_disk_fails_one_trial(breaking: Breaking, containers: NewContainers) -> None:
    def fill(database: Database) -> None:
        assert containers()
        database.execute("CREATE TABLE big AS SELECT repeat(md5(i::text), 20) FROM generate_series(1, 2000000) i")

    ran = breaking.run(fill, Options(image=PLAIN, tmpfs_bytes=300 << 20))
    ran.require_one_failure("No space left on device")


def test_a_disk_that_fills_while_it_is_loaded_fails_every_trial(breaking: Breaking, containers: NewContainers) -> None:
    def fill(text: str) -> None:
        if "loading" in text:
            (container,) = containers()
            docker("exec", container, "sh", "-c", "cat /dev/zero > $PGDATA/ballast || true")

    ran = breaking.run(ignore, Options(image=PLAIN, tmpfs_bytes=300 << 20), meanwhile=fill)
    assert {failure.step for failure in ran.failed} == {"load"}
    assert [failure.scenario for failure in ran.failed] == [outcome.scenario for outcome in ran.outcomes]
    assert all("No space left on device" in failure.error for failure in ran.failed)


@pytest.mark.usefixtures("exclusive")
def test_an_engine_that_vanishes_is_named_with_what_it_keeps(
    breaking: Breaking, containers: NewContainers, monkeypatch: pytest.MonkeyPatch
) -> None:
    with between(SOCKET) as proxy:
        monkeypatch.setenv("DOCKER_HOST", f"tcp://127.0.0.1:{proxy.port}")
        ran = breaking.run(lambda _: proxy.cut(), Options(image=PLAIN))
        assert {failure.error for failure in ran.failed} == {
            "The container engine does not answer any more. Is it still running?"
        }
        assert [failure.scenario for failure in ran.failed] == ["baseline", "breaks", "drop_raw_response"]
        (container,) = containers()
        assert f"container {container} and volume {container} may remain; `lab clean` removes" in ran.said
        proxy.mend()
        docker("rm", "--force", container)
        docker("volume", "rm", container)


def test_an_engine_that_restarts_under_its_containers_is_not_missed(
    breaking: Breaking, containers: NewContainers, monkeypatch: pytest.MonkeyPatch
) -> None:
    with between(SOCKET) as proxy:
        monkeypatch.setenv("DOCKER_HOST", f"tcp://127.0.0.1:{proxy.port}")

        def restart(_: Database) -> None:
            assert containers()
            proxy.cut()
            proxy.mend()

        assert breaking.run(restart, Options(image=PLAIN)).failed == []
