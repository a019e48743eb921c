"""Whatever breaks during a run, it says so, completes the rest, and leaves nothing behind."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from lab import pipeline, registry, store
from lab.registry import Registered
from lab.scenario import Category, Database, Scenario
from lab.servers import Options
from lab.values import Completed, Experiment, Failed, Outcome
from tests.conftest import PLAIN
from tests.engine import SOCKET, Made, leaving_nothing, told
from tests.network import between

pytestmark = pytest.mark.slow

Fault = Callable[[Database], None]
Hears = Callable[[str], None]


def _ignore(_: object) -> None:
    pass


@dataclass(frozen=True, kw_only=True)
class Ran:
    """A run that came to its end, and what it said on the way."""

    said: str
    experiment: Experiment

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        return self.experiment.outcomes

    @property
    def failed(self) -> list[Failed]:
        return [one for one in self.outcomes if isinstance(one, Failed)]

    def require_one_failure(self, says: str) -> None:
        """`breaks` failed in its step and says that; the rest completed, and weighs the same before and after."""
        assert [one.scenario for one in self.outcomes] == ["baseline", "breaks", "drop_raw_response", "baseline"]
        assert [(one.scenario, one.step) for one in self.failed] == [("breaks", "do it")], self.failed
        assert re.search(says, self.failed[0].error), self.failed[0].error
        first, _, last = (one.footprint for one in self.outcomes if isinstance(one, Completed))
        assert first == last
        assert self.experiment.finished


@dataclass(kw_only=True)
class Breaking:
    """Runs a baseline, the scenario `breaks` that a test gives, and one more scenario."""

    results: Path
    entries: dict[str, Registered]

    def run(self, fault: Fault, options: Options, *, server: str = "container", meanwhile: Hears = _ignore) -> Ran:
        """`fault` works inside the scenario's step; `meanwhile` hears how far the run has come."""
        self.entries["breaks"] = _scenario(fault)
        said: list[str] = []

        def hear(text: str) -> None:
            said.append(text)
            meanwhile(text)

        request = pipeline.Request(
            scenarios=("breaks", "drop_raw_response"),
            case="2026-02-17",
            size_bytes=16 << 20,
            seed=1,
            change_rate=None,
            server=server,
            results=self.results,
            options=options,
            jobs=1,
        )
        folders: list[Path] = []
        pipeline.run(request, hear, folders.append)
        return Ran(said="\n".join(said), experiment=store.load(folders[0]))


def _scenario(fault: Fault) -> Registered:
    def apply(database: Database) -> None:
        with database.step("do it"):
            fault(database)

    scenario = Scenario(title="Breaks", category=Category.CONTROL, hypothesis="It breaks.", apply=apply)
    return Registered(name="breaks", family="breaks", description="Breaks.", scenario=scenario)


@pytest.fixture
def breaking(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Breaking:
    entries = registry.registered()
    monkeypatch.setattr(registry, "registered", lambda: entries)
    return Breaking(results=tmp_path, entries=entries)


@pytest.fixture
def containers() -> Iterator[Made]:
    """Names of the containers of the test's run; nothing may be left at its end."""
    with leaving_nothing() as made:
        yield made


@pytest.mark.parametrize("tmpfs", [None, 2 << 30], ids=["volume", "tmpfs"])
@pytest.mark.parametrize(
    ("how", "says"),
    [
        (["kill"], r"(?s)went away.*The container ended with code 137\..*Its log ends with"),
        (["rm", "--force"], "went away.*\nSomebody removed it: No such container"),
    ],
)
def test_a_container_that_dies_fails_one_trial(
    how: list[str], says: str, tmpfs: int | None, breaking: Breaking, containers: Made
) -> None:
    def die(database: Database) -> None:
        (container,) = containers()
        told(*how, container)
        database.execute("SELECT pg_sleep(60)")

    ran = breaking.run(die, Options(image=PLAIN, tmpfs_bytes=tmpfs))
    ran.require_one_failure(says)
    assert "died and is started again" in ran.said
    assert ran.said.count("loading") == (1 if tmpfs is None else 2)


def test_a_process_that_eats_all_memory_fails_one_trial(breaking: Breaking, containers: Made) -> None:
    def eat(database: Database) -> None:
        assert containers()
        database.execute(
            "DO $$ DECLARE a text := repeat('x', 1000000000); b text := a || ''; c text := b || ''; BEGIN END $$"
        )

    ran = breaking.run(eat, Options(image=PLAIN))
    ran.require_one_failure(r"went away(?s:.*)used up the container's memory of 2048 MB\.")


def test_a_full_disk_fails_one_trial(breaking: Breaking, containers: Made) -> None:
    def fill(database: Database) -> None:
        assert containers()
        database.execute("CREATE TABLE big AS SELECT repeat(md5(i::text), 20) FROM generate_series(1, 2000000) i")

    ran = breaking.run(fill, Options(image=PLAIN, tmpfs_bytes=300 << 20))
    ran.require_one_failure("No space left on device")


def test_a_disk_that_fills_while_it_is_loaded_fails_every_trial(breaking: Breaking, containers: Made) -> None:
    def fill(text: str) -> None:
        if "loading" in text:
            (container,) = containers()
            told("exec", container, "sh", "-c", "cat /dev/zero > $PGDATA/ballast || true")

    ran = breaking.run(_ignore, Options(image=PLAIN, tmpfs_bytes=300 << 20), meanwhile=fill)
    assert {one.step for one in ran.failed} == {"load"}
    assert [one.scenario for one in ran.failed] == [one.scenario for one in ran.outcomes]
    assert all("No space left on device" in one.error for one in ran.failed)


def test_an_engine_that_vanishes_is_named_with_what_it_keeps(
    breaking: Breaking, containers: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    with between(SOCKET) as proxy:
        monkeypatch.setenv("DOCKER_HOST", f"tcp://127.0.0.1:{proxy.port}")
        ran = breaking.run(lambda _: proxy.cut(), Options(image=PLAIN))
        assert {one.error for one in ran.failed} == {
            "The container engine does not answer any more. Is it still running?"
        }
        assert [one.scenario for one in ran.failed] == ["baseline", "breaks", "drop_raw_response"]
        (container,) = containers()
        assert f"container {container} and volume {container} may remain; `lab clean` removes" in ran.said
        proxy.mend()
        told("rm", "--force", container)
        told("volume", "rm", container)


def test_an_engine_that_restarts_under_its_containers_is_not_missed(
    breaking: Breaking, containers: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    with between(SOCKET) as proxy:
        monkeypatch.setenv("DOCKER_HOST", f"tcp://127.0.0.1:{proxy.port}")

        def restart(_: Database) -> None:
            assert containers()
            proxy.cut()
            proxy.mend()

        assert breaking.run(restart, Options(image=PLAIN)).failed == []
